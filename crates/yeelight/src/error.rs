//! What can go wrong between a command and its result.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use serde_json::Value;

/// Why a command cannot be sent as it is. Nothing was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInput {
    /// A value lies outside of what the bulb takes.
    #[error("{what} {value} is out of range, {} takes {low} to {high}", Who(.model))]
    OutOfRange {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The lowest that may be.
        low: i64,
        /// The highest that may be.
        high: i64,
        /// Whose range it is, where the model makes a difference and is known.
        model: Option<Box<str>>,
    },
    /// A value of a flow's step is out of its range.
    #[error("{what} {value} in step {step} is out of range, it may be {low} to {high}")]
    Step {
        /// Counted from 0.
        step: usize,
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The lowest that may be.
        low: i64,
        /// The highest that may be.
        high: i64,
    },
    /// A flow without steps.
    #[error("a flow needs at least one step")]
    NoSteps,
    /// The bulb does not list the method, or its model is known not to have it.
    #[error("{} does not support {method}", Who(.model))]
    NotSupported {
        /// The method.
        method: Box<str>,
        /// The model, where it is known.
        model: Option<Box<str>>,
    },
    /// A colour for a light that is known to show white alone.
    #[error("{} shows no colours", Who(.model))]
    NoColor {
        /// The model, where it is known.
        model: Option<Box<str>>,
    },
    /// `set_adjust` changes the colour only in a circle.
    #[error("a colour can only be adjusted in a circle, it has no more and no less")]
    ColorAdjust,
    /// A text is longer than the bulb stores.
    #[error("a name of {length} bytes is too long, bulbs store {MAX_NAME}")]
    NameTooLong {
        /// As it would be sent.
        length: usize,
    },
    /// `get_prop` without a property.
    #[error("there is no property to ask for")]
    NoProperties,
    /// More properties than one command may ask for.
    #[error("{count} properties are too many for one command, it takes {MAX_PROPERTIES}")]
    TooManyProperties {
        /// How many there are.
        count: usize,
    },
    /// The parameters of a raw method are not a JSON array.
    #[error("the parameters have to be a JSON array")]
    Params,
    /// The method of a raw command is empty or overlong.
    #[error("a method's name has 1 to 64 characters, letters, digits, '_', '.' and '-'")]
    MethodName,
    /// The command is longer than a bulb can be expected to read.
    #[error("a command of {length} bytes is too long, at most {MAX_COMMAND} are sent")]
    TooLong {
        /// Of the line.
        length: usize,
    },
    /// A command whose result is asked for over a channel that carries no results.
    #[error("{method} asks for something, and music mode and UDP sessions carry no answers")]
    NoAnswers {
        /// The method.
        method: Box<str>,
    },
}

/// The longest name a bulb stores, in bytes.
pub const MAX_NAME: usize = 64;
/// The most properties of one `get_prop`.
pub const MAX_PROPERTIES: usize = 64;
/// The longest command, in bytes: a matrix of a thousand lamps fits.
pub const MAX_COMMAND: usize = 16 * 1024;

struct Who<'a>(&'a Option<Box<str>>);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(model) => write!(f, "the model {}", model.escape_debug()),
            None => f.write_str("the bulb"),
        }
    }
}

/// A bulb's own error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// Too many commands within a minute: `client quota exceeded`.
    QuotaExceeded,
    /// The bulb does not have the method: `method not supported`.
    NotSupported,
    /// Wrong number, type or range of parameters: `invalid params`, -5001.
    InvalidParams {
        /// The bulb's number for it.
        code: Option<i64>,
    },
    /// The bulb could not read the command: `invalid command`.
    InvalidCommand,
    /// `general error`, -5000: mostly a value out of range, or a command that is not allowed in the present
    /// state, such as a colour while the light is off.
    General,
    /// `illegal request`, -5006.
    IllegalRequest,
    /// Any other.
    Other {
        /// The bulb's number for it, if it sent one.
        code: Option<i64>,
        /// Its words, cut after 200 characters.
        message: Box<str>,
    },
}

