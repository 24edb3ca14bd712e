//! How a session fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::tls::{InvalidTls, TlsError, TlsFailure};
use crate::topic::InvalidTopic;
use crate::{ConnectCode, Problem};

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` says what was wrong, and
/// [`hint`](Self::hint) what to do.
#[derive(Clone)]
pub struct Error(Arc<Cause>);

/// What went wrong, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It breaks a rule of MQTT or of the platform. Nothing was sent.
    BadInput,
    /// Too much waits already. Nothing was sent.
    Full,
    /// The broker refused the credentials (CONNACK 4 or 5): the same ones will be refused again, so that no further
    /// attempt is made.
    Auth,
    /// The broker refused the connection for another reason.
    Refused,
    /// The broker refused the subscription.
    SubscriptionRefused,
    /// There is no connection, or the time was over before anything was sent.
    Timeout,
    /// The message was sent, and nobody acknowledged it in time: it may have arrived.
    MaybeSent,
    /// No connection could be made, or it broke.
    Io,
    /// The broker could not prove who it is, or did not take the client's certificate.
    Tls,
    /// The broker closed the connection.
    Disconnected,
    /// The broker sent what is not MQTT.
    Malformed,
    /// The session is over.
    Closed,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// What is wrong with what the program asked for.
    Input(Input),
    Full {
        what: &'static str,
        most: usize,
    },
    Refused(ConnectCode),
    SubscriptionRefused(String),
    Timeout {
        what: &'static str,
        sent: bool,
    },
    /// No connection to this host and port.
    Connect {
        host: String,
        port: u16,
        error: io::Error,
    },
    ConnectTimeout {
        host: String,
        port: u16,
        after: Duration,
    },
    /// No CONNACK.
    NoAnswer,
    Tls {
        host: String,
        error: TlsError,
    },
    /// TLS says so where something was read or written.
    TlsEnded {
        failure: TlsFailure,
        error: io::Error,
    },
    Io(io::Error),
    /// Nothing is heard, although it was asked.
    Silent(Duration),
    /// Nothing is acknowledged.
    Stuck,
    /// Messages found no room, and come again with another connection.
    Owed,
    /// The broker closed the connection; so often in a row, soon after it had accepted it.
    Ended {
        evictions: Option<u32>,
        error: Option<io::Error>,
    },
    Malformed(Box<dyn StdError + Send + Sync>),
    Closed,
}

/// What the program asked for and cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Input {
    #[error("{0}")]
    Topic(InvalidTopic),
    #[error("quality of service {qos} is more than the platform has: {highest}")]
    Qos { qos: u8, highest: u8 },
    #[error("the platform retains no messages")]
    Retain,
    #[error("the platform has no wills")]
    Will,
    #[error("a payload of {bytes} bytes is more than the platform takes: {most}")]
    Payload { bytes: usize, most: usize },
    #[error("a keep-alive of {seconds} s is not within the platform's {low} to {high} s")]
    KeepAlive { seconds: u16, low: u16, high: u16 },
    #[error("the login cannot be written: {0}")]
    Login(Problem),
    #[error("{0}")]
    Tls(InvalidTls),
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::Input(_) => ErrorKind::BadInput,
            Cause::Full { .. } => ErrorKind::Full,
            Cause::Refused(code) if code.is_authentication() => ErrorKind::Auth,
            Cause::Refused(_) => ErrorKind::Refused,
            Cause::SubscriptionRefused(_) => ErrorKind::SubscriptionRefused,
            Cause::Timeout { sent: true, .. } => ErrorKind::MaybeSent,
            Cause::Timeout { .. } | Cause::ConnectTimeout { .. } | Cause::NoAnswer => {
                ErrorKind::Timeout
            }
            Cause::Connect { error, .. } => match error.kind() {
                io::ErrorKind::TimedOut => ErrorKind::Timeout,
                _ => ErrorKind::Io,
            },
            Cause::Tls { .. } | Cause::TlsEnded { .. } => ErrorKind::Tls,
            Cause::Io(_) => ErrorKind::Io,
            Cause::Silent(_) | Cause::Stuck | Cause::Owed | Cause::Ended { .. } => {
                ErrorKind::Disconnected
            }
            Cause::Malformed(_) => ErrorKind::Malformed,
            Cause::Closed => ErrorKind::Closed,
        }
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), ErrorKind::Timeout | ErrorKind::MaybeSent)
    }

    /// Whether the same may work later, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Disconnected, Full, Io, Timeout};
        matches!(self.kind(), Disconnected | Full | Io | Timeout) || self.is_unavailable()
    }

    /// What the broker said to the login, where it refused it.
    pub fn connect_code(&self) -> Option<ConnectCode> {
        match &*self.0 {
            Cause::Refused(code) => Some(*code),
            _ => None,
        }
    }

    /// How often in a row the broker ended a connection within two minutes after it had accepted it, where that was
    /// three times or more: probably another client has the same identity, and each ends the other's connection.
    pub fn evictions(&self) -> Option<u32> {
        match &*self.0 {
            Cause::Ended { evictions, .. } => *evictions,
            _ => None,
        }
    }

    /// Why there is no connection over TLS, where that is why.
    pub fn tls_failure(&self) -> Option<TlsFailure> {
        match &*self.0 {
            Cause::Tls { error, .. } => Some(error.failure()),
            Cause::TlsEnded { failure, .. } => Some(*failure),
            _ => None,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match &*self.0 {
            Cause::Refused(code) => match *code {
                code if code.is_authentication() => {
                    "is it the secret of this device, on this platform and instance? Credentials that hold a \
                     time are refused when the clock is wrong, and a device that is disabled always"
                }
                ConnectCode::BAD_CLIENT_ID => {
                    "Aliyun says so of a client id or ext params that it does not take, and where the secure mode \
                     does not go with the transport"
                }
                ConnectCode::UNAVAILABLE => {
                    "the platform may be down; Aliyun also says so of a keep-alive below 30 s"
                }
                ConnectCode::BAD_PROTOCOL => "is this a broker of MQTT 3.1.1?",
                _ => return None,
            },
            Cause::SubscriptionRefused(_) => {
                "clouds grant a device its own topics and nothing else: are product and device name right, and is the \
                 topic defined in the console?"
            }
            Cause::Timeout { sent: false, .. } => {
                "was there a connection? the session's events tell why not"
            }
            Cause::Timeout { sent: true, .. } => {
                "the message may have arrived. A platform that throttles a device, or has no such topic, does not \
                 acknowledge"
            }
            Cause::Connect { error, .. } if error.kind() == io::ErrorKind::ConnectionRefused => {
                "is this the host and the port of the broker? Clouds have 1883 for TCP and 8883 for TLS; instances of \
                 late have no plain TCP"
            }
            Cause::Connect { .. } | Cause::ConnectTimeout { .. } => {
                "is the name of the host right, is there a network, and does no firewall keep the port from it?"
            }
            Cause::NoAnswer => {
                "the connection stands, and nothing answers: is this the TLS port for plain TCP, or not MQTT at all?"
            }
            Cause::Silent(_) => {
                "the network may be gone without a word, or a router has forgotten the connection: ping more often"
            }
            Cause::Ended { evictions: Some(_), .. } => {
                "probably another client has the same identity, and each ends the other's connection; or the client \
                 does something that the broker forbids"
            }
            Cause::Ended { evictions: None, .. } => {
                "the broker may have restarted, another client may have the same identity, or something was sent that \
                 the broker forbids"
            }
            Cause::Full { .. } => "wait for acknowledgements before sending more",
            _ => return None,
        })
    }

    pub(super) fn new(cause: Cause) -> Self {
        Self(Arc::new(cause))
    }

    pub(super) fn input(input: Input) -> Self {
        Self::new(Cause::Input(input))
    }

    pub(super) fn closed() -> Self {
        Self::new(Cause::Closed)
    }

    pub(super) fn malformed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Cause::Malformed(source.into()))
    }

    /// How a connection ended that was read from or written to.
    pub(super) fn lost(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        if let Some(failure) = TlsFailure::of(&error) {
            return Self::new(Cause::TlsEnded { failure, error });
        }
        Self::new(match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => {
                Cause::Ended { evictions: None, error: Some(error) }
            }
            _ => Cause::Io(error),
        })
    }

    /// Whether the broker itself ended the connection.
    pub(super) fn is_by_broker(&self) -> bool {
        matches!(&*self.0, Cause::Ended { .. })
    }

    /// With how often that has happened in a row.
    pub(super) fn with_evictions(self, evictions: u32) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(Cause::Ended { error, .. }) => {
                Self::new(Cause::Ended { evictions: Some(evictions), error })
            }
            Ok(cause) => Self::new(cause),
            Err(shared) => Self(shared),
        }
    }

    /// Whether another attempt has to fail for the same reason.
    pub(super) fn is_final(&self) -> bool {
        match &*self.0 {
            Cause::Input(_) | Cause::Closed => true,
            Cause::Refused(_) => !self.is_unavailable(),
            _ => false,
        }
    }

    fn is_unavailable(&self) -> bool {
        self.connect_code() == Some(ConnectCode::UNAVAILABLE)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Input(input) => input.fmt(f),
            Cause::Full { what, most } => write!(f, "{most} {what} wait already"),
            Cause::Refused(code) => write!(f, "the broker refuses the login: {code}"),
            Cause::SubscriptionRefused(filter) => {
                write!(f, "the broker refuses the subscription to {filter}")
            }
            Cause::Timeout { what, sent: true } => {
                write!(f, "the {what} was sent and not acknowledged in time")
            }
            Cause::Timeout { what, sent: false } => {
                write!(f, "the {what} could not be sent in time")
            }
            Cause::Connect { host, port, .. } => {
                write!(f, "no connection to {} port {port}", Quoted(host))
            }
            Cause::ConnectTimeout { host, port, after } => {
                write!(f, "no connection to {} port {port} within {after:?}", Quoted(host))
            }
            Cause::NoAnswer => f.write_str("no answer to the login in time"),
            Cause::Tls { host, error } => {
                write!(f, "no TLS connection to {}: {error}", Quoted(host))
            }
            Cause::TlsEnded { failure, .. } => failure.fmt(f),
            Cause::Io(_) => f.write_str("the connection failed"),
            Cause::Silent(after) => write!(f, "nothing heard of the broker for {after:?}"),
            Cause::Stuck => f.write_str("the broker acknowledges nothing"),
            Cause::Owed => f.write_str(
                "the connection is made anew for messages that had found no room to wait in",
            ),
            Cause::Ended { evictions: Some(times), .. } => {
                write!(
                    f,
                    "the broker closed the connection, for the {times}. time soon after it was made"
                )
            }
            Cause::Ended { evictions: None, .. } => f.write_str("the broker closed the connection"),
            Cause::Malformed(_) => f.write_str("the broker sent what is not MQTT 3.1.1"),
            Cause::Closed => f.write_str("the session is closed"),
        }
    }
}

/// A host that a person gave, without what a terminal would act upon.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_debug().fmt(f)
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
            Cause::Connect { error, .. } | Cause::Io(error) | Cause::TlsEnded { error, .. } => {
                Some(error)
            }
            Cause::Ended { error, .. } => error.as_ref().map(|error| error as _),
            // Its own text stands in ours.
            Cause::Tls { error, .. } => error.source(),
            Cause::Malformed(error) => Some(&**error),
            _ => None,
        }
    }
}
