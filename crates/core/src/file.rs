//! Files that hold secrets: for their owner alone, and written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::string::String;

use crate::Secret;

/// Reads a file of at most this many bytes; what is longer is cut. Where there is no such file there is nothing.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn read_private(path: &Path, longest: u64) -> io::Result<Option<Secret<String>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    let read = file.take(longest).read_to_string(&mut text);
    let text = Secret::new(text);
    read.map(|_| Some(text))
}

/// Puts this into a file in place of what was there: first into one beside it, then in its place. Its owner alone may
/// read it (mode 0600), whatever the one before was like. A link stays one. `mark` tells the file beside it from those
/// of others: take a random number.
///
/// # Errors
/// When it cannot be written. Then what was there is still there.
pub fn write_private(path: &Path, bytes: &[u8], mark: u64) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut name = OsString::from(".");
    name.push(target.file_name().ok_or(io::ErrorKind::IsADirectory)?);
    name.push(std::format!(".{mark:016x}"));
    let beside = target.with_file_name(name);
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // It is of no use to anybody, and holds secrets.
        let _ = fs::remove_file(&beside);
    } else {
        sync_folder(&target);
    }
    written
}

/// Writes a file that was not there, down to the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// So that the new name outlives a power cut. Where folders cannot be opened there is no such thing.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or_else(|| Path::new("."))) {
        let _ = folder.sync_all();
    }
}
