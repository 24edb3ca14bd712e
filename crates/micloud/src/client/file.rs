//! Where a session is kept: a file that only its owner can read, whole at any time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use iot_home_core::{Random, Secret, SystemRandom};

use super::error::{Cause, Error};
use crate::Session;

impl Session {
    /// Reads a session from its file; nothing where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no session. The error names the file, and nothing of what is in it.
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::new(Cause::Read(path.into(), error))),
        };
        let session = Self::from_json(text.expose());
        session.map(Some).map_err(|error| Error::new(Cause::Session(path.into(), error)))
    }

    /// Writes the session to a file that only its owner can read. Whoever reads the file meanwhile sees the old
    /// session or the new one, never a part; nor does a power cut leave a part.
    ///
    /// # Errors
    /// When that is not possible. Then the file is as it was.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let failed = |error| Error::new(Cause::Write(path.into(), error));
        let text = self.expose_json();
        let beside = beside(path);
        let written = write(&beside, text.expose().as_bytes())
            .and_then(|()| fs::rename(&beside, path))
            .inspect_err(|_| drop(fs::remove_file(&beside)));
        written.map_err(failed)?;
        // The name has to last as well. Not every file system can be told so.
        if let Some(folder) = folder(path).and_then(|folder| File::open(folder).ok()) {
            drop(folder.sync_all());
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Secret<String>> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name in the same folder, where renaming is one step.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}", SystemRandom::new().next_u64()));
    path.with_file_name(name)
}

fn folder(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Real ones have a few thousand bytes.
const LARGEST: u64 = 1 << 20;
