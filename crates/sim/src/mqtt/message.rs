//! What was said to the platform and by it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;

use crate::mqtt::DeviceId;

/// A message that came from a client or went out to clients.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// When, on the platform's clock, since 1970-01-01 00:00 UTC.
    pub time: Duration,
    /// Which device published it; `None` for the platform itself.
    pub from: Option<DeviceId>,
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Arc<[u8]>,
    /// The quality of service, 0 or 1.
    pub qos: u8,
    /// Whether it was marked as sent before.
    pub dup: bool,
    /// Whether the device may publish there; what it may not went no further.
    pub permitted: bool,
}

impl Message {
    /// The payload, where it is a text.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.payload).ok()
    }

    /// The payload, where it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.payload).ok()
    }
}

/// Shows how long the payload is.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("time", &self.time)
            .field("from", &self.from)
            .field("topic", &self.topic)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("qos", &self.qos)
            .field("dup", &self.dup)
            .field("permitted", &self.permitted)
            .finish()
    }
}

/// The last messages.
#[derive(Debug, Default)]
pub(crate) struct Log {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Log {
    pub(crate) fn push(&mut self, message: Message) {
        self.bytes = self.bytes.saturating_add(size(&message));
        self.messages.push_back(message);
        while self.messages.len() > MOST_MESSAGES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }

    pub(crate) fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }
}

fn size(message: &Message) -> usize {
    message.payload.len().saturating_add(message.topic.len())
}

pub(crate) fn number(qos: QoS) -> u8 {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 1,
        QoS::ExactlyOnce => 2,
    }
}

const MOST_MESSAGES: usize = 1000;
const MOST_BYTES: usize = 4 << 20;
