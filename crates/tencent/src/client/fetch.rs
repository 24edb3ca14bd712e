//! Firmware that is fetched.

use std::path::PathBuf;

use iot_home_http::download::InvalidDigest;
use iot_home_http::{Digest, Download, DownloadError, HttpClient};

use super::{Announced, Thing};
use crate::thing::ota::Progress;

/// Why firmware was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Its digest is none.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
    /// It was not fetched. The platform was told.
    #[error(transparent)]
    Download(#[from] DownloadError),
}

impl FetchError {
    /// Whether the link has expired. [Telling the version](Thing::firmware_version) again has it announced with another one.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Download(error) if error.wants_another_address())
    }
}

impl Announced {
    /// It as a download to this path, which is begun by running it with [`url`](Self::url).
    ///
    /// # Errors
    /// When its digest is none.
    pub fn download(&self, path: impl Into<PathBuf>) -> Result<Download, InvalidDigest> {
        Ok(Download::new(path, self.size, Digest::md5(&self.md5)?))
    }
}

impl Thing {
    /// Fetches firmware of at most `limit` bytes, to this path.
    ///
    /// What has arrived is kept beside it until it is whole; the next try goes on there, also with another link and after a
    /// restart. The digest is checked while it arrives. The platform is told how far it is about once a second,
    /// and what went wrong.
    ///
    /// # Errors
    /// [`FetchError`] has what can go wrong; where it [is expired](FetchError::is_expired), another link can be had.
    ///
    /// # Cancel safety
    /// When the future is dropped, what has arrived is kept.
    pub async fn fetch_firmware(
        &self,
        client: &dyn HttpClient,
        announced: &Announced,
        path: impl Into<PathBuf>,
        limit: u64,
    ) -> Result<(), FetchError> {
        let mut download = announced.download(path)?.limit(limit);
        let (size, version) = (announced.size, announced.version.as_str());
        let tell = |bytes: u64| async move {
            let percent = bytes.saturating_mul(100).checked_div(size).unwrap_or(100);
            let percent = Progress::Downloading(u8::try_from(percent).unwrap_or(100));
            // A device that cannot tell can still fetch.
            let _ = self.firmware_progress(percent, version).await;
        };
        let fetched = download.run_and_tell(client, announced.url.expose(), tell).await;
        if let Err(error) = &fetched {
            let _ = self.firmware_progress(Progress::Fail(error.into()), version).await;
        }
        Ok(fetched?)
    }
}
