//! Firmware that is fetched.

use std::path::PathBuf;

use iot_home_http::{Download, DownloadError, HttpClient};

use super::{Announced, Error, Thing};
use crate::thing::ota::{NotFetchable, Progress};

/// Why firmware was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It cannot be fetched as it was announced.
    #[error(transparent)]
    NotFetchable(#[from] NotFetchable),
    /// It was not fetched. The platform was told.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The link has expired, and the platform gave no other.
    #[error("the link has expired, and asking for another did not work: {0}")]
    NoLink(#[source] Error),
    /// The link has expired, and there is other firmware by now, or none any more.
    #[error("the link has expired, and the firmware is not the newest any more")]
    Superseded(Option<Box<Announced>>),
}

impl Thing {
    /// Fetches firmware that is one file of at most `limit` bytes, to this path.
    ///
    /// What has arrived is kept beside it until it is whole; the next try goes on there, also after a restart. The digest is
    /// checked while it arrives. A link that has expired is asked for anew, three times at most. The platform
    /// is told how far it is about once a second, and what went wrong.
    ///
    /// For several files, see [`AnnouncedFile::download`](super::AnnouncedFile::download).
    ///
    /// # Errors
    /// [`FetchError`] has what can go wrong.
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
        let [file] = announced.files.as_slice() else {
            return Err(NotFetchable::NotOneFile.into());
        };
        let mut download = file.download(path)?.limit(limit);
        let mut url = file.url.clone();
        let mut links = MOST_LINKS;
        loop {
            let Err(error) = self.fetch(client, announced, &mut download, url.expose()).await
            else {
                return Ok(());
            };
            if !error.wants_another_address() || links == 0 {
                let module = announced.module.as_deref();
                // It failed anyhow.
                let _ = self.firmware_progress((&error).into(), &error.to_string(), module).await;
                return Err(error.into());
            }
            links = links.saturating_sub(1);
            let newest = self.firmware(announced.module.as_deref()).await;
            let newest = newest.map_err(FetchError::NoLink)?;
            url = match newest {
                Some(newest) if newest.is_same(announced) => match newest.files.as_slice() {
                    [file] => file.url.clone(),
                    _ => return Err(NotFetchable::NotOneFile.into()),
                },
                other => return Err(FetchError::Superseded(other.map(Box::new))),
            };
        }
    }

    async fn fetch(
        &self,
        client: &dyn HttpClient,
        announced: &Announced,
        download: &mut Download,
        url: &str,
    ) -> Result<(), DownloadError> {
        let size = download.size();
        let tell = |bytes: u64| async move {
            let percent = bytes.saturating_mul(100).checked_div(size).unwrap_or(100);
            let percent = Progress::Percent(u8::try_from(percent).unwrap_or(100));
            // A device that cannot tell can still fetch.
            let _ = self.firmware_progress(percent, "", announced.module.as_deref()).await;
        };
        download.run_and_tell(client, url, tell).await
    }
}

const MOST_LINKS: u32 = 3;
