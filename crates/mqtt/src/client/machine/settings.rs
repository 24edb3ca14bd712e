//! How large, how many, how long.

use std::time::Duration;

use crate::client::message::Message;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long an acknowledgement is waited for.
    pub(crate) timeout: Duration,
    /// How long making a connection may take, up to the answer to the login.
    pub(crate) connect_timeout: Duration,
    /// How long anything is waited for that a broker answers at once.
    pub(crate) patience: Duration,
    /// The longest silence before the broker is asked whether it is there; the keep-alive apart.
    pub(crate) ping: Option<Duration>,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    /// Messages that may be under way.
    pub(crate) window: usize,
    /// Messages that may wait to be sent, and their bytes.
    pub(crate) queue: usize,
    pub(crate) queue_bytes: usize,
    /// Messages that may wait to be taken, and their bytes.
    pub(crate) inbox: usize,
    pub(crate) inbox_bytes: usize,
    /// The largest packet that is taken in.
    pub(crate) max_packet: usize,
    pub(crate) will: Option<Message>,
    /// Whether a first connection that cannot be made ends the session.
    pub(crate) fail_fast: bool,
}