impl DeviceError {
    /// Reads what stands behind `"error"`.
    pub fn from_json(error: &Value) -> Self {
        let (code, message) = match error {
            Value::Object(fields) => {
                let code = fields.get("code").and_then(|code| match code {
                    Value::String(text) => text.parse().ok(),
                    code => code.as_i64(),
                });
                (code, fields.get("message").and_then(Value::as_str).unwrap_or_default())
            }
            Value::String(message) => (None, message.as_str()),
            Value::Number(code) => (code.as_i64(), ""),
            _ => (None, ""),
        };
        let has = |words: &str| {
            message
                .as_bytes()
                .windows(words.len())
                .any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
        };
        if has("quota exceeded") {
            return Self::QuotaExceeded;
        }
        if has("not supported") || has("unsupported method") {
            return Self::NotSupported;
        }
        if has("invalid command") {
            return Self::InvalidCommand;
        }
        match code {
            Some(-5001) => Self::InvalidParams { code },
            _ if has("invalid params") => Self::InvalidParams { code },
            Some(-5000) => Self::General,
            Some(-5006) => Self::IllegalRequest,
            _ => {
                Self::Other { code, message: message.chars().take(200).collect::<String>().into() }
            }
        }
    }

    /// The bulb's number for it.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::QuotaExceeded | Self::NotSupported | Self::InvalidCommand => Some(-1),
            Self::General => Some(-5000),
            Self::IllegalRequest => Some(-5006),
            Self::InvalidParams { code } | Self::Other { code, .. } => *code,
        }
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QuotaExceeded => "the bulb's quota of commands is used up",
            Self::NotSupported => "the bulb does not support the method",
            Self::InvalidParams { .. } => "the bulb refused the parameters",
            Self::InvalidCommand => "the bulb could not read the command",
            Self::General => {
                "the bulb reports a general error: a value out of range, or not allowed in its present state"
            }
            Self::IllegalRequest => "the bulb reports an illegal request",
            Self::Other { code, message } => {
                f.write_str("the bulb reports ")?;
                match code {
                    Some(code) => write!(f, "error {code}")?,
                    None => f.write_str("an error")?,
                }
                if !message.is_empty() {
                    write!(f, " \"{}\"", message.escape_debug())?;
                }
                return Ok(());
            }
        })
    }
}

impl core::error::Error for DeviceError {}

/// How a command ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The bulb answered with an error.
    #[error(transparent)]
    Device(DeviceError),
    /// Sending the command now would exceed the quota, and it was to be refused then; it was not sent.
    #[error("the quota of commands is used up, the next may be sent in {} ms", .retry_after.as_millis())]
    Quota {
        /// When there is room again.
        retry_after: Duration,
    },
    /// The bulb's own quota is used up, by others too perhaps.
    #[error("the bulb refused the command because its quota is used up; it may have room in {} ms", .retry_after.as_millis())]
    QuotaExceeded {
        /// When there may be room again. How much others send is not known.
        retry_after: Duration,
    },
    /// No answer within the time. The command was sent.
    #[error("no answer within {} ms", .after.as_millis())]
    NoAnswer {
        /// How long it was waited for.
        after: Duration,
    },
    /// The command could not be sent: there was no connection for as long as it would wait.
    #[error("not connected for {} ms, nothing was sent", .after.as_millis())]
    NotConnected {
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection ended while the command was under way.
    #[error("the connection ended before the answer came")]
    Disconnected,
    /// As many commands wait as may.
    #[error("{waiting} commands wait already")]
    Full {
        /// How many do.
        waiting: usize,
    },
    /// The command cannot be sent as it is.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The answer is not of the form that the method has.
    #[error("the answer has another form than {expected}")]
    Malformed {
        /// What it should have been.
        expected: &'static str,
    },
}
