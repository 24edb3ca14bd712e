//! How something fails, and what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` says what was tried,
/// and [`hint`](Self::hint) what to do.
pub struct Error(Box<Inner>);

struct Inner {
    addr: Option<SocketAddr>,
    what: Box<str>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    /// What is wrong with what the caller asked for.
    Input(Box<str>),
    Io(io::Error),
}

impl Error {
    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Input(_) => ErrorKind::BadInput,
            Cause::Io(_) => ErrorKind::Io,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        let Cause::Io(error) = &self.0.cause else { return None };
        match error.kind() {
            io::ErrorKind::AddrInUse => Some("another program has this port and does not share it"),
            io::ErrorKind::NetworkUnreachable => Some("is the network up?"),
            _ => None,
        }
    }

    pub(super) fn input(addr: SocketAddr, what: &str, problem: &str) -> Self {
        Self::new(Some(addr), what, Cause::Input(problem.into()))
    }

    pub(super) fn bind(addr: SocketAddr, error: io::Error) -> Self {
        Self::new(Some(addr), "opening a socket", Cause::Io(error))
    }

    pub(super) fn interfaces(error: io::Error) -> Self {
        Self::new(None, "looking for interfaces", Cause::Io(error))
    }

    fn new(addr: Option<SocketAddr>, what: &str, cause: Cause) -> Self {
        Self(Box::new(Inner { addr, what: what.into(), cause }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        if let Some(addr) = self.0.addr {
            write!(f, " at {addr}")?;
        }
        match &self.0.cause {
            Cause::Input(problem) => write!(f, ": {problem}"),
            // The system's own words are the source.
            Cause::Io(_) => f.write_str(" failed"),
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
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            Cause::Input(_) => None,
        }
    }
}

/// The causes that are worth telling apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for cannot be done; nothing was sent.
    BadInput,
    /// The operating system refused.
    Io,
}
