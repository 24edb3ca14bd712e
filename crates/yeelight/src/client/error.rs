//! How a call fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{DeviceError, Failure, InvalidInput};

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` names the bulb and the
/// method, and [`hint`](Self::hint) says what to do.
pub struct Error(Box<Inner>);

struct Inner {
    addr: Option<SocketAddr>,
    what: Box<str>,
    cause: Cause,
    /// Whether carrying the command out twice does no harm.
    repeatable: bool,
    /// Why there is no connection, where that is why it failed.
    last_error: Option<io::Error>,
}

#[derive(Debug)]
enum Cause {
    Failure(Failure),
    Connect(io::Error),
    ConnectTimeout(Duration),
    Io(io::Error),
    /// The connection stands, and nothing is answered.
    Silent,
    /// The connection was made and ended before anything was answered.
    HungUp(io::Error),
    /// What is wrong with where it was to be searched.
    Target(&'static str),
    Realtime(RealtimeFailure),
    Other(ErrorKind, Box<dyn StdError + Send + Sync>),
    Closed,
}

/// Why a real-time channel did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RealtimeFailure {
    /// The bulb did not connect back within this time.
    NoConnection(Duration),
    /// The bulb gave no token within this time.
    NoToken(Duration),
    /// The light is off, which ends music mode.
    Off,
    /// The local address is none that a bulb can reach.
    Address,
    /// The channel ended before the command was sent, and once more when it was made anew.
    Lost,
    /// The channel could not be made anew for another call.
    Unavailable,
}

impl Error {
    /// An error of a transport of one's own. `source` is kept as the source and not repeated.
    pub fn transport(
        kind: ErrorKind,
        method: &str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(None, method, Cause::Other(kind, source.into()))
    }

    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Failure(failure) => match failure {
                Failure::Device(DeviceError::NotSupported)
                | Failure::Input(
                    InvalidInput::NotSupported { .. } | InvalidInput::NoColor { .. },
                ) => ErrorKind::NotSupported,
                Failure::Device(_) => ErrorKind::Device,
                Failure::Quota { .. } | Failure::QuotaExceeded { .. } => ErrorKind::Quota,
                Failure::NoAnswer { .. } | Failure::Disconnected if !self.0.repeatable => {
                    ErrorKind::MaybeExecuted
                }
                Failure::NoAnswer { .. } => ErrorKind::NoAnswer,
                Failure::Disconnected => ErrorKind::Disconnected,
                Failure::NotConnected { .. } => match &self.0.last_error {
                    Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                        ErrorKind::Refused
                    }
                    _ => ErrorKind::Timeout,
                },
                Failure::Full { .. } => ErrorKind::Full,
                Failure::Input(_) => ErrorKind::BadInput,
                Failure::Malformed { .. } => ErrorKind::Malformed,
            },
            Cause::Connect(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => ErrorKind::Refused,
                // That is how a system says that nothing answers at an address of its own network.
                io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => ErrorKind::Timeout,
                _ => ErrorKind::Io,
            },
            Cause::ConnectTimeout(_) => ErrorKind::Timeout,
            Cause::Io(_) => ErrorKind::Io,
            Cause::Silent => ErrorKind::NoAnswer,
            Cause::HungUp(_) => ErrorKind::Disconnected,
            Cause::Target(_) => ErrorKind::BadInput,
            Cause::Realtime(_) => ErrorKind::Realtime,
            Cause::Other(kind, _) => *kind,
            Cause::Closed => ErrorKind::Closed,
        }
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        use ErrorKind::{MaybeExecuted, NoAnswer, Timeout};
        matches!(self.kind(), MaybeExecuted | NoAnswer | Timeout)
            && !matches!(self.0.cause, Cause::Failure(Failure::Disconnected))
    }

    /// Whether the same call may work later, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Disconnected, Full, NoAnswer, Quota, Refused, Timeout};
        matches!(self.kind(), Disconnected | Full | NoAnswer | Quota | Refused | Timeout)
    }

    /// After which time there is room in the quota again, where that was the cause.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::Failure(
                Failure::Quota { retry_after } | Failure::QuotaExceeded { retry_after },
            ) => Some(*retry_after),
            _ => None,
        }
    }

    /// The bulb's own error, where it sent one.
    pub fn device_error(&self) -> Option<&DeviceError> {
        match &self.0.cause {
            Cause::Failure(Failure::Device(error)) => Some(error),
            Cause::Failure(Failure::QuotaExceeded { .. }) => Some(&DeviceError::QuotaExceeded),
            _ => None,
        }
    }

    /// What is wrong with the command, where nothing was sent for that.
    pub fn invalid_input(&self) -> Option<&InvalidInput> {
        match &self.0.cause {
            Cause::Failure(Failure::Input(error)) => Some(error),
            _ => None,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match (&self.0.cause, self.kind()) {
            (_, ErrorKind::Refused) => {
                "is this a Yeelight, and is \"LAN Control\" switched on in its app? A bulb without it \
                 refuses connections, and so does one that has four already"
            }
            (Cause::ConnectTimeout(_) | Cause::Failure(Failure::NotConnected { .. }), _)
            | (Cause::Connect(_), ErrorKind::Timeout) => {
                "is this the bulb's address, has it power, and does no firewall or guest network \
                 keep TCP port 55443 from it?"
            }
            (Cause::HungUp(_), _) => {
                "a bulb takes four connections at a time and may hang up on the fifth; or this is no Yeelight"
            }
            (Cause::Silent, _) => {
                "the connection stands, and nothing is answered on it: a bulb locked up by too many \
                 commands recovers within a minute or when its power is cut, or this is no Yeelight"
            }
            (_, ErrorKind::MaybeExecuted) => {
                "look at the bulb's state before trying again: the command may have been carried out"
            }
            (Cause::Failure(Failure::QuotaExceeded { .. }), _) => {
                "bulbs take 60 commands a minute from a connection and 144 from all together; other \
                 programs count too"
            }
            (Cause::Failure(Failure::Quota { .. }), _) => {
                "send less, use a flow or a real-time channel, or let commands wait"
            }
            (Cause::Failure(Failure::Device(error)), _) => match error {
                DeviceError::General => {
                    "most commands are taken only while the light is on, and set_default not while \
                     the app's auto-save is on"
                }
                DeviceError::NotSupported => "search answers list what a bulb supports",
                _ => return None,
            },
            (Cause::Realtime(RealtimeFailure::NoConnection(_)), _) => {
                "the bulb connects to this machine for music mode: is the address one that it can \
                 reach (behind a container's bridge it is not), and does no firewall refuse it?"
            }
            (Cause::Realtime(RealtimeFailure::NoToken(_)), _) => {
                "does no firewall or guest network keep UDP port 55444 from the bulb?"
            }
            (Cause::Realtime(RealtimeFailure::Off), _) => "switch the light on first",
            (Cause::Realtime(RealtimeFailure::Address), _) => {
                "choose an IPv4 address of this machine that the bulb can reach"
            }
            (Cause::Io(error) | Cause::Connect(error), _) => match error.kind() {
                io::ErrorKind::AddrInUse => "another program has this port and does not share it",
                io::ErrorKind::NetworkUnreachable => "is the network up?",
                _ => return None,
            },
            (Cause::Closed, _) => "has the runtime ended that the bulb was connected in?",
            _ => return None,
        })
    }

    pub(super) fn command(
        addr: SocketAddr,
        method: &str,
        repeatable: bool,
        failure: Failure,
    ) -> Self {
        let mut error = Self::new(Some(addr), method, Cause::Failure(failure));
        error.0.repeatable = repeatable;
        error
    }

    /// Without a bulb's address.
    pub(super) fn input(method: &str, input: InvalidInput) -> Self {
        Self::new(None, method, Cause::Failure(Failure::Input(input)))
    }

    /// The answer has another form than the method's.
    pub(super) fn malformed(method: &str, expected: &'static str) -> Self {
        Self::new(None, method, Cause::Failure(Failure::Malformed { expected }))
    }

    /// Adds why there is no connection.
    pub(super) fn because(mut self, error: Option<io::Error>) -> Self {
        self.0.last_error = error;
        self
    }

    pub(super) fn connect(addr: SocketAddr, error: io::Error) -> Self {
        Self::new(Some(addr), "connecting", Cause::Connect(error))
    }

    pub(super) fn connect_timeout(addr: SocketAddr, after: Duration) -> Self {
        Self::new(Some(addr), "connecting", Cause::ConnectTimeout(after))
    }

    /// Connected, and then no answer; because the connection ended, if this is there.
    pub(super) fn not_ready(addr: SocketAddr, ended: Option<io::Error>) -> Self {
        Self::new(Some(addr), "connecting", ended.map_or(Cause::Silent, Cause::HungUp))
    }

    pub(super) fn io(addr: Option<SocketAddr>, what: &str, error: io::Error) -> Self {
        Self::new(addr, what, Cause::Io(error))
    }

    pub(super) fn lan(error: iot_home_lan::Error) -> Self {
        let addr = error.addr();
        let what = if addr.is_some() { "opening a socket" } else { "looking for interfaces" };
        Self::io(addr, what, error.into_io())
    }

    pub(super) fn target(addr: SocketAddr, problem: &'static str) -> Self {
        Self::new(Some(addr), "searching", Cause::Target(problem))
    }

    pub(super) fn realtime(addr: SocketAddr, what: &str, failure: RealtimeFailure) -> Self {
        Self::new(Some(addr), what, Cause::Realtime(failure))
    }

    pub(super) fn closed(addr: SocketAddr, what: &str) -> Self {
        Self::new(Some(addr), what, Cause::Closed)
    }

    fn new(addr: Option<SocketAddr>, what: &str, cause: Cause) -> Self {
        let inner = Inner { addr, what: what.into(), cause, repeatable: true, last_error: None };
        Self(Box::new(inner))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        if let Some(addr) = self.0.addr {
            write!(f, " at {addr}")?;
        }
        match &self.0.cause {
            Cause::Failure(failure) => {
                write!(f, ": {failure}")?;
                match &self.0.last_error {
                    Some(error) => write!(f, "; the last attempt to connect failed: {error}"),
                    None => Ok(()),
                }
            }
            // The system's own words are the source.
            Cause::Connect(_) | Cause::Io(_) | Cause::Other(..) => f.write_str(" failed"),
            Cause::ConnectTimeout(after) => {
                write!(f, ": no connection within {} ms", after.as_millis())
            }
            Cause::Silent => f.write_str(": connected, and then no answer"),
            Cause::HungUp(_) => {
                f.write_str(": connected, and the connection ended before an answer")
            }
            Cause::Target(problem) => write!(f, ": {problem}"),
            Cause::Realtime(failure) => match failure {
                RealtimeFailure::NoConnection(after) => {
                    write!(f, ": the bulb did not connect back within {} ms", after.as_millis())
                }
                RealtimeFailure::NoToken(after) => {
                    write!(f, ": the bulb gave no token within {} ms", after.as_millis())
                }
                RealtimeFailure::Off => f.write_str(": the light is off, which ends music mode"),
                RealtimeFailure::Lost => f.write_str(": the channel ended at once"),
                RealtimeFailure::Unavailable => f.write_str(
                    ": the channel has ended, and another call just failed to make it anew",
                ),
                RealtimeFailure::Address => {
                    f.write_str(": the local address is not one that a bulb can reach")
                }
            },
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
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Connect(error) | Cause::Io(error) | Cause::HungUp(error) => Some(error),
            Cause::Other(_, source) => Some(&**source),
            _ => None,
        }
    }
}

/// The causes that are worth telling apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection was refused, as by bulbs whose LAN control is off, and by some that have four already.
    Refused,
    /// There was no connection within the time, or the system says that nothing answers at the address; nothing
    /// was sent.
    Timeout,
    /// The command was sent and not answered; repeating it does no harm.
    NoAnswer,
    /// The same for a command that must not be repeated: it may have been carried out.
    MaybeExecuted,
    /// The connection ended before the answer came; repeating the command does no harm.
    Disconnected,
    /// The bulb answered with an error of its own.
    Device,
    /// The bulb does not have the method.
    NotSupported,
    /// The quota is used up.
    Quota,
    /// Too many commands wait already.
    Full,
    /// The command cannot be sent; nothing was.
    BadInput,
    /// The answer is not of the form that the method has.
    Malformed,
    /// Music mode or a UDP session did not come about, or cannot be used now.
    Realtime,
    /// The operating system refused.
    Io,
    /// The client has ended.
    Closed,
}
