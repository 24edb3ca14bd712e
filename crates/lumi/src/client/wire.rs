//! What goes over the wire, for whoever wants to see it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A datagram as it went over the wire: of a search, a command, a report. It may hold secrets: a write holds its key, made of
/// the gateway's and of a token, and heartbeats and lists hold tokens.
#[non_exhaustive]
pub struct WireEvent<'a> {
    /// Which way it went.
    pub direction: Direction,
    /// The other end.
    pub peer: SocketAddr,
    /// Since the client or the search began.
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

/// Which way a datagram went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// It came from the peer.
    Received,
    /// It went to the peer.
    Sent,
}

pub(super) type Observer = Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>;

/// Tells whoever wants to see it.
pub(super) fn tell(
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
