//! What can go wrong between a request and its answer.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// What a gateway answers in place of values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GatewayError {
    /// `Invalid key`: the key is not the gateway's, or the token behind it is an old one.
    InvalidKey,
    /// `Invalid cmd`.
    InvalidCommand,
    /// `No device`: none with this sid.
    NoDevice,
    /// `Unsupported cmd`.
    Unsupported,
    /// Any other.
    Other {
        /// The gateway's words, cut after 100 characters. Words that are as long as a key are not repeated.
        message: Box<str>,
    },
}

impl GatewayError {
    pub(crate) fn from_text(text: &str) -> Self {
        let is = |words: &str| text.trim().eq_ignore_ascii_case(words);
        match () {
            () if is("Invalid key") => Self::InvalidKey,
            () if is("Invalid cmd") => Self::InvalidCommand,
            () if is("No device") => Self::NoDevice,
            () if is("Unsupported cmd") => Self::Unsupported,
            // Words are short. A longer run may be a key that is repeated.
            () if text.split_whitespace().any(|word| word.len() >= LONG_WORD) => {
                Self::Other { message: "<redacted>".into() }
            }
            () => Self::Other { message: text.chars().take(MOST_WORDS).collect::<String>().into() },
        }
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidKey => "the gateway refused the key",
            Self::InvalidCommand => "the gateway could not read the command",
            Self::NoDevice => "the gateway has no device with this sid",
            Self::Unsupported => "the gateway does not support the command",
            Self::Other { message } => {
                return write!(f, "the gateway reports \"{}\"", message.escape_debug());
            }
        })
    }
}

impl core::error::Error for GatewayError {}

/// Why a write cannot be sent as it is. Nothing was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInput {
    /// There is nothing to write.
    #[error("there is no value to write")]
    NoValues,
    /// A value is called as the key of a write is.
    #[error("a value cannot be called \"{name}\", which the protocol needs for itself")]
    Reserved {
        /// Its name.
        name: &'static str,
    },
    /// A gateway cannot be expected to read so much.
    #[error("values of {length} bytes are too long, at most {MAX_WRITE} are written")]
    TooLong {
        /// As JSON text.
        length: usize,
    },
}

/// The longest values of one write, in bytes of JSON: they fit a frame of Ethernet.
pub const MAX_WRITE: usize = 1024;

/// How a request ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The gateway answered with an error.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// No answer. What was asked for can be asked again.
    #[error("no answer ({sent} sent)")]
    NoAnswer {
        /// How many datagrams were.
        sent: u32,
    },
    /// A write got no answer: it may have been carried out, or not.
    #[error("no answer: the write may have been executed (it was sent once)")]
    MaybeExecuted,
    /// The time ran out while the request waited for its turn; nothing was sent.
    #[error("the time ran out before the request could be sent")]
    NeverSent,
    /// A write without a key.
    #[error("a write needs the gateway's key, and none was given")]
    NoKey,
    /// The gateway gives out no token, so that no write can be sent.
    #[error("the gateway gave no token to encrypt")]
    NoToken,
    /// As many requests wait as may.
    #[error("{waiting} requests wait already")]
    Full {
        /// How many do.
        waiting: usize,
    },
    /// The write cannot be sent as it is.
    #[error(transparent)]
    Input(#[from] InvalidInput),
}

/// What is kept of an error that is not known.
const MOST_WORDS: usize = 100;
/// As long as a key or a token.
const LONG_WORD: usize = 16;
