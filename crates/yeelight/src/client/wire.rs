//! Watching what goes over the wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What went or came at once, as [`DiscoveryBuilder::on_wire`](super::DiscoveryBuilder::on_wire) and
/// [`ListenerBuilder::on_wire`](super::ListenerBuilder::on_wire) see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WireEvent<'a> {
    /// Which way it went.
    pub direction: Direction,
    /// The bulb's address, a group's, or a stranger's.
    pub peer: SocketAddr,
    /// The time since the stream was started.
    pub at: Duration,
    /// The datagram.
    pub bytes: &'a [u8],
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// It came from the peer.
    Received,
    /// It went to the peer.
    Sent,
}

pub(super) type Observer = Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>;
