//! What goes over a connection, for whoever wants to see it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A piece of a connection, as it was before TLS. Pieces are cut anywhere, and packets go on in the next.
///
/// **It may hold the login.** Its `Debug` shows how many bytes there are.
#[non_exhaustive]
pub struct WireEvent<'a> {
    /// Which way it went.
    pub direction: Direction,
    /// Since the session began.
    pub at: Duration,
    /// Which connection of the session, from 1.
    pub connection: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl fmt::Debug for WireEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireEvent")
            .field("direction", &self.direction)
            .field("at", &self.at)
            .field("connection", &self.connection)
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// They came from the broker.
    Received,
    /// They went to the broker.
    Sent,
}

pub(super) type Observer = Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>;
