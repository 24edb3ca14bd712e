//! What the system refuses.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why there is no interface or no socket: what the system said, and of which address.
#[derive(Debug)]
pub struct Error {
    addr: Option<SocketAddr>,
    source: io::Error,
}

impl Error {
    pub(crate) fn interfaces(source: io::Error) -> Self {
        Self { addr: None, source }
    }

    /// A socket that cannot be used as it has to be at this address.
    pub fn bind(addr: SocketAddr, source: io::Error) -> Self {
        Self { addr: Some(addr), source }
    }

    /// The address that was to be bound. Nothing, when it is about the interfaces as such.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.addr
    }

    /// What the system said.
    pub fn into_io(self) -> io::Error {
        self.source
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            Some(addr) => write!(f, "no socket can be opened at {addr}, choose another address"),
            None => f.write_str("there is no interface to use, connect the machine to a network"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Whether an error of a UDP socket tells of somebody else's port or network, and not of the socket itself. Some systems
/// report it to whoever receives next.
pub fn is_of_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
    )
}
