//! How the client fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use iot_home_http::ErrorKind as HttpKind;

use crate::login::AnswerError;
use crate::{ApiError, InvalidCall, LoginError, OpenError, SessionError};

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` says what was wrong, and
/// [`hint`](Self::hint) what to do.
#[derive(Clone)]
pub struct Error(Arc<Cause>);

/// What went wrong, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It cannot be asked like this. Nothing was sent.
    BadInput,
    /// A person has to log in: there is no session, or none that renews itself. [`Error::login_error`] may say why.
    LoginNeeded,
    /// A login failed. [`Error::login_error`] says why.
    Login,
    /// The login was renewed and is not accepted all the same, or was renewed too often.
    Expired,
    /// The server refused the call. [`Error::api_error`] has its code.
    Refused,
    /// Too much was asked of the server.
    Throttled,
    /// The time was over, and nothing was done, or doing it again does no harm.
    Timeout,
    /// The call was sent, and nobody knows what became of it.
    MaybeSent,
    /// No connection could be made, or it broke.
    Io,
    /// The server could not prove who it is.
    Tls,
    /// The server is out of order: a status of 5xx, or a web page.
    Unavailable,
    /// The answer is not what it should be.
    Malformed,
    /// The session's file cannot be read or written.
    File,
}

#[derive(Debug)]
pub(super) enum Cause {
    Call(InvalidCall),
    Answer(AnswerError),
    /// A builder's text.
    Setting(&'static str, String),
    NoSession,
    /// The passToken is of no use.
    NotRenewed(LoginError),
    Login(LoginError),
    /// Renewed too often; the next one may be tried after this time.
    TooOften(Duration),
    Api(ApiError),
    Http(iot_home_http::Error),
    /// A call that may not be repeated was sent, and has no answer that counts.
    MaybeSent(Box<Cause>),
    Timeout,
    Read(PathBuf, io::Error),
    Write(PathBuf, io::Error),
    Session(PathBuf, SessionError),
    /// What was to do this was interrupted.
    Interrupted,
}

impl Error {
    pub(super) fn new(cause: Cause) -> Self {
        Self(Arc::new(cause))
    }

    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// What the API answered, where that is why.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &*self.0 {
            Cause::Api(error) => Some(error),
            Cause::MaybeSent(cause) => match &**cause {
                Cause::Api(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    /// Why a login failed, or why a session does not renew itself.
    pub fn login_error(&self) -> Option<LoginError> {
        match &*self.0 {
            Cause::Login(error) | Cause::NotRenewed(error) => Some(*error),
            _ => None,
        }
    }

    /// Whether the same may work later, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Io, Throttled, Timeout, Unavailable};
        matches!(self.kind(), Io | Throttled | Timeout | Unavailable)
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match &*self.0 {
            Cause::NoSession => Some("log in, or hand in a stored session"),
            Cause::NotRenewed(_) => Some("log in with the password or by QR code"),
            Cause::Login(error) => error.hint(),
            Cause::TooOften(_) => Some(
                "does another program use the same account and log it out? is the clock right? Log in anew",
            ),
            Cause::Api(ApiError::Expired(_)) => {
                Some("a login that was renewed is not accepted: is the clock right? Log in anew")
            }
            Cause::MaybeSent(_) => Some("look at the device before doing it again"),
            Cause::Http(error) => error.hint(),
            Cause::Timeout => Some("check the network; a longer timeout may do"),
            Cause::Session(..) => Some("delete the file and log in anew"),
            Cause::Read(..) | Cause::Write(..) => {
                Some("the file and its folder have to belong to whoever runs the program")
            }
            Cause::Api(ApiError::Code { code: -6, .. }) => {
                Some("the device may be in another region of the account")
            }
            _ => None,
        }
    }
}

impl Cause {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Call(_) | Self::Answer(_) | Self::Setting(..) => ErrorKind::BadInput,
            Self::NoSession | Self::NotRenewed(_) => ErrorKind::LoginNeeded,
            Self::Login(LoginError::Unanswered) => ErrorKind::Io,
            Self::Login(_) => ErrorKind::Login,
            Self::TooOften(_) => ErrorKind::Expired,
            Self::Api(error) => match error {
                ApiError::Expired(_) => ErrorKind::Expired,
                ApiError::Code { .. } => ErrorKind::Refused,
                ApiError::Throttled => ErrorKind::Throttled,
                ApiError::Status(_) | ApiError::Open(OpenError::Html) => ErrorKind::Unavailable,
                _ => ErrorKind::Malformed,
            },
            Self::Http(error) => match error.kind() {
                HttpKind::BadRequest => ErrorKind::BadInput,
                HttpKind::Tls => ErrorKind::Tls,
                HttpKind::Timeout => ErrorKind::Timeout,
                HttpKind::Connect | HttpKind::Io => ErrorKind::Io,
                _ => ErrorKind::Malformed,
            },
            Self::MaybeSent(_) => ErrorKind::MaybeSent,
            Self::Timeout => ErrorKind::Timeout,
            Self::Read(..) | Self::Write(..) | Self::Session(..) => ErrorKind::File,
            Self::Interrupted => ErrorKind::Io,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Answer(error) => error.fmt(f),
            Self::Setting(what, error) => write!(f, "the {what} cannot be used: {error}"),
            Self::NoSession => f.write_str("nobody is logged in"),
            Self::NotRenewed(error) => write!(f, "the session has ended, and {error}"),
            Self::Login(error) => error.fmt(f),
            Self::TooOften(wait) => write!(
                f,
                "the login has been renewed too often; the next time is in {} s",
                wait.as_secs().saturating_add(1)
            ),
            Self::Api(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            Self::MaybeSent(cause) => {
                write!(f, "the call was sent, and nobody knows whether it was done: {cause}")
            }
            Self::Timeout => f.write_str("no answer in time"),
            Self::Read(path, _) => {
                write!(f, "the session's file {} cannot be read", path.display())
            }
            Self::Write(path, _) => {
                write!(f, "the session's file {} cannot be written", path.display())
            }
            Self::Session(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Interrupted => f.write_str("it was interrupted"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Cause::Read(_, error) | Cause::Write(_, error) => Some(error),
            Cause::Http(error) => error.source(),
            _ => None,
        }
    }
}
