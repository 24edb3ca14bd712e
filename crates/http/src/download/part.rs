//! What has arrived so far.

use std::fs::TryLockError;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufWriter};

use super::DownloadError;
use super::digest::{Digest, Hasher};

/// A file that grows beside the one it is to become. Nobody else writes it meanwhile.
pub(super) struct Part {
    to: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Hasher,
    digest: Digest,
    len: u64,
}

impl Part {
    /// Opens what an earlier run has left, or begins.
    pub(super) async fn open(to: &Path, size: u64, digest: Digest) -> Result<Self, DownloadError> {
        let mut path = to.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let file = locked(&path).await?;
        let file = BufWriter::with_capacity(BUFFER, file);
        let hasher = Hasher::of(digest);
        let mut part = Self { to: to.to_owned(), path, file, hasher, digest, len: 0 };
        let old =
            part.file.get_ref().metadata().await.map_err(|e| part.failed("reading", e))?.len();
        if old > size {
            part.restart().await?;
        } else {
            part.read(old).await?;
        }
        Ok(part)
    }

    /// Takes in what is there.
    async fn read(&mut self, old: u64) -> Result<(), DownloadError> {
        let mut buffer = vec![0; BUFFER];
        while self.len < old {
            let read = self.file.get_mut().read(&mut buffer).await;
            let read = read.map_err(|e| self.failed("reading", e))?;
            if read == 0 {
                break;
            }
            self.hasher.update(buffer.get(..read).unwrap_or_default());
            self.len = self.len.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(piece).await.map_err(|e| self.failed("writing", e))?;
        self.hasher.update(piece);
        self.len = self.len.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), DownloadError> {
        self.file.flush().await.map_err(|e| self.failed("writing", e))
    }

    /// Begins at the beginning.
    pub(super) async fn restart(&mut self) -> Result<(), DownloadError> {
        let emptied = async {
            self.file.flush().await?;
            self.file.get_mut().set_len(0).await?;
            self.file.get_mut().seek(SeekFrom::Start(0)).await
        };
        emptied.await.map_err(|e| self.failed("emptying", e))?;
        self.hasher = Hasher::of(self.digest);
        self.len = 0;
        Ok(())
    }

    /// Whether it is what was announced.
    pub(super) fn is_right(&self) -> bool {
        self.hasher.clone().finish() == self.digest
    }

    /// Puts it where it belongs, once it is on the disk.
    pub(super) async fn finish(self) -> Result<(), DownloadError> {
        self.file.get_ref().sync_all().await.map_err(|e| self.failed("writing", e))?;
        fs::rename(&self.path, &self.to).await.map_err(|e| self.failed("renaming", e))
    }

    pub(super) async fn discard(self) -> Result<(), DownloadError> {
        fs::remove_file(&self.path).await.map_err(|e| self.failed("removing", e))
    }

    fn failed(&self, what: &'static str, source: io::Error) -> DownloadError {
        DownloadError::File { path: self.path.clone(), what, source }
    }
}

async fn locked(path: &Path) -> Result<File, DownloadError> {
    let failed = |source| DownloadError::File { path: path.to_owned(), what: "opening", source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(path).await.map_err(failed)?.into_std().await;
    match file.try_lock() {
        // Some file systems have no locks.
        Ok(()) => {}
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(File::from_std(file))
}

const BUFFER: usize = 256 * 1024;
