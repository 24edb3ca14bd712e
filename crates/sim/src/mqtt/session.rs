//! What the broker remembers of a client: its subscriptions, and what it has not received yet.

use std::collections::VecDeque;

use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::Publish;

use crate::mqtt::filter;
use crate::mqtt::machine::ConnectionId;

/// A message on its way to clients.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: QoS,
}

#[derive(Debug, Default)]
pub(crate) struct Session {
    /// The connection that it is used by.
    pub(crate) connection: Option<ConnectionId>,
    /// Whether it ends with its connection.
    pub(crate) is_clean: bool,
    /// The cloud's own topics come without a subscription.
    pub(crate) is_automatic: bool,
    subscriptions: Vec<(String, QoS)>,
    /// Sent and not acknowledged.
    in_flight: VecDeque<(u16, Outgoing)>,
    /// Not sent yet.
    waiting: VecDeque<Outgoing>,
    last_id: u16,
}

impl Session {
    /// Subscribes, or changes the quality of a subscription; false when there are too many.
    pub(crate) fn subscribe(&mut self, filter: &str, qos: QoS) -> bool {
        let room = self.subscriptions.len() < MOST_SUBSCRIPTIONS;
        match self.subscriptions.iter_mut().find(|(known, _)| known == filter) {
            Some((_, known)) => *known = qos,
            None if room => self.subscriptions.push((filter.to_owned(), qos)),
            None => return false,
        }
        true
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) {
        self.subscriptions.retain(|(known, _)| known != filter);
    }

    /// The filters, in the order in which they came.
    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = &str> {
        self.subscriptions.iter().map(|(filter, _)| filter.as_str())
    }

    /// The highest quality of the subscriptions that the topic matches.
    pub(crate) fn quality(&self, topic: &str) -> Option<QoS> {
        let mut highest = None;
        for (filter, qos) in &self.subscriptions {
            if filter::matches(filter, topic) && highest.is_none_or(|known| known < *qos) {
                highest = Some(*qos);
            }
        }
        highest
    }

    /// Keeps a message of quality 1 until it is acknowledged; false when there is no room.
    pub(crate) fn keep(&mut self, message: Outgoing, most: usize) -> bool {
        let room = self.waiting.len() < most;
        if room {
            self.waiting.push_back(message);
        }
        room
    }

    /// The next message that may be sent.
    pub(crate) fn next(&mut self, window: usize) -> Option<Publish> {
        if self.in_flight.len() >= window {
            return None;
        }
        let message = self.waiting.pop_front()?;
        let id = self.next_id();
        let publish = packet(id, &message, false);
        self.in_flight.push_back((id, message));
        Some(publish)
    }

    /// What was sent and not acknowledged, once more.
    pub(crate) fn again(&self) -> Vec<Publish> {
        self.in_flight.iter().map(|(id, message)| packet(*id, message, true)).collect()
    }

    /// Whether a message of this id was waiting for it.
    pub(crate) fn acknowledge(&mut self, id: u16) -> bool {
        let before = self.in_flight.len();
        self.in_flight.retain(|(known, _)| *known != id);
        self.in_flight.len() < before
    }

    /// How many messages it has for the client.
    pub(crate) fn pending(&self) -> usize {
        self.in_flight.len().saturating_add(self.waiting.len())
    }

    fn next_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            // The window is much smaller than the number of ids.
            if self.in_flight.iter().all(|(id, _)| *id != self.last_id) {
                return self.last_id;
            }
        }
    }
}

fn packet(id: u16, message: &Outgoing, is_again: bool) -> Publish {
    let payload = message.payload.clone();
    let mut publish = Publish::from_bytes(message.topic.as_str(), message.qos, payload);
    publish.pkid = id;
    publish.dup = is_again;
    publish
}

/// As many as Tencent's documents allow.
const MOST_SUBSCRIPTIONS: usize = 100;
