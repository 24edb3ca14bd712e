//! From the announcement to the download.

use std::path::PathBuf;

use iot_home_http::download::InvalidDigest;
use iot_home_http::{Digest, Download, DownloadError};

use super::{FailCode, Firmware};

impl Firmware<'_> {
    /// It as a download to this path, which begins by running it with [`url`](Self::url).
    ///
    /// # Errors
    /// When its digest is none.
    pub fn download(&self, path: impl Into<PathBuf>) -> Result<Download, InvalidDigest> {
        Ok(Download::new(path, self.file_size, Digest::md5(&self.md5sum)?))
    }
}

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

#[cfg(test)]
mod tests {
    use std::format;

    use iot_home_http::DownloadError;

    use crate::thing::ota::{FailCode, Ota};

    #[test]
    fn what_was_announced_is_what_is_fetched() {
        let firmware = |md5: &str| {
            let payload = format!(
                r#"{{"type":"update_firmware","version":"2","file_size":7,"md5sum":"{md5}","url":"https://a.example/x?sign=hush"}}"#
            );
            let Ota::Update(firmware) = Ota::parse(payload.as_bytes()).unwrap() else { panic!() };
            firmware.download("/tmp/x").map(|download| format!("{download:?}"))
        };
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let told = firmware(md5).unwrap();
        assert!(told.contains("size: 7") && told.contains(md5) && !told.contains("hush"), "{told}");
        assert!(firmware("x").is_err());
    }

    #[test]
    fn what_the_platform_is_told() {
        for (error, code) in [
            (DownloadError::Digest, FailCode::DIGEST),
            (DownloadError::Status(404), FailCode::NO_FILE),
            (DownloadError::Status(403), FailCode::LINK_EXPIRED),
            (DownloadError::Cut, FailCode::TIMEOUT),
        ] {
            assert_eq!(FailCode::from(&error), code, "{error}");
        }
    }
}
