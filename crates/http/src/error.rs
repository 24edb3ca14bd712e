//! How a request fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::place::Place;

/// Why there is no answer, or no whole one. [`kind`](Self::kind) tells causes apart, `Display` says what was wrong, and
/// [`hint`](Self::hint) what to do. None of them shows more of an address than scheme, host and port.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// What went wrong, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It cannot be sent as it is. Nothing was sent.
    BadRequest,
    /// No connection could be made: no such name, nobody listens, or the proxy makes none. Nothing was sent.
    Connect,
    /// The server could not prove who it is. Nothing was sent.
    Tls,
    /// No connection was made in time, or nothing was heard for too long.
    Timeout,
    /// The connection broke: before the answer, in which case the request may have arrived, or within it.
    Io,
    /// What came back is not HTTP.
    Malformed,
    /// The answer is longer than it may be.
    TooLarge,
    /// The client followed a redirect although it should not.
    Redirected,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of a client of one's own. The message is a part of a sentence, and shows nothing secret.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), source: None }))
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    pub(crate) fn redirected(place: &Place) -> Self {
        Self::new(ErrorKind::Redirected, format!("{place} sent on to another address"))
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(ErrorKind::TooLarge, format!("the answer has more than {limit} bytes"))
    }

    pub(crate) fn of(place: &Place, error: reqwest::Error) -> Self {
        // The address may be secret, and the place says what may be told.
        let error = error.without_url();
        let kind = kind(&error);
        let what = match kind {
            ErrorKind::BadRequest => "cannot be asked like this",
            ErrorKind::Tls => "could not prove who it is",
            ErrorKind::Timeout if error.is_connect() => "made no connection in time",
            ErrorKind::Timeout => "was silent for too long",
            ErrorKind::Connect => "cannot be reached",
            ErrorKind::Malformed => "answered with what is not HTTP",
            _ => "closed the connection before the answer was there",
        };
        let cause = deepest(&error).filter(|_| kind != ErrorKind::Timeout);
        let message = match cause {
            Some(cause) => format!("{place} {what}: {cause}"),
            None => format!("{place} {what}"),
        };
        Self(Arc::new(Inner { kind, message, source: Some(Box::new(error)) }))
    }

    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether it may pass by itself: a connection that was not made, or that broke, or silence.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Io)
    }

    /// What to do, where something can be said.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.kind() {
            ErrorKind::Connect => {
                "check the network, the name and the proxy (HTTPS_PROXY, NO_PROXY)"
            }
            ErrorKind::Timeout => {
                "check the network and the proxy; a firewall may swallow what is sent"
            }
            ErrorKind::Tls => {
                "check the clock and the system's CA certificates; a proxy that opens TLS needs its own CA to be trusted"
            }
            ErrorKind::Redirected => "build the client of reqwest with redirect(Policy::none())",
            _ => return None,
        })
    }
}

fn kind(error: &reqwest::Error) -> ErrorKind {
    if error.is_builder() {
        return ErrorKind::BadRequest;
    }
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    let mut io = None;
    for cause in causes(error) {
        if cause.is::<rustls::Error>() {
            return ErrorKind::Tls;
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            io = io.or(Some(error.kind()));
        }
    }
    match io {
        Some(io::ErrorKind::TimedOut) => ErrorKind::Timeout,
        _ if error.is_connect() => ErrorKind::Connect,
        _ if is_unreadable(error) => ErrorKind::Malformed,
        _ => ErrorKind::Io,
    }
}

/// hyper says in words alone that it could not read an answer.
fn is_unreadable(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string();
        text.starts_with("invalid ") || text.contains("message head is too large")
    })
}

/// The error and what is below it; what an IO error wraps counts as well.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
    .take(MAX_CAUSES)
}

/// The innermost cause, where it is another than the error itself.
fn deepest(error: &reqwest::Error) -> Option<String> {
    causes(error).skip(1).last().map(ToString::to_string)
}

const MAX_CAUSES: usize = 16;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
