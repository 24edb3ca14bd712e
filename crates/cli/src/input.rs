//! Files and stdin, read whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::{Failure, Kind};

/// Whether a file's name means stdin.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// How a file is called in a message.
pub(crate) fn name(file: &Path) -> String {
    if is_stdin(file) { "stdin".into() } else { file.display().to_string() }
}

/// Opens a file for reading.
pub(crate) fn open(file: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if is_stdin(file) {
        return Ok(Box::new(io::stdin()));
    }
    let opened = File::open(file).and_then(|opened| {
        // Reading would say so too, but in other words on each system.
        if opened.metadata()?.is_dir() {
            Err(io::ErrorKind::IsADirectory.into())
        } else {
            Ok(opened)
        }
    });
    match opened {
        Ok(opened) => Ok(Box::new(opened)),
        Err(error) => Err(Failure::bad_input(format!("cannot read {}: {error}", file.display()))),
    }
}

/// The bytes of a file, without blocking the runtime: an interrupt ends the wait.
pub(crate) async fn bytes(file: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    bytes_up_to(LIMIT, file, what).await
}

/// The same for files that may be larger than most.
pub(crate) async fn bytes_up_to(limit: u64, file: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let opened = open(file)?;
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.take(limit + 1).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read
        .await
        .map_err(|_| Failure::new(Kind::Internal, "reading was interrupted"))?
        .map_err(|error| Failure::bad_input(format!("cannot read {}: {error}", name(file))))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(Failure::bad_input(format!("{} is too large for a {what}", name(file))));
    }
    Ok(bytes)
}

/// The text of a file.
pub(crate) async fn text(file: &Path, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes(file, what).await?)
        .map_err(|_| Failure::bad_input(format!("{} is not text", name(file))))
}

/// No token, packet or configuration comes near it.
const LIMIT: u64 = 16 << 20;
