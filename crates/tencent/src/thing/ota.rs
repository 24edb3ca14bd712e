//! Firmware: what is there, what is new, how far it is.

#[cfg(feature = "http")]
mod download;

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};

use iot_home_mqtt::payload::{self, Link, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication, codes};
use serde::{Deserialize, Serialize};

use super::{Code, MAX_PAYLOAD, Topics, Unwritable};

codes! {
    /// Why an upgrade failed, as the device tells it.
    FailCode {
        TIMEOUT = -1 "fetching took too long",
        NO_FILE = -2 "there is no such file",
        LINK_EXPIRED = -3 "the link does not permit it any more",
        DIGEST = -4 "the file is not what was announced",
        FLASH = -5 "the file could not be written",
    }
}

#[derive(Serialize)]
struct Wire<'a, R> {
    r#type: &'a str,
    report: R,
}

const REPLY: &str = "report_version_rsp";

/// Tells which version runs. Without it the platform pushes nothing.
///
/// # Errors
/// If the text is too long.
pub fn report_version(topics: &Topics, version: &str) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    struct Version<'a> {
        version: &'a str,
    }
    let wire = Wire { r#type: "report_version", report: Version { version } };
    let payload = payload::value("version", &wire, MAX_PAYLOAD)?;
    let key = AnswerKey::new(topics.of("$ota/update"), REPLY);
    Ok(Publication::new(topics.of("$ota/report"), payload).answered_by(key))
}

/// How far an upgrade is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// It is fetched: so many percent, 100 at most.
    Downloading(u8),
    /// It is written.
    Burning,
    /// The new version runs.
    Done,
    /// It failed.
    Fail(FailCode),
}

/// Tells how far the upgrade to this version is.
///
/// # Errors
/// If the text is too long.
pub fn report_progress(
    topics: &Topics,
    progress: Progress,
    version: &str,
) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    struct Report<'a> {
        progress: State,
        version: &'a str,
    }
    // All numbers are texts here.
    #[derive(Serialize)]
    struct State {
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        percent: Option<String>,
        result_code: String,
        result_msg: &'static str,
    }
    let plain = |state| State { state, percent: None, result_code: "0".into(), result_msg: "" };
    let progress = match progress {
        Progress::Downloading(percent) => {
            State { percent: Some(percent.min(100).to_string()), ..plain("downloading") }
        }
        Progress::Burning => plain("burning"),
        Progress::Done => plain("done"),
        Progress::Fail(code) => State {
            result_code: code.get().to_string(),
            result_msg: code.meaning().unwrap_or_default(),
            ..plain("fail")
        },
    };
    let wire = Wire { r#type: "report_progress", report: Report { progress, version } };
    let payload = payload::value("version", &wire, MAX_PAYLOAD)?;
    Ok(Publication::new(topics.of("$ota/report"), payload))
}

/// What the platform says of firmware.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ota<'a> {
    /// Which version runs was heard.
    VersionHeard(Code),
    /// There is firmware.
    Update(Firmware<'a>),
    /// Something else: its type.
    Other(Cow<'a, str>),
}

/// Firmware. Where it lies is not shown by `Debug`: whoever has a link can fetch it, for a while.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Firmware<'a> {
    /// Which version it is.
    pub version: Cow<'a, str>,
    /// How many bytes.
    pub file_size: u64,
    /// The file's MD5 digest, hexadecimal.
    pub md5sum: Cow<'a, str>,
    /// Where it lies.
    pub url: Link<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default, deserialize_with = "lenient::optional")]
    result_code: Option<i64>,
    #[serde(borrow, default)]
    version: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "lenient::optional")]
    file_size: Option<u64>,
    #[serde(borrow, default)]
    md5sum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    url: Option<Link<'a>>,
}

impl<'a> Ota<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        let message: Message<'a> = payload::read(payload, MAX_PAYLOAD)?;
        let form = Unreadable::Form { offset: payload.len() };
        Ok(match &*message.kind {
            REPLY => Self::VersionHeard(Code::new(message.result_code.ok_or(form)?)),
            "update_firmware" => Self::Update(Firmware {
                version: message.version.ok_or(form)?,
                file_size: message.file_size.ok_or(form)?,
                md5sum: message.md5sum.ok_or(form)?,
                url: message.url.ok_or(form)?,
            }),
            _ => Self::Other(message.kind),
        })
    }

    /// What it has in the place of an id, where it is an answer.
    pub(super) const fn answers(&self) -> Option<&'static str> {
        match self {
            Self::VersionHeard(_) => Some(REPLY),
            _ => None,
        }
    }
}
