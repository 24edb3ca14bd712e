//! Firmware: what is there, what is new, how far it is.

#[cfg(feature = "http")]
mod download;

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use iot_home_mqtt::Publication;
use iot_home_mqtt::payload::{self, Json, Link, Text, Unreadable, lenient};
use serde::{Deserialize, Serialize};

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::download::NotFetchable;
use super::{Code, MAX_PAYLOAD, Topics, Unwritable};

#[derive(Serialize)]
struct Envelope<'a, P> {
    id: &'a str,
    params: P,
}

fn publication<P: Serialize>(
    topic: String,
    id: &str,
    params: P,
) -> Result<Publication, Unwritable> {
    let payload = payload::value("parameters", &Envelope { id, params }, MAX_PAYLOAD)?;
    Ok(Publication::new(topic, payload))
}

#[derive(Serialize)]
struct Version<'a> {
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'a str>,
}

/// Tells which version runs, of the device or of one of its modules. Without it the platform pushes nothing.
///
/// # Errors
/// If the texts are too long.
pub fn inform(
    topics: &Topics,
    id: &str,
    version: &str,
    module: Option<&str>,
) -> Result<Publication, Unwritable> {
    publication(topics.ota("inform"), id, Version { version, module })
}

/// Asks for newer firmware in the old way; it is pushed as an [`Upgrade`]. Newer:
/// [`Method::FirmwareGet`](super::Method::FirmwareGet).
///
/// # Errors
/// If the texts are too long.
pub fn request(topics: &Topics, id: &str, version: &str) -> Result<Publication, Unwritable> {
    publication(topics.ota("request"), id, Version { version, module: None })
}

/// How far an upgrade is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// So many percent; more than 100 count as 100, and 0 as 1.
    Percent(u8),
    /// It failed: -1.
    UpgradeFailed,
    /// It could not be fetched: -2.
    DownloadFailed,
    /// What was fetched is not what was announced: -3.
    VerifyFailed,
    /// It could not be written: -4.
    FlashFailed,
}

impl Progress {
    /// The number as it is sent.
    pub fn step(self) -> i8 {
        match self {
            Self::Percent(percent) => i8::try_from(percent.clamp(1, 100)).unwrap_or(100),
            Self::UpgradeFailed => -1,
            Self::DownloadFailed => -2,
            Self::VerifyFailed => -3,
            Self::FlashFailed => -4,
        }
    }
}

/// Tells how far an upgrade is.
///
/// # Errors
/// If the texts are too long.
pub fn progress(
    topics: &Topics,
    id: &str,
    progress: Progress,
    description: &str,
    module: Option<&str>,
) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    struct Params<'a> {
        // A text, unlike most numbers.
        step: String,
        desc: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        module: Option<&'a str>,
    }
    let params = Params { step: progress.step().to_string(), desc: description, module };
    publication(topics.ota("progress"), id, params)
}

/// The platform says that there is firmware.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Upgrade<'a> {
    /// The message's id, a number.
    #[serde(borrow, default)]
    pub id: Option<Text<'a>>,
    /// 1000, which stands there as a text; other numbers are failures.
    pub code: Code,
    /// What it is.
    #[serde(borrow)]
    pub data: Firmware<'a>,
}

impl Upgrade<'_> {
    /// The code of firmware that is there.
    pub const THERE: Code = Code::new(1000);
}

impl<'a> Upgrade<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }
}

/// Firmware. Where it lies is not shown by `Debug`: whoever has a link can fetch it, for a day.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Firmware<'a> {
    /// Which version it is.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// How many bytes, where it is one file.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub size: Option<u64>,
    /// Where it lies, where it is one file. HTTP's ranges work.
    #[serde(borrow, default)]
    pub url: Option<Link<'a>>,
    /// 1 where it is the difference to an earlier version.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub is_diff: Option<u8>,
    /// How [`sign`](Self::sign) is made: `Md5` or `SHA256`.
    #[serde(borrow, default)]
    pub sign_method: Option<Cow<'a, str>>,
    /// The digest of the file, hexadecimal.
    #[serde(borrow, default)]
    pub sign: Option<Cow<'a, str>>,
    /// The MD5 digest of the file, hexadecimal.
    #[serde(borrow, default)]
    pub md5: Option<Cow<'a, str>>,
    /// For which module; absent, for the device as a whole.
    #[serde(borrow, default)]
    pub module: Option<Cow<'a, str>>,
    /// What the product's makers put beside it.
    #[serde(borrow, default)]
    pub ext_data: Option<Json<'a>>,
    /// Its files, where it is more than one.
    #[serde(borrow, default)]
    pub files: Vec<File<'a>>,
}

/// One file of several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct File<'a> {
    /// How many bytes.
    #[serde(deserialize_with = "lenient::integer")]
    pub file_size: u64,
    /// What it is called. It is the platform's text, and no path.
    #[serde(borrow, default)]
    pub file_name: Option<Cow<'a, str>>,
    /// Where it lies.
    #[serde(borrow)]
    pub file_url: Link<'a>,
    /// Its MD5 digest, hexadecimal.
    #[serde(borrow, default)]
    pub file_md5: Option<Cow<'a, str>>,
    /// Its digest by the firmware's `signMethod`, hexadecimal.
    #[serde(borrow, default)]
    pub file_sign: Option<Cow<'a, str>>,
}

/// How a file is checked, as it was announced: whoever fetches it reads the digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest<'a> {
    /// By SHA-256, hexadecimal.
    Sha256(Cow<'a, str>),
    /// By MD5, hexadecimal.
    Md5(Cow<'a, str>),
}

impl Digest<'_> {
    /// The same, standing on its own.
    pub fn into_owned(self) -> Digest<'static> {
        match self {
            Self::Sha256(digits) => Digest::Sha256(digits.into_owned().into()),
            Self::Md5(digits) => Digest::Md5(digits.into_owned().into()),
        }
    }
}

fn digest<'a>(
    method: Option<&str>,
    sign: Option<&'a str>,
    md5: Option<&'a str>,
) -> Option<Digest<'a>> {
    match (method, sign) {
        (Some(method), Some(sign)) if method.eq_ignore_ascii_case("sha256") => {
            Some(Digest::Sha256(sign.into()))
        }
        (Some(method), Some(sign)) if method.eq_ignore_ascii_case("md5") => {
            Some(Digest::Md5(sign.into()))
        }
        _ => md5.map(|digits| Digest::Md5(digits.into())),
    }
}

impl Firmware<'_> {
    /// By what its one file is checked: the announced digest, or else the MD5.
    pub fn digest(&self) -> Option<Digest<'_>> {
        digest(self.sign_method.as_deref(), self.sign.as_deref(), self.md5.as_deref())
    }

    /// By what one of several files is checked.
    pub fn file_digest<'f>(&self, file: &'f File<'_>) -> Option<Digest<'f>> {
        digest(self.sign_method.as_deref(), file.file_sign.as_deref(), file.file_md5.as_deref())
    }
}
