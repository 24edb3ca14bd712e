//! How something fails at the cloud, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use iot_home_http::InvalidClient;

use crate::login::{AnswerError, InvalidPassToken};
use crate::{ApiError, Expiry, InvalidCall, InvalidIdentity, LoginError, OpenError};

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` says what was wrong, and
/// [`hint`](Self::hint) what to do. No secret, no query and nothing that was sent is part of it.
#[derive(Clone)]
pub struct Error(Arc<Cause>);

/// What went wrong, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It cannot be asked like this. Nothing was sent.
    BadInput,
    /// A person must log in; [`Error::login_reason`] says why.
    NeedsLogin,
    /// The account's server refused a login.
    LoginRefused,
    /// The server refused the call; [`Error::code`] says how.
    Refused,
    /// The login is not accepted although it is new.
    Expired,
    /// The login is not accepted, and was renewed too often in the last ten minutes to be renewed once more.
    RenewalLimit,
    /// The server says that too much was asked of it.
    Throttled,
    /// The server has an outage, or a web page came in its place.
    Unavailable,
    /// No connection, or one that broke. Whether the call arrived is not known.
    Transport,
    /// The server could not prove who it is. Nothing was sent.
    Tls,
    /// No answer in time. Whether the call arrived is not known.
    Timeout,
    /// The answer cannot be read.
    Malformed,
    /// The session's file cannot be read or written.
    File,
}

/// Why a person must log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LoginReason {
    /// Nobody has logged in yet.
    #[error("nobody has logged in yet")]
    NoSession,
    /// The session holds no passToken to renew it with.
    #[error("the login has expired, and the session holds no passToken to renew it with")]
    NoPassToken,
    /// The passToken is no longer accepted.
    #[error("the login has expired, and its passToken is not accepted any longer")]
    PassTokenRefused,
    /// The server asks something that only a person can answer.
    #[error("the login has expired, and the server wants a person to prove who they are")]
    Challenged,
}

#[derive(Debug)]
pub(super) enum Cause {
    Call(InvalidCall),
    Answer(AnswerError),
    PassToken(InvalidPassToken),
    HttpClient(InvalidClient),
    Input(&'static str),
    Identity {
        what: &'static str,
        error: InvalidIdentity,
    },
    Person(LoginReason),
    Login(LoginError),
    Api {
        path: Box<str>,
        error: ApiError,
    },
    /// What was written is not what is there.
    NotTaken,
    RenewalLimit {
        again_in: Duration,
    },
    /// The task that did it is gone.
    Ended,
    Http {
        place: Box<str>,
        error: iot_home_http::Error,
    },
    Timeout {
        place: Box<str>,
        after: Duration,
    },
    File {
        path: PathBuf,
        doing: &'static str,
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::Call(_)
            | Cause::Answer(_)
            | Cause::PassToken(_)
            | Cause::HttpClient(_)
            | Cause::Input(_)
            | Cause::Identity { .. } => ErrorKind::BadInput,
            Cause::Person(_) => ErrorKind::NeedsLogin,
            Cause::Login(error) => of_login(error),
            Cause::Api { error, .. } => of_api(error),
            Cause::NotTaken => ErrorKind::Refused,
            Cause::RenewalLimit { .. } => ErrorKind::RenewalLimit,
            Cause::Ended => ErrorKind::Transport,
            Cause::Http { error, .. } => match error.kind() {
                iot_home_http::ErrorKind::BadRequest => ErrorKind::BadInput,
                iot_home_http::ErrorKind::Tls => ErrorKind::Tls,
                iot_home_http::ErrorKind::Timeout => ErrorKind::Timeout,
                iot_home_http::ErrorKind::Malformed
                | iot_home_http::ErrorKind::TooLarge
                | iot_home_http::ErrorKind::Redirected => ErrorKind::Malformed,
                _ => ErrorKind::Transport,
            },
            Cause::Timeout { .. } => ErrorKind::Timeout,
            Cause::File { .. } => ErrorKind::File,
        }
    }

    /// Why a person must log in, where one must.
    pub fn login_reason(&self) -> Option<LoginReason> {
        match &*self.0 {
            Cause::Person(reason) => Some(*reason),
            _ => None,
        }
    }

    /// The server's code, where it refused a call.
    pub fn code(&self) -> Option<i64> {
        match self.api_error()? {
            ApiError::Code { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// What the API said, where that is the cause: also with the server's own words.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &*self.0 {
            Cause::Api { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Why a login failed, where that is the cause.
    pub fn login_error(&self) -> Option<LoginError> {
        match &*self.0 {
            Cause::Login(error) => Some(*error),
            _ => None,
        }
    }

    /// Why no answer came over HTTP, where that is the cause.
    pub fn http_error(&self) -> Option<&iot_home_http::Error> {
        match &*self.0 {
            Cause::Http { error, .. } => Some(error),
            _ => None,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match &*self.0 {
            Cause::Person(LoginReason::NoSession) => {
                Some("log in by QR code, by password, or with a passToken of a browser")
            }
            Cause::Person(_) => Some("log in again; a QR code asks for the least"),
            Cause::Login(error) => error.hint(),
            Cause::Api { error, .. } => of_api_hint(error),
            Cause::RenewalLimit { .. } => Some(
                "another program may log in with the same account's passToken, or the clock is wrong; wait, then try again",
            ),
            Cause::Http { error, .. } => error.hint(),
            Cause::Timeout { .. } => {
                Some("the device behind it may be slow, or the network: allow more time")
            }
            Cause::File { .. } => Some("is the folder there, and may this user write to it?"),
            _ => None,
        }
    }

    /// Whether the same may work later.
    pub fn is_transient(&self) -> bool {
        use ErrorKind::{Throttled, Timeout, Transport, Unavailable};
        matches!(self.kind(), Throttled | Timeout | Transport | Unavailable)
    }

    pub(super) fn new(cause: Cause) -> Self {
        Self(Arc::new(cause))
    }

    pub(super) fn input(what: &'static str) -> Self {
        Self::new(Cause::Input(what))
    }

    pub(super) fn person(reason: LoginReason) -> Self {
        Self::new(Cause::Person(reason))
    }

    pub(super) fn api(path: &str, error: ApiError) -> Self {
        Self::new(Cause::Api { path: path.into(), error })
    }

    /// How the server said that the login is not good.
    pub(super) fn expiry(&self) -> Option<Expiry> {
        match self.api_error()? {
            ApiError::Expired(expiry) => Some(*expiry),
            _ => None,
        }
    }
}

fn of_api(error: &ApiError) -> ErrorKind {
    match error {
        ApiError::Expired(_) => ErrorKind::Expired,
        ApiError::Code { .. } => ErrorKind::Refused,
        ApiError::Throttled => ErrorKind::Throttled,
        ApiError::Status(status) if *status == 404 || *status >= 500 => ErrorKind::Unavailable,
        ApiError::Status(_) => ErrorKind::Refused,
        ApiError::Open(OpenError::Html | OpenError::Empty) => ErrorKind::Unavailable,
        _ => ErrorKind::Malformed,
    }
}

fn of_api_hint(error: &ApiError) -> Option<&'static str> {
    Some(match error {
        ApiError::Expired(Expiry::InvalidSignature) => "is this machine's clock right?",
        ApiError::Expired(Expiry::Status(426)) => {
            "the server may no longer take this User-Agent: give a newer one"
        }
        ApiError::Expired(_) => "log in again",
        ApiError::Code { code: -1 | -6 | -7, .. } => {
            "is it the region that the device was bound in, and the right account?"
        }
        ApiError::Code { code: -8, .. } => "numbers and texts are told apart: 1 is not \"1\"",
        ApiError::Throttled => "ask less often",
        ApiError::Open(OpenError::Html) => "check DNS and proxy; the server may also be down",
        _ => return None,
    })
}

fn of_login(error: &LoginError) -> ErrorKind {
    match error {
        LoginError::Html { .. } | LoginError::NoImage { .. } => ErrorKind::Unavailable,
        LoginError::Unanswered => ErrorKind::Transport,
        LoginError::QrExpired => ErrorKind::Timeout,
        LoginError::Unreadable { .. }
        | LoginError::Missing(_)
        | LoginError::ForeignHost
        | LoginError::Redirects => ErrorKind::Malformed,
        _ => ErrorKind::LoginRefused,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Call(error) => write!(f, "there is no such call: {error}"),
            Cause::Answer(error) => error.fmt(f),
            Cause::PassToken(error) => error.fmt(f),
            Cause::HttpClient(error) => error.fmt(f),
            Cause::Input(what) => f.write_str(what),
            Cause::Identity { what, error } => write!(f, "the {what} cannot be sent: {error}"),
            Cause::Person(reason) => write!(f, "a person must log in: {reason}"),
            Cause::Login(error) => write!(f, "the login failed: {error}"),
            Cause::Api { path, error } => write!(f, "{path}: {error}"),
            Cause::RenewalLimit { again_in } => write!(
                f,
                "the login is not accepted, and was renewed too often; the next attempt is possible in {} s",
                again_in.as_secs().max(1)
            ),
            Cause::NotTaken => f.write_str("the server agreed to the change and did not make it"),
            Cause::Ended => f.write_str("the runtime ended before it was done"),
            Cause::Http { place, error } => write!(f, "{place}: {error}"),
            Cause::Timeout { place, after } => write!(f, "{place}: no answer within {after:?}"),
            Cause::File { path, doing, source } => {
                write!(f, "the session's file {} cannot be {doing}: {source}", path.display())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Every other cause's own text stands in ours.
        match &*self.0 {
            Cause::Http { error, .. } => error.source(),
            Cause::HttpClient(error) => error.source(),
            _ => None,
        }
    }
}

impl From<InvalidCall> for Error {
    fn from(error: InvalidCall) -> Self {
        Self::new(Cause::Call(error))
    }
}

impl From<AnswerError> for Error {
    fn from(error: AnswerError) -> Self {
        Self::new(Cause::Answer(error))
    }
}

impl From<InvalidPassToken> for Error {
    fn from(error: InvalidPassToken) -> Self {
        Self::new(Cause::PassToken(error))
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        Self::new(Cause::Login(error))
    }
}
