//! Messages on their way out.

use std::collections::VecDeque;

use bytes::BytesMut;
use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{PubRel, Publish};

use crate::client::message::Message;

/// Messages that wait to be sent, and those that were sent and wait to be acknowledged. `W` is whoever wants to know.
#[derive(Debug)]
pub(super) struct Outbox<W> {
    /// Not sent yet.
    waiting: VecDeque<Entry<W>>,
    waiting_bytes: usize,
    /// Sent on a connection that was lost, and to be sent again first.
    again: VecDeque<Entry<W>>,
    /// Sent on this connection, in this order.
    in_flight: VecDeque<Entry<W>>,
    window: usize,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug)]
struct Entry<W> {
    publish: Publish,
    /// `None` once the time of whoever waited is over.
    waiter: Option<W>,
    deadline: Instant,
    /// Of QoS 2: the broker has it, and is told to release it.
    released: bool,
}

/// What came of an acknowledgement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Acknowledged<W> {
    /// The message is delivered.
    Delivered(Option<W>),
    /// It is to be released.
    Release,
    /// There is no such message in that state.
    Unknown,
}

/// A message that is not waited for any longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expired<W> {
    pub(super) waiter: W,
    /// Whether it was sent, so that it may arrive all the same.
    pub(super) sent: bool,
}

