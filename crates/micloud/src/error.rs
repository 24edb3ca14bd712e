//! What the API answers when it does not do as asked.

use core::fmt;

use crate::OpenError;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The login is no longer good. Log in again, once, then ask again with a new nonce.
    #[error("the login is not accepted: {0}; log in again")]
    Expired(Expiry),
    /// The server refused.
    #[error("the server refused with code {code}{}", meaning_of(*code))]
    Code {
        /// Its code.
        code: i64,
        /// Its words, for a person to read; not part of the error's text.
        message: ServerText,
    },
    /// Too much was asked. Ask less often.
    #[error("the server says that too much was asked of it; wait before asking again")]
    Throttled,
    /// It says that all is well, and gives no result.
    #[error("the server answered without a result")]
    NoResult,
    /// A status that tells of an outage, or of a wrong address.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The answer could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The result has another form than it should.
    #[error("the result has another form than expected, at line {line}, column {column}")]
    Shape {
        /// Where in the answer's JSON.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}

impl ApiError {
    /// Whether logging in again is what helps.
    pub const fn is_expired(&self) -> bool {
        matches!(self, Self::Expired(_))
    }

    /// What the server's code says, where that is known.
    pub const fn meaning(&self) -> Option<&'static str> {
        match self {
            Self::Code { code, .. } => meaning(*code),
            _ => None,
        }
    }

    /// Whether asking again later may help, for a call that may be repeated.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Throttled | Self::Open(OpenError::Html | OpenError::Empty) => true,
            Self::Status(status) => *status == 404 || *status >= 500,
            _ => false,
        }
    }
}

fn meaning_of(code: i64) -> String {
    meaning(code).map(|meaning| format!(" ({meaning})")).unwrap_or_default()
}

/// What a code of the whole answer says. Items have codes of their own.
const fn meaning(code: i64) -> Option<&'static str> {
    Some(match code {
        -1 => "no permission for that device",
        -4 => "the server failed",
        -6 => "the device is not of this account or region, or has no such file",
        -7 => "the device is not registered",
        -8 => "a parameter is missing or of the wrong type",
        2..=4 => "not logged in",
        _ => return None,
    })
}

/// How the server says that a login is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Expiry {
    /// By the status: 401, 403, 421 or 426. A 426 that stays may mean that the client is too old.
    #[error("status {0}")]
    Status(u16),
    /// By the code: 2, 3 or 4.
    #[error("code {0}")]
    Code(i64),
    /// `auth err`, whatever the code.
    #[error("authentication failed")]
    AuthError,
    /// `serviceToken expired`, whatever the code.
    #[error("the serviceToken has expired")]
    TokenExpired,
    /// Ssecurity and serviceToken are not of one login, the clock is wrong, or the login has expired.
    #[error("invalid signature; is the clock right?")]
    InvalidSignature,
}

impl Expiry {
    pub(crate) const fn of_status(status: u16) -> Option<Self> {
        if matches!(status, 401 | 403 | 421 | 426) { Some(Self::Status(status)) } else { None }
    }
}

/// Words of the server, cut to [200 characters](Self::MAX_LEN), without control characters.
///
/// They are for people. `Debug` leaves them out, since nobody knows what a server repeats.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServerText(Box<str>);

impl ServerText {
    /// The most characters that are kept.
    pub const MAX_LEN: usize = 200;

    pub(crate) fn new(text: &str) -> Self {
        let kept = text.chars().filter(|c| !c.is_control()).take(Self::MAX_LEN);
        Self(kept.collect::<String>().into())
    }

    /// The words.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerText({} bytes)", self.0.len())
    }
}
