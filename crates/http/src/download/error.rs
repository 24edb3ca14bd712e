//! How a download fails.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::Error;

/// Why a file is not there.
#[derive(Debug)]
#[non_exhaustive]
pub enum DownloadError {
    /// It is announced as larger than it may be. Nothing was sent.
    TooLarge {
        /// In bytes.
        size: u64,
        /// In bytes.
        limit: u64,
    },
    /// The address is none.
    Address,
    /// The server does not give it: this is the status.
    Status(u16),
    /// The server has a file of another size.
    Size {
        /// In bytes.
        announced: u64,
        /// In bytes; where the server does not say, as many as came.
        found: u64,
    },
    /// The server sends another range than was asked for.
    OtherRange,
    /// The answer ended too early, again and again.
    Cut,
    /// All of it is there, and it is not what was announced. It was thrown away.
    Digest,
    /// It was not there in time. What has arrived is kept.
    Timeout(Duration),
    /// Another download writes the same file.
    Busy(PathBuf),
    /// The file system does not do it.
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        what: &'static str,
        /// Why it was not.
        source: io::Error,
    },
    /// Nothing came of the request.
    Http(Error),
}

impl DownloadError {
    /// Whether a new address may help: this one is refused (a status from 400 to 499), as addresses are that have expired.
    pub fn wants_another_address(&self) -> bool {
        matches!(self, Self::Status(400..=499))
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => {
                write!(f, "the file has {size} bytes, and {limit} are allowed")
            }
            Self::Address => f.write_str("what the file is to be fetched from is no address"),
            Self::Status(403) => {
                f.write_str("the server refuses the file (403); the address may have expired")
            }
            Self::Status(status) => write!(f, "the server answers with status {status}"),
            Self::Size { announced, found } => {
                write!(
                    f,
                    "the file was announced with {announced} bytes, and the server has {found}"
                )
            }
            Self::OtherRange => {
                f.write_str("the server sends another part of the file than was asked for")
            }
            Self::Cut => f.write_str("the server ends its answers before the file is whole"),
            Self::Digest => f.write_str("the file is not what was announced: its digest differs"),
            Self::Timeout(after) => write!(f, "the file was not there after {after:?}"),
            Self::Busy(path) => write!(f, "{} is written by another download", path.display()),
            Self::File { path, what, source } => write!(f, "{} {}: {source}", what, path.display()),
            Self::Http(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DownloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Http(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}
