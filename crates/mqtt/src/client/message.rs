//! What is published, and what arrives.

use std::fmt;

use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::Publish;

/// How surely a message arrives, or how surely messages of a subscription are to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "MQTT has these three, in two bits")]
pub enum Qos {
    /// 0: sent once, and nobody tells whether it arrived.
    AtMostOnce,
    /// 1: sent until it is acknowledged, so that it may arrive more than once.
    #[default]
    AtLeastOnce,
    /// 2: arrives once, for twice as many packets. Neither of the clouds has it.
    ExactlyOnce,
}

impl Qos {
    /// The number: 0 to 2.
    pub const fn get(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

impl fmt::Display for Qos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl From<QoS> for Qos {
    fn from(qos: QoS) -> Self {
        match qos {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce,
            QoS::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

impl From<Qos> for QoS {
    fn from(qos: Qos) -> Self {
        match qos {
            Qos::AtMostOnce => Self::AtMostOnce,
            Qos::AtLeastOnce => Self::AtLeastOnce,
            Qos::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

/// A message. Its `Debug` shows the size of the payload and not the payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Where it goes, or went.
    pub topic: String,
    /// What it says. MQTT gives it no form; the clouds take JSON.
    pub payload: Bytes,
    /// How surely it arrives.
    pub qos: Qos,
    /// Whether the broker keeps it for those who subscribe later, or kept it.
    pub retain: bool,
    /// Whether it is sent again because nobody acknowledged it: it may have been delivered before. Only of
    /// messages that arrive.
    pub duplicate: bool,
}

impl Message {
    /// A message that is acknowledged and not retained.
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos: Qos::AtLeastOnce,
            retain: false,
            duplicate: false,
        }
    }

    /// How surely it is to arrive.
    #[must_use]
    pub fn qos(mut self, qos: Qos) -> Self {
        self.qos = qos;
        self
    }

    /// Whether the broker is to keep it for those who subscribe later.
    #[must_use]
    pub fn retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// What it takes up in a queue.
    pub(super) fn size(&self) -> usize {
        self.topic.len().saturating_add(self.payload.len())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.topic)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("duplicate", &self.duplicate)
            .finish()
    }
}

impl From<Message> for Publish {
    fn from(message: Message) -> Self {
        let mut publish = Self::from_bytes(message.topic, message.qos.into(), message.payload);
        publish.retain = message.retain;
        publish
    }
}

impl From<Publish> for Message {
    fn from(publish: Publish) -> Self {
        // A small payload would keep the whole buffer alive that it was read into.
        let payload = match publish.payload.len() {
            0..LARGE => Bytes::copy_from_slice(&publish.payload),
            _ => publish.payload,
        };
        Self {
            topic: publish.topic,
            payload,
            qos: publish.qos.into(),
            retain: publish.retain,
            duplicate: publish.dup,
        }
    }
}

const LARGE: usize = 64 * 1024;
