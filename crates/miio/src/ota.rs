//! Updates of a device's firmware: what it is told, and how it gets on.
//!
//! A device fetches its image by itself, over plain HTTP, from the URL that [`Update`] names, and compares the
//! MD5 sum. It checks neither who made the image nor whether it is one for this device: whoever has the token can put
//! anything on it, and ruin it.
//!
//! `ImageServer`, behind the feature `ota`, hands one image out to one device. [`Tracker`] makes sense of the
//! states that the device then goes through.

#[cfg(feature = "ota")]
#[cfg_attr(docsrs, doc(cfg(feature = "ota")))]
mod server;
mod tracker;

use alloc::format;
use alloc::string::String;
use core::fmt;

use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::Value;

#[cfg(feature = "ota")]
#[cfg_attr(docsrs, doc(cfg(feature = "ota")))]
pub use self::server::{ImageServer, ServerError};
pub use self::tracker::{Ended, Tracker};
use crate::json::Lenient;
use crate::message::{Request, RequestError};

/// The image that a device is to fetch and install.
///
/// ```
/// use iot_home_miio::ota::{Update, md5};
///
/// let update = Update::new("http://192.168.1.5:8000/image", md5(b"the image"))?;
/// assert_eq!(update.request()?.method(), "miIO.ota");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Update {
    url: String,
    md5: [u8; 16],
}

impl Update {
    /// An image at this URL, with this MD5 sum.
    ///
    /// # Errors
    /// When the URL is not plain HTTP, has blanks in it, or is longer than the 512 characters that devices take.
    pub fn new(url: impl Into<String>, md5: [u8; 16]) -> Result<Self, UpdateError> {
        let url = url.into();
        let host = url.strip_prefix("http://").ok_or(UpdateError::Scheme)?;
        if host.is_empty()
            || host.starts_with('/')
            || !url.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(UpdateError::Url);
        }
        if url.len() > MAX_URL {
            return Err(UpdateError::TooLong { length: url.len() });
        }
        Ok(Self { url, md5 })
    }

    /// The call `miIO.ota`: fetch and install. It is not repeated under another id.
    ///
    /// # Errors
    /// When all of it is too long for a packet.
    pub fn request(&self) -> Result<Request, RequestError> {
        #[derive(Serialize)]
        struct Params<'a> {
            mode: &'a str,
            install: &'a str,
            app_url: &'a str,
            file_md5: String,
            proc: &'a str,
        }
        let file_md5 = self.md5.iter().map(|byte| format!("{byte:02x}")).collect();
        let params = Params {
            mode: "normal",
            install: "1",
            app_url: &self.url,
            file_md5,
            proc: "dnld install",
        };
        Request::new("miIO.ota", params)
    }
}

impl fmt::Debug for Update {
    /// Leaves out the URL, whose path is what a stranger lacks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").finish_non_exhaustive()
    }
}

/// The MD5 sum by which a device knows that it has the whole image. It is no proof of whose the image is.
pub fn md5(image: &[u8]) -> [u8; 16] {
    Md5::digest(image).into()
}

/// Why a device is not told to fetch this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Devices fetch over plain HTTP only.
    #[error("devices fetch images over plain HTTP: the URL has to begin with http://")]
    Scheme,
    /// No host, or blanks.
    #[error("the URL has no host, or characters that no URL has")]
    Url,
    /// Longer than devices take.
    #[error("a URL of {length} characters is too long, devices take {MAX_URL}")]
    TooLong {
        /// How long it is.
        length: usize,
    },
}

/// What a device does with an update (`miIO.get_ota_state`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtaState {
    /// Nothing.
    Idle,
    /// It fetches the image.
    Downloading,
    /// It has the image.
    Downloaded,
    /// It installs the image, and starts again after that.
    Installing,
    /// It has installed the image.
    Installed,
    /// It gave up.
    Failed,
    /// It cannot be updated now.
    Busy,
    /// Another word.
    Other(String),
}

impl OtaState {
    /// Reads the result of the call: `["idle"]`, or the word alone.
    pub fn read(result: &Value) -> Option<Self> {
        let word = match result {
            Value::Array(items) => items.first()?.as_str()?,
            value => value.as_str()?,
        };
        Some(match word {
            "idle" => Self::Idle,
            "downloading" => Self::Downloading,
            "downloaded" => Self::Downloaded,
            "installing" => Self::Installing,
            "installed" => Self::Installed,
            "failed" => Self::Failed,
            "busy" => Self::Busy,
            other => Self::Other(other.chars().take(MAX_WORD).collect()),
        })
    }
}

/// How much of the image a device has, in percent (`miIO.get_ota_progress`); nothing while it fetches none, which it
/// tells by 101, and where the result is none.
pub fn progress(result: &Value) -> Option<u8> {
    let number = match result {
        Value::Array(items) => items.first()?,
        value => value,
    };
    number.to_i64().and_then(|number| u8::try_from(number).ok()).filter(|percent| *percent <= 100)
}

const MAX_URL: usize = 512;
const MAX_WORD: usize = 40;
