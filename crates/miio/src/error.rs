//! What can go wrong between a request and its answer.

use alloc::string::String;
use core::fmt;

use iot_home_core::MiotCode;

use crate::json::JsonError;

/// How a request ended that did not end well. It claims what is known and no more: on the wire a
/// wrong token, a wrong stamp, a repeated id and a busy device are all the same silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The device did not even answer a hello, which needs no token.
    #[error("no answer to a hello ({hellos} sent)")]
    NoHello {
        /// How many were sent while the request waited.
        hellos: u32,
    },
    /// The device stayed silent on this request, and it did or may well answer hellos.
    #[error("the device {}did not answer the request ({transmissions} sent)", if *.hello_answered { "answers hellos but " } else { "" })]
    NoAnswer {
        /// How often the request was sent.
        transmissions: u32,
        /// Whether a hello was answered while the request waited. None is sent where the time is short.
        hello_answered: bool,
        /// Whether a hello reply showed another token than the one in use.
        other_token_shown: bool,
    },
    /// A request that must not be repeated got no answer: it may have been carried out, or not.
    #[error("no answer: the request may have been executed ({transmissions} sent under one id)")]
    MaybeExecuted {
        /// How often the request was sent.
        transmissions: u32,
    },
    /// The time ran out while the request waited for its turn; it was never sent.
    #[error("the time ran out before the request could be sent")]
    NeverSent,
    /// The device answered with an error of its own.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The answer is the device's, but could not be read.
    #[error(transparent)]
    Malformed(#[from] MessageError),
    /// Answers came whose checksum does not match the token, and none whose checksum does.
    #[error("answers came whose checksum does not match the token")]
    Checksum,
}

/// An error that the device itself reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceError {
    /// Its number, where it has one.
    pub code: Option<i64>,
    /// What the device says, as it says it.
    pub message: String,
}

impl DeviceError {
    /// An error with these contents.
    pub fn new(code: Option<i64>, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What the code means, where that is known.
    pub fn meaning(&self) -> Option<&'static str> {
        let Some(code) = self.code else { return meaning_of(&self.message) };
        Some(match code {
            -32700 => "the device could not parse the request",
            -32600 => "the request has the wrong form",
            -32601 => "the device does not know this method",
            -32602 => "the parameters are wrong",
            -32603 => "the device could not take the Wi-Fi settings",
            -32604 => "the device's own controller answered with an invalid code",
            -32605 => "too many objects in one request",
            -32699..=-32694 => "the device's storage or timer failed",
            -30000 => "undefined system error",
            -30001 => "the device could not parse its own answer; asking again often helps",
            -30010 => "the request failed inside the device",
            -30011 => "the device gave up after several tries",
            -30012 => "the device is busy",
            -30013 => "the device is offline",
            -30014 => "the device is not synchronised",
            -30015 => "permission denied: not allowed on the LAN, or not in the present state",
            -30020 => "the device's cloud link is not available",
            -30030 => "the device's cloud redirect failed",
            -33001 => "update: the download failed",
            -33002 => "update: the host name was not found",
            -33003 => "update: no connection to the server",
            -33004 => "update: the connection was lost",
            -33005 => "update: the installation failed",
            -33006 => "update: cancelled",
            -33007 => "update: the battery is too low",
            -33008 => "update: an installation is already running",
            -33009 => "update: the installation took too long",
            -33020 => "update: unknown error",
            -33021 => "update: the server's HTTP header is wrong",
            -33022 => "update: the download could not be started",
            -33023 => "update: the download took too long",
            -33024 => "update: writing failed",
            -33025 => "update: the image is not valid",
            -33019..=-33010 | -33000 => "update: failed",
            -10000 => "undefined error, or the method is not supported",
            -9999 => {
                "the appliance behind the Wi-Fi module did not answer in time; \
                 often too many properties were asked at once"
            }
            -9998 => "the appliance behind the Wi-Fi module answered something invalid",
            -6011 => "the device refused the command",
            -5005 => "the parameters are wrong",
            -5003 => "the device is out of memory",
            -5001 => "the device refused the command or an argument of it",
            -4004 => "general failure",
            -6 => "the device has no application data",
            -7 => "no such device",
            5008 => "the infrared remote refused the code",
            // What stands in the items of MIoT answers elsewhere, gateways answer here too.
            ..0 => return MiotCode::new(code).meaning().or_else(|| meaning_of(&self.message)),
            _ => return meaning_of(&self.message),
        })
    }
}

/// What devices say whose numbers say nothing, or that give none.
fn meaning_of(message: &str) -> Option<&'static str> {
    let said = |known: &str| message.trim_end_matches('.').eq_ignore_ascii_case(known);
    if [UNKNOWN_METHOD, "unknown method", "method not found"].into_iter().any(said) {
        return Some("the device does not know this method");
    }
    said("not supported").then_some("the device does not support this")
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the device reports ")?;
        match self.code {
            Some(code) => write!(f, "error {code}")?,
            None => f.write_str("an error")?,
        }
        if !self.message.is_empty() {
            write!(f, " \"{}\"", self.message.escape_debug())?;
        }
        self.meaning().map_or(Ok(()), |meaning| write!(f, ": {meaning}"))
    }
}

impl core::error::Error for DeviceError {}

/// Why the payload of an authentic packet makes no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// There is no text at all. Some devices without their cloud answer `miIO.info` so; the token is right.
    #[error("the device's answer is empty, though sealed with the right token")]
    Empty,
    /// The text is not JSON, nor anything near it; mostly it was cut off.
    #[error("the device's answer is not readable JSON")]
    Json(#[source] JsonError),
    /// The text is JSON but no object.
    #[error("the device's answer is not a JSON object")]
    NotAnObject,
    /// The padding of the ciphertext is wrong although its checksum is right.
    #[error("the device's answer is wrongly padded")]
    Padding,
}

/// What some vacuums answer as a result, and mean as an error.
pub(crate) const UNKNOWN_METHOD: &str = "unknown_method";
