//! How a call fails, and what to do about it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use iot_home_core::{Did, MiotCode, PropertyId};

use crate::error::{DeviceError, Failure};
use crate::message::{FormError, RequestError};
use crate::provisioning::NetworkError;
#[cfg(feature = "provisioning-secure")]
use crate::provisioning::secure::HandshakeError;

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` names the device
/// and the method, and [`hint`](Self::hint) says what to do.
pub struct Error(Box<Inner>);

struct Inner {
    addr: Option<SocketAddr>,
    what: Box<str>,
    cause: Cause,
    off_subnet: Option<bool>,
    /// Whether executing the call twice does no harm.
    repeatable: bool,
    /// Why the system did not send the last datagram, if it did not.
    unsent: Option<io::Error>,
}

#[derive(Debug)]
enum Cause {
    Failure(Failure),
    Refused {
        id: PropertyId,
        code: MiotCode,
    },
    Missing,
    Form(FormError),
    Request(RequestError),
    Network(NetworkError),
    #[cfg(feature = "provisioning-secure")]
    Handshake(HandshakeError),
    Unacknowledged,
    NoAccessPoint {
        asked: usize,
    },
    NotFound {
        did: Did,
    },
    AddressFamily,
    Unsupported,
    NoAddress,
    Io(io::Error),
    Closed,
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Failure(failure) => match failure {
                Failure::NoHello { .. } => ErrorKind::NoHello,
                Failure::NoAnswer { .. } => ErrorKind::NoAnswer,
                Failure::MaybeExecuted { .. } => ErrorKind::MaybeExecuted,
                Failure::NeverSent => ErrorKind::Timeout,
                Failure::Device(_) => ErrorKind::Device,
                Failure::Malformed(_) => ErrorKind::Malformed,
                Failure::Checksum => ErrorKind::Checksum,
            },
            Cause::Refused { .. } => ErrorKind::Refused,
            Cause::Missing | Cause::Form(_) => ErrorKind::Malformed,
            Cause::Request(_) | Cause::Network(_) | Cause::AddressFamily | Cause::NoAddress => {
                ErrorKind::BadInput
            }
            #[cfg(feature = "provisioning-secure")]
            Cause::Handshake(HandshakeError::Form { .. }) => ErrorKind::Malformed,
            #[cfg(feature = "provisioning-secure")]
            Cause::Handshake(_) => ErrorKind::Untrusted,
            Cause::Unacknowledged if self.0.repeatable => ErrorKind::Malformed,
            Cause::Unacknowledged => ErrorKind::MaybeExecuted,
            Cause::NoAccessPoint { .. } | Cause::NotFound { .. } => ErrorKind::NoHello,
            Cause::Unsupported => ErrorKind::NotSupported,
            Cause::Io(_) => ErrorKind::Io,
            Cause::Closed => ErrorKind::Closed,
        }
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        use ErrorKind::{Checksum, MaybeExecuted, NoAnswer, NoHello, Timeout};
        matches!(self.kind(), NoHello | NoAnswer | MaybeExecuted | Timeout | Checksum)
    }

    /// Whether the same call may work later, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        let Cause::Failure(failure) = &self.0.cause else { return false };
        match failure {
            Failure::NoHello { .. }
            | Failure::NoAnswer { .. }
            | Failure::NeverSent
            | Failure::Checksum => true,
            // The device may have done what it could not tell of.
            Failure::Malformed(_) => self.0.repeatable,
            Failure::Device(error) => match error.code {
                Some(-30012) => true,
                Some(-9999 | -30001) => self.0.repeatable,
                _ => false,
            },
            Failure::MaybeExecuted { .. } => false,
        }
    }

    /// The device's own error, where it sent one.
    pub fn device_error(&self) -> Option<&DeviceError> {
        match &self.0.cause {
            Cause::Failure(Failure::Device(error)) => Some(error),
            _ => None,
        }
    }

    /// The code of the property that was refused, where one was.
    pub fn miot_code(&self) -> Option<MiotCode> {
        match &self.0.cause {
            Cause::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the device's address lies outside every network that this machine has an address
    /// in; known only where it may matter, after silence.
    pub fn off_subnet(&self) -> Option<bool> {
        self.0.off_subnet
    }

    /// What may be the cause and what to do, where there is something to say. Where the wire showed
    /// only silence it lists what is likely; it claims none of it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match &self.0.cause {
            Cause::Failure(failure) => match failure {
                Failure::NoHello { .. } if self.0.unsent.is_some() => {
                    "this machine cannot send to that address: is the network up, and is there a \
                     route and no firewall rule against it?"
                }
                Failure::NoHello { .. } if self.0.off_subnet == Some(true) => {
                    "the address lies in none of this machine's networks, and many devices answer \
                     only within their own: ask from a machine in that network, or let the router \
                     translate the source address"
                }
                Failure::NoHello { .. } => {
                    "is this the device's address, is it switched on, and does no firewall or \
                     guest network keep UDP port 54321 from it?"
                }
                Failure::NoAnswer { other_token_shown: true, .. } => {
                    "a hello was answered with another token than the one in use: devices make a \
                     new one whenever their Wi-Fi is reset"
                }
                Failure::NoAnswer { .. } => {
                    "likely causes: the token is not this device's or was renewed by a Wi-Fi reset; \
                     the device is busy; its clock jumped; it remembers the request's id"
                }
                Failure::MaybeExecuted { .. } if is_provisioning(&self.0.what) => {
                    "the answer is easily lost, since the device changes over to the other network: look for it \
                     there by its did; if it is still an access point, ask it for its association state"
                }
                Failure::Device(_) if is_provisioning(&self.0.what) => {
                    "some vacuums demand a uid other than 0, and most devices take a network only \
                     until they have joined one: reset their Wi-Fi first. It may also have taken the first of \
                     several repetitions and refused the next: then it is in the network that it was to join"
                }
                Failure::MaybeExecuted { .. } => {
                    "look at the device's state before trying again: executing it twice may do \
                     harm, so it was not sent under a new id; if no call ever worked with this \
                     token, the token is the likely cause"
                }
                Failure::NeverSent => {
                    "too many calls wait for this device, or for all of this client's: make fewer at a \
                     time, or give them longer"
                }
                Failure::Device(error) if error.code == Some(-9999) => {
                    "ask for fewer properties at once, or try again"
                }
                Failure::Device(_) => return None,
                Failure::Malformed(_) => "ask for less at once: long answers are often cut off",
                Failure::Checksum => {
                    "long answers are often cut off: ask for less at once; or the token is wrong"
                }
            },
            Cause::Missing => "the device left the property out of its answer: does it have it?",
            Cause::Form(_) => "the method answers in another form: take the reply as a JSON value",
            Cause::AddressFamily => "bind the client to an address of the device's family",
            Cause::Unsupported => {
                "ask for its properties from time to time, or let it push through a scene"
            }
            Cause::NoAddress => {
                "devices tell scenes to an IPv4 address and port 54321: listen on an address that \
                 the device can reach, and on that port"
            }
            Cause::Closed => "the runtime is shutting down, or the socket broke",
            #[cfg(feature = "provisioning-secure")]
            Cause::Handshake(_) => {
                "nothing was told to the device; the code is what follows O= in the QR code on it, and the \
                 token the one that its hello shows"
            }
            Cause::Unacknowledged if self.0.repeatable => return None,
            Cause::Unacknowledged => {
                "the device answered, and what it says is not known to mean yes or no: look at its state"
            }
            Cause::NoAccessPoint { .. } => {
                "has this machine joined the device's own Wi-Fi, called MODEL_miapXXXX, and kept it \
                 although it has no internet? A device that has joined a Wi-Fi before has to be reset"
            }
            Cause::NotFound { .. } => {
                "is this machine in the network that the device was to join? Where the password was wrong \
                 the device is an access point again, and tells why in its association state"
            }
            Cause::Refused { .. } | Cause::Request(_) | Cause::Network(_) | Cause::Io(_) => {
                return None;
            }
        })
    }

    pub(super) fn failure(
        addr: SocketAddr,
        what: &str,
        failure: Failure,
        repeatable: bool,
    ) -> Self {
        // Looking the interfaces up is worth it only where the answer may explain something.
        let matters = matches!(failure, Failure::NoHello { .. } | Failure::NoAnswer { .. });
        let off_subnet = if matters { is_off_subnet(addr.ip()) } else { None };
        let mut error = Self::new(Some(addr), what, Cause::Failure(failure), off_subnet);
        error.0.repeatable = repeatable;
        error
    }

    /// Adds why the system did not send, which explains a silence better than anything.
    pub(super) fn unsent(mut self, error: Option<io::Error>) -> Self {
        self.0.unsent = error;
        self
    }

    pub(super) fn refused(addr: SocketAddr, what: &str, id: PropertyId, code: MiotCode) -> Self {
        Self::new(Some(addr), what, Cause::Refused { id, code }, None)
    }

    pub(super) fn missing(addr: SocketAddr, what: &str) -> Self {
        Self::new(Some(addr), what, Cause::Missing, None)
    }

    pub(super) fn form(addr: SocketAddr, what: &str, error: FormError) -> Self {
        Self::new(Some(addr), what, Cause::Form(error), None)
    }

    pub(super) fn request(what: &str, error: RequestError) -> Self {
        Self::new(None, what, Cause::Request(error), None)
    }

    pub(super) fn network(what: &str, error: NetworkError) -> Self {
        match error {
            NetworkError::Request(error) => Self::request(what, error),
            error => Self::new(None, what, Cause::Network(error), None),
        }
    }

    #[cfg(feature = "provisioning-secure")]
    pub(super) fn handshake(addr: SocketAddr, error: HandshakeError) -> Self {
        Self::new(Some(addr), "miIO.handshake", Cause::Handshake(error), None)
    }

    pub(super) fn unacknowledged(addr: SocketAddr, what: &str, repeatable: bool) -> Self {
        let mut error = Self::new(Some(addr), what, Cause::Unacknowledged, None);
        error.0.repeatable = repeatable;
        error
    }

    pub(super) fn no_access_point(asked: usize) -> Self {
        Self::new(None, "searching an access point", Cause::NoAccessPoint { asked }, None)
    }

    pub(super) fn not_found(did: &Did) -> Self {
        Self::new(None, "searching", Cause::NotFound { did: did.clone() }, None)
    }

    /// Takes a message of the device's away that repeats one of these.
    pub(super) fn without<'a>(mut self, mut secrets: impl Iterator<Item = &'a str>) -> Self {
        if let Cause::Failure(Failure::Device(error)) = &mut self.0.cause
            && secrets.any(|secret| error.message.contains(secret))
        {
            error.message = "<redacted>".into();
        }
        self
    }

    pub(super) fn address_family(addr: SocketAddr) -> Self {
        Self::new(Some(addr), "request", Cause::AddressFamily, None)
    }

    pub(super) fn no_address(addr: SocketAddr, what: &str) -> Self {
        Self::new(Some(addr), what, Cause::NoAddress, None)
    }

    pub(super) fn unsupported(addr: SocketAddr, what: &str) -> Self {
        Self::new(Some(addr), what, Cause::Unsupported, None)
    }

    pub(super) fn bind(addr: SocketAddr, error: io::Error) -> Self {
        Self::new(Some(addr), "opening a socket", Cause::Io(error), None)
    }

    pub(super) fn lan(error: iot_home_lan::Error) -> Self {
        match error.addr() {
            Some(addr) => Self::bind(addr, error.into_io()),
            None => Self::new(None, "searching all interfaces", Cause::Io(error.into_io()), None),
        }
    }

    pub(super) fn closed(addr: SocketAddr, what: &str) -> Self {
        Self::new(Some(addr), what, Cause::Closed, None)
    }

    fn new(addr: Option<SocketAddr>, what: &str, cause: Cause, off_subnet: Option<bool>) -> Self {
        Self(Box::new(Inner {
            addr,
            what: what.into(),
            cause,
            off_subnet,
            repeatable: false,
            unsent: None,
        }))
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
                match &self.0.unsent {
                    Some(error) => write!(f, "; the last one could not be sent: {error}"),
                    None => Ok(()),
                }
            }
            Cause::Refused { id, code } => write!(f, ": the device refused {id} with code {code}"),
            Cause::Missing => f.write_str(": the answer lacks what was asked for"),
            Cause::Form(error) => write!(f, ": {error}"),
            Cause::Request(error) => write!(f, ": {error}"),
            Cause::Network(error) => write!(f, ": {error}"),
            #[cfg(feature = "provisioning-secure")]
            Cause::Handshake(error) => write!(f, ": {error}"),
            Cause::Unacknowledged => f.write_str(": the answer is no acknowledgement"),
            Cause::NoAccessPoint { asked } => {
                write!(f, ": no device that shows its token answered ({asked} addresses asked)")
            }
            Cause::NotFound { did } => write!(f, ": the device {did} does not answer"),
            Cause::AddressFamily => {
                f.write_str(": the client's socket has another address family, IPv4 or IPv6")
            }
            Cause::NoAddress => f.write_str(": the listener has no address to tell the device"),
            Cause::Unsupported => f.write_str(": the device takes no subscriptions"),
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
            .field("cause", &self.0.cause)
            .field("off_subnet", &self.0.off_subnet)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            // Its own words stand in ours already; what is below them does not.
            Cause::Failure(failure) => failure.source(),
            _ => None,
        }
    }
}

/// The causes that are worth telling apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing answered a hello: no device at the address, switched off, or out of reach.
    NoHello,
    /// The device answers hellos but not this request.
    NoAnswer,
    /// No answer to a request that must not be repeated: it may have been carried out.
    MaybeExecuted,
    /// The time ran out before the request was sent.
    Timeout,
    /// The device answered with an error of its own.
    Device,
    /// The device refused a property or an action.
    Refused,
    /// The device did not prove who it is, or offers no way to.
    Untrusted,
    /// The answer is authentic and not readable, or not of the form asked for.
    Malformed,
    /// Answers came, and none whose checksum fits the token.
    Checksum,
    /// The device does not know what was asked of it.
    NotSupported,
    /// The request cannot be sent; nothing was.
    BadInput,
    /// The operating system refused.
    Io,
    /// The client has ended.
    Closed,
}

fn is_provisioning(method: &str) -> bool {
    matches!(method, "miIO.config_router" | "miIO.config_router_safe")
}

/// Whether an address lies outside every network of this machine. Unknown where the interfaces cannot be read.
fn is_off_subnet(ip: IpAddr) -> Option<bool> {
    iot_home_lan::is_on_link(ip).ok().map(|is_within| !is_within)
}
