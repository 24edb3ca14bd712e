//! What a session tells.

use std::time::Duration;

use super::error::Error;
use super::message::Message;

/// Something that happened to a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The broker let the client in. What was subscribed to before is subscribed to again without a word.
    #[non_exhaustive]
    Connected {
        /// Whether the broker remembered the session: subscriptions, and messages that came in between.
        session_present: bool,
    },
    /// A message arrived. One of QoS 1 is acknowledged when this event is taken.
    Message(Message),
    /// Messages were lost here, since nobody took events for a while or since they were larger than the limit. Where
    /// the session is no clean one, those of QoS 1 that found no room are not acknowledged, and the connection is made
    /// anew once there is room, so that the broker sends them again.
    #[non_exhaustive]
    Missed {
        /// How many.
        count: u64,
    },
    /// The broker refused a subscription that it had granted before a connection was lost.
    #[non_exhaustive]
    Unsubscribed {
        /// The topic filter.
        filter: String,
    },
    /// The connection is lost, or could not be made. There will be another attempt.
    #[non_exhaustive]
    Disconnected {
        /// Why.
        error: Error,
        /// After which time the next attempt is made.
        retry_after: Duration,
    },
}
