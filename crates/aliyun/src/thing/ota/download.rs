//! How what is fetched and what is announced go together.

use iot_home_http::DownloadError;
use iot_home_http::download::InvalidDigest;

use super::Progress;

/// Why what was announced cannot be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFetchable {
    /// There is more than one file, or none.
    #[error("the firmware is not one file")]
    NotOneFile,
    /// Nobody says how long it is.
    #[error("the firmware is announced without its size")]
    NoSize,
    /// It has no digest that can be checked.
    #[error("the firmware is announced without a digest, so that nobody can tell what arrives")]
    NoDigest,
    /// Its digest is none.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
}

/// What the platform is told of it.
impl From<&DownloadError> for Progress {
    fn from(error: &DownloadError) -> Self {
        match error {
            DownloadError::Digest | DownloadError::Size { .. } => Self::VerifyFailed,
            DownloadError::File { .. } => Self::FlashFailed,
            _ => Self::DownloadFailed,
        }
    }
}
