//! How a call fails, and what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::error::{Failure, GatewayError};
use crate::sid::Sid;

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` names the gateway, the request and
/// the child, and [`hint`](Self::hint) says what to do.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    addr: Option<SocketAddr>,
    what: &'static str,
    sid: Option<Sid>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Failure(Failure),
    Io(io::Error),
    Closed,
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Failure(failure) => match failure {
                Failure::Gateway(GatewayError::InvalidKey) => ErrorKind::Key,
                Failure::Gateway(GatewayError::NoDevice) => ErrorKind::NoDevice,
                Failure::Gateway(_) | Failure::NoToken => ErrorKind::Refused,
                Failure::NoAnswer { .. } => ErrorKind::NoAnswer,
                Failure::MaybeExecuted => ErrorKind::MaybeExecuted,
                Failure::NeverSent | Failure::Full { .. } => ErrorKind::Busy,
                Failure::NoKey => ErrorKind::NoKey,
                Failure::Input(_) => ErrorKind::BadInput,
            },
            Cause::Io(_) => ErrorKind::Io,
            Cause::Closed => ErrorKind::Closed,
        }
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        use Failure::{MaybeExecuted, NeverSent, NoAnswer};
        matches!(&self.0.cause, Cause::Failure(NoAnswer { .. } | MaybeExecuted | NeverSent))
    }

    /// Whether the same call may work later, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind(), ErrorKind::NoAnswer | ErrorKind::Busy)
    }

    /// The gateway's own error, where it sent one.
    pub fn gateway_error(&self) -> Option<&GatewayError> {
        match &self.0.cause {
            Cause::Failure(Failure::Gateway(error)) => Some(error),
            _ => None,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match &self.0.cause {
            Cause::Failure(failure) => match failure {
                Failure::NoAnswer { .. } => {
                    "is this the gateway's address, is its LAN protocol (developer mode) switched on in the app, and \
                     does no firewall keep UDP port 9898 from it? Newer firmware keeps the port shut for good"
                }
                Failure::MaybeExecuted => {
                    "read the child before trying again: the write may have been executed, and only its answer lost"
                }
                Failure::Gateway(GatewayError::InvalidKey) => {
                    "a new token did not help, so the key is not this gateway's: look it up again in the app, which \
                     makes a new one whenever the LAN protocol is switched on"
                }
                Failure::Gateway(GatewayError::NoDevice) => {
                    "list the gateway's children: the sid may be another gateway's"
                }
                Failure::Gateway(_) => {
                    "does this child have these values, and can they be written? Not every model takes every value"
                }
                Failure::NoToken => "is this a gateway? Without a token nothing can be written",
                Failure::NoKey => "hand in the key that the app shows for the LAN protocol",
                Failure::NeverSent | Failure::Full { .. } => {
                    "too many calls wait for this gateway: make fewer at a time, or give them longer"
                }
                Failure::Input(_) => return None,
            },
            Cause::Io(error) if error.kind() == io::ErrorKind::AddrInUse => {
                "another program has the port to itself: stop it, or hear no reports"
            }
            Cause::Io(_) => "does this machine have the address, and is its network up?",
            Cause::Closed => "the runtime is shutting down, or the socket broke",
        })
    }

    pub(super) fn failure(
        addr: SocketAddr,
        what: &'static str,
        sid: Option<Sid>,
        failure: Failure,
    ) -> Self {
        Self::new(Some(addr), what, sid, Cause::Failure(failure))
    }

    pub(super) fn bind(addr: SocketAddr, error: io::Error) -> Self {
        Self::new(Some(addr), "opening a socket", None, Cause::Io(error))
    }

    pub(super) fn lan(error: iot_home_lan::Error) -> Self {
        match error.addr() {
            Some(addr) => Self::bind(addr, error.into_io()),
            None => Self::new(None, "listing the interfaces", None, Cause::Io(error.into_io())),
        }
    }

    pub(super) fn closed(addr: SocketAddr, what: &'static str, sid: Option<Sid>) -> Self {
        Self::new(Some(addr), what, sid, Cause::Closed)
    }

    fn new(addr: Option<SocketAddr>, what: &'static str, sid: Option<Sid>, cause: Cause) -> Self {
        Self(Box::new(Inner { addr, what, sid, cause }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.what)?;
        if let Some(sid) = self.0.sid {
            write!(f, " {sid}")?;
        }
        if let Some(addr) = self.0.addr {
            write!(f, " at {addr}")?;
        }
        match &self.0.cause {
            Cause::Failure(failure) => write!(f, ": {failure}"),
            // The system's own words are the source.
            Cause::Io(_) => f.write_str(" failed"),
            Cause::Closed => f.write_str(": the client has ended"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("addr", &self.0.addr)
            .field("what", &self.0.what)
            .field("sid", &self.0.sid)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            // Its own words stand in ours already.
            _ => None,
        }
    }
}

/// The causes that are worth telling apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The gateway did not answer. What was asked may be asked again.
    NoAnswer,
    /// A write got no answer: it may have been executed, or not.
    MaybeExecuted,
    /// The gateway refused the key, also with a new token.
    Key,
    /// A write, and no key to write with.
    NoKey,
    /// The gateway has no child with this sid.
    NoDevice,
    /// The gateway refused for another reason.
    Refused,
    /// What was to be written cannot be; nothing was sent.
    BadInput,
    /// Too many calls at a time; this one was not sent.
    Busy,
    /// The operating system's network.
    Io,
    /// The client has ended.
    Closed,
}
