//! How something fails at the spec server, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iot_home_http::InvalidClient;

use crate::{ParseError, Urn};

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
    /// No such model is in the list; [`Error::near`] says which may have been meant.
    UnknownModel,
    /// The server has no such instance, or no descriptions of it.
    NotFound,
    /// The server answers with an error of its own.
    Unavailable,
    /// No connection, or one that broke.
    Transport,
    /// The server could not prove who it is. Nothing was sent.
    Tls,
    /// No answer in time.
    Timeout,
    /// The answer cannot be read, or is another one's.
    Malformed,
}

#[derive(Debug)]
pub(super) enum Cause {
    Url,
    HttpClient(InvalidClient),
    Model {
        model: Box<str>,
        near: Vec<Box<str>>,
    },
    NotFound(Urn),
    Status {
        place: Box<str>,
        status: u16,
    },
    Http(iot_home_http::Error),
    Timeout {
        place: Box<str>,
        after: Duration,
    },
    Parse {
        place: Box<str>,
        error: ParseError,
    },
    /// The instance says that it is another one.
    Another {
        place: Box<str>,
    },
    /// The task that read it is gone.
    Ended,
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        use iot_home_http::ErrorKind as Http;
        match &*self.0 {
            Cause::Url | Cause::HttpClient(_) => ErrorKind::BadInput,
            Cause::Model { .. } => ErrorKind::UnknownModel,
            Cause::NotFound(_) => ErrorKind::NotFound,
            Cause::Status { .. } => ErrorKind::Unavailable,
            Cause::Http(error) => match error.kind() {
                Http::BadRequest => ErrorKind::BadInput,
                Http::Tls => ErrorKind::Tls,
                Http::Timeout => ErrorKind::Timeout,
                Http::Malformed | Http::TooLarge | Http::Redirected => ErrorKind::Malformed,
                _ => ErrorKind::Transport,
            },
            Cause::Timeout { .. } => ErrorKind::Timeout,
            Cause::Parse { .. } | Cause::Another { .. } => ErrorKind::Malformed,
            Cause::Ended => ErrorKind::Transport,
        }
    }

    /// Models that may have been meant.
    pub fn near(&self) -> impl Iterator<Item = &str> {
        let near = match &*self.0 {
            Cause::Model { near, .. } => near.as_slice(),
            _ => &[],
        };
        near.iter().map(|model| &**model)
    }

    /// What to do, where something can be said.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match (&*self.0, self.kind()) {
            (Cause::Url, _) => {
                "write https://host, or http:// on this machine, without a user name and without a query"
            }
            (Cause::Http(error), _) if error.hint().is_some() => return error.hint(),
            (_, ErrorKind::UnknownModel) => {
                "models are written as devices say them, vendor.kind.name; a classic device has no spec"
            }
            (_, ErrorKind::Unavailable | ErrorKind::Timeout) => "try again later",
            (_, ErrorKind::Malformed) => "check DNS and proxy: is it the spec server?",
            _ => return None,
        })
    }

    /// Whether the server did not answer in time.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether the same may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Unavailable)
    }

    pub(super) fn new(cause: Cause) -> Self {
        Self(Arc::new(cause))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Url => f.write_str("this is no address of a spec server"),
            Cause::HttpClient(error) => error.fmt(f),
            Cause::Model { model, near } if near.is_empty() => {
                write!(f, "no spec is known of the model {model:?}")
            }
            Cause::Model { model, near } => {
                write!(f, "no spec is known of the model {model:?}; is it {}?", near.join(" or "))
            }
            Cause::NotFound(urn) => write!(f, "the spec server knows nothing of {urn}"),
            Cause::Status { place, status } => write!(f, "{place} answered with status {status}"),
            Cause::Http(error) => error.fmt(f),
            Cause::Timeout { place, after } => write!(f, "{place}: no answer within {after:?}"),
            Cause::Parse { place, error } => write!(f, "{place}: {error}"),
            Cause::Another { place } => {
                write!(f, "{place} answered with the instance of another device")
            }
            Cause::Ended => f.write_str("the runtime ended before it was done"),
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
            Cause::Http(error) => error.source(),
            Cause::HttpClient(error) => error.source(),
            _ => None,
        }
    }
}
