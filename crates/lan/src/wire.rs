//! What goes over the wire, for whoever wants to see it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A datagram, or a piece of a connection, as it went over the wire. It may hold secrets.
#[non_exhaustive]
pub struct WireEvent<'a> {
    /// Which way it went.
    pub direction: Direction,
    /// The other end.
    pub peer: SocketAddr,
    /// Since the client, the search or the listener began.
    pub at: Duration,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl fmt::Debug for WireEvent<'_> {
    /// Leaves out the bytes, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireEvent")
            .field("direction", &self.direction)
            .field("peer", &self.peer)
            .field("at", &self.at)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// They came from the peer.
    Received,
    /// They went to the peer.
    Sent,
}

/// Whoever wants to see it.
pub type Observer = Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>;

/// Tells whoever wants to see it.
pub fn tell(
    observer: Option<&Observer>,
    direction: Direction,
    peer: SocketAddr,
    at: Duration,
    bytes: &[u8],
) {
    if let Some(observer) = observer {
        observer(&WireEvent { direction, peer, at, bytes });
    }
}
