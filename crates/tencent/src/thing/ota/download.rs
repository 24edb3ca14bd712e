//! How what went wrong with what is fetched is told.

use iot_home_http::DownloadError;

use super::FailCode;

/// What the platform is told of it.
impl From<&DownloadError> for FailCode {
    fn from(error: &DownloadError) -> Self {
        match error {
            DownloadError::Digest | DownloadError::Size { .. } => Self::DIGEST,
            DownloadError::Status(404) => Self::NO_FILE,
            DownloadError::Status(400..=499) => Self::LINK_EXPIRED,
            DownloadError::File { .. } => Self::FLASH,
            _ => Self::TIMEOUT,
        }
    }
}
