//! Firmware that the platform announced.

#[cfg(feature = "http")]
use std::path::PathBuf;

#[cfg(feature = "http")]
use iot_home_http::{self as http, Download};

use crate::thing::Link;
#[cfg(feature = "http")]
use crate::thing::ota::NotFetchable;
use crate::thing::ota::{Digest, Firmware};

/// Firmware that the platform announced, standing on its own. Its `Debug` does not show the links.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announced {
    /// Which version it is.
    pub version: String,
    /// For which module; `None` for the device as a whole.
    pub module: Option<String>,
    /// Whether it is the difference to an earlier version.
    pub is_diff: bool,
    /// What there is to fetch: one file, mostly.
    pub files: Vec<AnnouncedFile>,
}

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnouncedFile {
    /// What it is called, where it is one of several. It is the platform's text, and no path.
    pub name: Option<String>,
    /// Where it lies, for a day or so; [`Thing::firmware`](super::Thing::firmware) asks for another link.
    pub url: Link<'static>,
    /// How many bytes it has, where that is told.
    pub size: Option<u64>,
    /// By what it is checked, where that is told.
    pub digest: Option<Digest<'static>>,
}

impl From<&Firmware<'_>> for Announced {
    fn from(firmware: &Firmware<'_>) -> Self {
        let one = firmware.url.as_ref().map(|url| AnnouncedFile {
            name: None,
            url: url.clone().into_owned(),
            size: firmware.size,
            digest: firmware.digest().map(Digest::into_owned),
        });
        let several = firmware.files.iter().map(|file| AnnouncedFile {
            name: file.file_name.as_deref().map(Into::into),
            url: file.file_url.clone().into_owned(),
            size: Some(file.file_size),
            digest: firmware.file_digest(file).map(Digest::into_owned),
        });
        Self {
            version: firmware.version.as_ref().into(),
            module: firmware.module.as_deref().map(Into::into),
            is_diff: firmware.is_diff == Some(1),
            files: several.chain(one).collect(),
        }
    }
}

#[cfg(feature = "http")]
impl Announced {
    /// Whether it is the same firmware, whatever the links are.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let files = |one: &Self| -> Vec<_> {
            one.files
                .iter()
                .map(|file| (file.name.clone(), file.size, file.digest.clone()))
                .collect()
        };
        (&self.version, &self.module, files(self)) == (&other.version, &other.module, files(other))
    }
}

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
impl AnnouncedFile {
    /// It as a download to this path, which is begun by running it with [`url`](Self::url).
    ///
    /// # Errors
    /// When its size or its digest is not told.
    pub fn download(&self, path: impl Into<PathBuf>) -> Result<Download, NotFetchable> {
        let size = self.size.ok_or(NotFetchable::NoSize)?;
        let digest = match self.digest.as_ref().ok_or(NotFetchable::NoDigest)? {
            Digest::Sha256(digits) => http::Digest::sha256(digits)?,
            Digest::Md5(digits) => http::Digest::md5(digits)?,
        };
        Ok(Download::new(path, size, digest))
    }
}
