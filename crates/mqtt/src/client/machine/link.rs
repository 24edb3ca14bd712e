//! What stands between the machine and the broker.

use std::time::Duration;

use iot_home_core::Instant;

use crate::client::error::Error;

#[derive(Debug)]
pub(super) enum Phase {
    /// No connection, and none before then.
    Waiting(Instant),
    /// A connection is being made, since then.
    Opening(Instant),
    /// The login is on its way.
    Greeting {
        deadline: Instant,
        link: Link,
    },
    Connected(Link),
    /// The last packet is on its way.
    Leaving {
        deadline: Instant,
    },
    /// With the error that is still to be told.
    Over(Option<Error>),
}

/// A connection that stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) since: Instant,
    /// The longest silence before the broker is asked.
    pub(super) interval: Option<Duration>,
    pub(super) sent: Instant,
    pub(super) heard: Instant,
    /// Since when something was sent and nothing was heard.
    pub(super) unheard: Option<Instant>,
    /// When the broker was asked and has not answered.
    pub(super) asked: Option<Instant>,
    pub(super) clean: bool,
}