impl<W> Outbox<W> {
    pub(super) fn new(window: usize, most: usize, most_bytes: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            again: VecDeque::new(),
            in_flight: VecDeque::new(),
            window,
            most,
            most_bytes,
        }
    }

    /// Whether another message of this size may wait; where none does, it may have any size.
    pub(super) fn has_room(&self, message: &Message) -> bool {
        let bytes = self.waiting_bytes.saturating_add(message.size());
        self.waiting.is_empty() || (self.waiting.len() < self.most && bytes <= self.most_bytes)
    }

    pub(super) fn push(&mut self, message: Message, waiter: W, deadline: Instant) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(message.size());
        let publish = message.into();
        self.waiting.push_back(Entry { publish, waiter: Some(waiter), deadline, released: false });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.again.is_empty() && !self.is_awaited()
    }

    /// Whether somebody waits for an acknowledgement of what was sent on this connection.
    pub(super) fn is_awaited(&self) -> bool {
        self.in_flight.iter().any(|entry| entry.waiter.is_some())
    }

    /// Whether nothing can be sent any more because of messages that are never acknowledged.
    pub(super) fn is_stuck(&self) -> bool {
        self.in_flight.len() >= self.window && !self.is_awaited()
    }

    pub(super) fn uses(&self, id: u16) -> bool {
        self.in_flight.iter().chain(&self.again).any(|entry| entry.publish.pkid == id)
    }

    /// The connection is lost: what was sent on it is sent again on the next one. What nobody waits for any longer is
    /// over its time, and expires before that.
    pub(super) fn lost(&mut self) {
        for mut entry in self.in_flight.drain(..).rev() {
            entry.publish.dup = true;
            self.again.push_front(entry);
        }
    }

    /// There is a connection. Where the broker knows nothing of the last one, messages begin anew, and those of QoS 2
    /// that it had taken are delivered; gives back who waited for these.
    pub(super) fn connected(&mut self, session_present: bool) -> Vec<W> {
        if session_present {
            return Vec::new();
        }
        let mut delivered = Vec::new();
        self.again.retain_mut(|entry| {
            entry.publish.dup = false;
            entry.publish.pkid = 0;
            if entry.released {
                delivered.extend(entry.waiter.take());
            }
            !entry.released
        });
        delivered
    }

    /// Writes the next message if there is one that may be sent now. Gives back who waited for one that is done with
    /// that.
    pub(super) fn write_next(
        &mut self,
        out: &mut BytesMut,
        take_id: impl FnOnce(&Self) -> u16,
    ) -> Option<Option<W>> {
        if self.in_flight.len() >= self.window {
            return None;
        }
        let mut entry = match self.again.pop_front() {
            Some(entry) => entry,
            None => {
                let entry = self.waiting.pop_front()?;
                let size = entry.publish.topic.len().saturating_add(entry.publish.payload.len());
                self.waiting_bytes = self.waiting_bytes.saturating_sub(size);
                entry
            }
        };
        if entry.publish.qos != QoS::AtMostOnce && entry.publish.pkid == 0 {
            entry.publish.pkid = take_id(self);
        }
        // Neither can fail: the id is none that is 0, and the size was checked.
        if entry.released {
            let _ = PubRel::new(entry.publish.pkid).write(out);
        } else {
            let _ = entry.publish.write(out);
        }
        if entry.publish.qos == QoS::AtMostOnce {
            return Some(entry.waiter);
        }
        self.in_flight.push_back(entry);
        Some(None)
    }

    /// PUBACK.
    pub(super) fn acknowledged(&mut self, id: u16) -> Acknowledged<W> {
        self.deliver(id, |entry| entry.publish.qos == QoS::AtLeastOnce)
    }

    /// PUBCOMP.
    pub(super) fn completed(&mut self, id: u16) -> Acknowledged<W> {
        self.deliver(id, |entry| entry.released)
    }

    fn deliver(&mut self, id: u16, is_due: impl Fn(&Entry<W>) -> bool) -> Acknowledged<W> {
        let at = self.in_flight.iter().position(|entry| entry.publish.pkid == id && is_due(entry));
        match at.and_then(|at| self.in_flight.remove(at)) {
            Some(entry) => Acknowledged::Delivered(entry.waiter),
            None => Acknowledged::Unknown,
        }
    }

    /// PUBREC: the broker has it.
    pub(super) fn received(&mut self, id: u16) -> Acknowledged<W> {
        let entry = self
            .in_flight
            .iter_mut()
            .find(|entry| entry.publish.pkid == id && entry.publish.qos == QoS::ExactlyOnce);
        match entry {
            Some(entry) => {
                entry.released = true;
                // It is not sent again.
                entry.publish.payload.clear();
                Acknowledged::Release
            }
            None => Acknowledged::Unknown,
        }
    }

    /// When the time of the next message is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        // Each queue is in the order of its deadlines.
        let awaited = |queue: &VecDeque<Entry<W>>| {
            queue.iter().find(|entry| entry.waiter.is_some()).map(|entry| entry.deadline)
        };
        let queues = [&self.in_flight, &self.again, &self.waiting];
        queues.into_iter().filter_map(awaited).min()
    }

    /// Takes out those whose time is over. What was sent keeps its id, since the broker may still acknowledge it.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Expired<W>> {
        let mut expired = Vec::new();
        for entry in &mut self.in_flight {
            if entry.deadline <= now {
                expired.extend(entry.waiter.take().map(|waiter| Expired { waiter, sent: true }));
            }
        }
        for (queue, sent) in [(&mut self.again, true), (&mut self.waiting, false)] {
            while queue.front().is_some_and(|entry| entry.deadline <= now) {
                let Some(entry) = queue.pop_front() else { break };
                if !sent {
                    let size =
                        entry.publish.topic.len().saturating_add(entry.publish.payload.len());
                    self.waiting_bytes = self.waiting_bytes.saturating_sub(size);
                }
                expired.extend(entry.waiter.map(|waiter| Expired { waiter, sent }));
            }
        }
        expired
    }

    /// Everybody who waits, in the order of the messages, and whether these were sent; nothing is left.
    pub(super) fn drain(&mut self) -> Vec<Expired<W>> {
        self.waiting_bytes = 0;
        let sent = self.again.drain(..).chain(self.in_flight.drain(..)).map(|entry| (entry, true));
        let all = sent.chain(self.waiting.drain(..).map(|entry| (entry, false)));
        all.filter_map(|(entry, sent)| Some(Expired { waiter: entry.waiter?, sent })).collect()
    }
}
