//! From the announcement to the download.

use std::path::PathBuf;

use iot_home_http::download::InvalidDigest;
use iot_home_http::{self as http, Download, DownloadError};

use super::{Digest, File, Firmware, Progress};

/// Why what was announced cannot be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFetchable {
    /// There is more than one file, or none: look at [`Firmware::files`].
    #[error("the firmware is not one file")]
    NotOneFile,
    /// It has no digest that can be checked.
    #[error("the firmware is announced without a digest, so that nobody can tell what arrives")]
    NoDigest,
    /// Its digest is none.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
}

impl Firmware<'_> {
    /// Its one file as a download to this path, which begins by running it with [`url`](Self::url).
    ///
    /// # Errors
    /// When it is not one file, or cannot be checked.
    pub fn download(&self, path: impl Into<PathBuf>) -> Result<Download, NotFetchable> {
        let size = self.size.filter(|_| self.url.is_some()).ok_or(NotFetchable::NotOneFile)?;
        download(path.into(), size, self.digest())
    }

    /// One of several files as a download to this path, which begins by running it with [`File::file_url`].
    ///
    /// # Errors
    /// When it cannot be checked.
    pub fn file_download(
        &self,
        file: &File<'_>,
        path: impl Into<PathBuf>,
    ) -> Result<Download, NotFetchable> {
        download(path.into(), file.file_size, self.file_digest(file))
    }
}

fn download(
    path: PathBuf,
    size: u64,
    digest: Option<Digest<'_>>,
) -> Result<Download, NotFetchable> {
    let digest = match digest.ok_or(NotFetchable::NoDigest)? {
        Digest::Sha256(hex) => http::Digest::sha256(hex)?,
        Digest::Md5(hex) => http::Digest::md5(hex)?,
    };
    Ok(Download::new(path, size, digest))
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

#[cfg(test)]
mod tests {
    use std::format;

    use super::{NotFetchable, Progress};
    use crate::thing::ota::Upgrade;

    fn firmware(data: &str) -> Result<std::string::String, NotFetchable> {
        let payload = format!(r#"{{"code":"1000","data":{{"version":"2",{data}}}}}"#);
        let upgrade = Upgrade::parse(payload.as_bytes()).unwrap();
        upgrade.data.download("/tmp/x").map(|download| format!("{download:?}"))
    }

    #[test]
    fn what_was_announced_is_what_is_fetched() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let url = r#""url":"https://a.example/x?Signature=hush","size":"7""#;
        let by_md5 = firmware(&format!(r#"{url},"md5":"{md5}""#)).unwrap();
        assert!(by_md5.contains("size: 7") && by_md5.contains(md5), "{by_md5}");
        let both = format!(r#"{url},"md5":"{md5}","sign":"{sha}","signMethod":"SHA256""#);
        let by_sha = firmware(&both).unwrap();
        assert!(by_sha.contains(sha) && !by_sha.contains("hush"), "{by_sha}");
        assert_eq!(firmware(url), Err(NotFetchable::NoDigest));
        assert!(matches!(firmware(&format!(r#"{url},"md5":"x""#)), Err(NotFetchable::Digest(_))));
        let no_url = format!(r#""size":7,"md5":"{md5}""#);
        assert_eq!(firmware(&no_url), Err(NotFetchable::NotOneFile));
    }

    #[test]
    fn what_the_platform_is_told() {
        use iot_home_http::DownloadError;
        for (error, step) in [
            (DownloadError::Digest, -3),
            (DownloadError::Size { announced: 1, found: 2 }, -3),
            (DownloadError::Status(403), -2),
            (DownloadError::Cut, -2),
        ] {
            assert_eq!(Progress::from(&error).step(), step, "{error}");
        }
    }
}
