//! What is read.

use bytes::{Buf as _, BytesMut};
use iot_home_core::Instant;
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubComp, PubRec, PubRel, Publish};
use rumqttc::mqttbytes::{self, QoS};

use super::inbox::Received;
use super::link::Phase;
use super::outbox::Acknowledged;
use super::requests::Answer;
use super::{Done, Machine};
use crate::client::error::{Cause, Error};
use crate::client::event::Event;

/// So many messages of QoS 2 may be under way from the broker.
const RECEIVED: usize = 1024;

impl<W> Machine<W> {
    /// Takes in what was read; what is no whole packet yet stays in `input`.
    ///
    /// # Errors
    /// The connection is to be given up, for this reason.
    pub(in crate::client) fn receive(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
    ) -> Result<(), Error> {
        if let Phase::Greeting { link, .. } = self.phase {
            match self.greeted(now, link, input)? {
                true => {}
                false => return Ok(()),
            }
        }
        loop {
            let Phase::Connected(link) = &mut self.phase else {
                input.clear();
                return Ok(());
            };
            link.heard = now;
            link.unheard = None;
            let skipped = self.skip.min(input.len());
            input.advance(skipped);
            self.skip = self.skip.saturating_sub(skipped);
            if self.skip > 0 || !self.may_read() {
                return Ok(());
            }
            match Packet::read(input, self.settings.max_packet) {
                Ok(packet) => self.handle(packet)?,
                Err(mqttbytes::Error::InsufficientBytes(_)) => return Ok(()),
                Err(mqttbytes::Error::PayloadSizeLimitExceeded(length)) => {
                    // A message that is too large is left out; nothing else has such a size.
                    if input.first().is_none_or(|first| first >> 4 != 3) {
                        return Err(Error::malformed(mqttbytes::Error::PayloadSizeLimitExceeded(
                            length,
                        )));
                    }
                    self.skip = length.saturating_add(header_length(input));
                    self.inbox.miss();
                }
                Err(error) => return Err(Error::malformed(error)),
            }
        }
    }

    fn handle(&mut self, packet: Packet) -> Result<(), Error> {
        match packet {
            Packet::Publish(publish) => self.handle_publish(publish)?,
            Packet::PubAck(ack) => {
                let acknowledged = self.outbox.acknowledged(ack.pkid);
                self.delivered(acknowledged);
            }
            Packet::PubRec(ack) => {
                // A broker that asks again has not heard the answer.
                self.outbox.received(ack.pkid);
                self.answer(|out| PubRel::new(ack.pkid).write(out));
            }
            Packet::PubComp(ack) => {
                let acknowledged = self.outbox.completed(ack.pkid);
                self.delivered(acknowledged);
            }
            Packet::PubRel(rel) => {
                self.received.remove(&rel.pkid);
                self.answer(|out| PubComp::new(rel.pkid).write(out));
            }
            Packet::SubAck(ack) => {
                for answer in self.requests.subscribed(ack).unwrap_or_default() {
                    self.answered(answer);
                }
            }
            Packet::UnsubAck(ack) => {
                if let Some(Some(answer)) = self.requests.unsubscribed(ack.pkid) {
                    self.answered(answer);
                }
            }
            Packet::PingResp => {
                if let Phase::Connected(link) = &mut self.phase {
                    link.asked = None;
                }
            }
            // What only a client sends.
            Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingReq
            | Packet::Disconnect => return Err(Error::malformed("a packet that no broker sends")),
        }
        Ok(())
    }

    fn handle_publish(&mut self, publish: Publish) -> Result<(), Error> {
        let (qos, id) = (publish.qos, publish.pkid);
        match qos {
            QoS::AtMostOnce => {
                self.inbox.message(publish.into(), None);
            }
            QoS::AtLeastOnce => {
                let received = Received { connection: self.connection, id };
                if !self.inbox.message(publish.into(), Some(received)) {
                    self.missed(id);
                }
            }
            QoS::ExactlyOnce => {
                if !self.received.contains(&id) {
                    if self.received.len() >= RECEIVED {
                        return Err(Error::malformed("more messages of QoS 2 than are released"));
                    }
                    if !self.inbox.message(publish.into(), None) {
                        return Ok(());
                    }
                    self.received.insert(id);
                }
                self.answer(|out| PubRec::new(id).write(out));
            }
        }
        Ok(())
    }

    /// A message of QoS 1 found no room. It comes again where the broker keeps the session; otherwise it would only keep
    /// the broker waiting.
    fn missed(&mut self, id: u16) {
        match &self.phase {
            Phase::Connected(link) if !link.clean => self.owed = true,
            _ => self.answer(|out| PubAck::new(id).write(out)),
        }
    }

    fn delivered(&mut self, acknowledged: Acknowledged<W>) {
        // What nobody knows may be from before the connection was lost.
        if let Acknowledged::Delivered(Some(waiter)) = acknowledged {
            self.done.push_back((waiter, Ok(Done::Published)));
        }
    }

    fn answered(&mut self, answer: Answer<W>) {
        match answer {
            Answer::Granted(waiter, qos) => {
                self.done.push_back((waiter, Ok(Done::Subscribed(qos))));
            }
            Answer::Refused(waiter, filter) => {
                let error = Error::new(Cause::SubscriptionRefused(filter));
                self.done.push_back((waiter, Err(error)));
            }
            Answer::Removed(waiter) => self.done.push_back((waiter, Ok(Done::Unsubscribed))),
            Answer::Withdrawn(filter) => self.inbox.change(Event::Unsubscribed { filter }),
        }
    }
}

/// The bytes before those that the remaining length counts.
fn header_length(packet: &[u8]) -> usize {
    let length = packet.iter().skip(1).take_while(|byte| **byte & 0x80 != 0).count();
    length.saturating_add(2)
}
