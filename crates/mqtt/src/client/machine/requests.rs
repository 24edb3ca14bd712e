//! Subscriptions: wanted, asked for, granted.

use std::collections::{BTreeMap, VecDeque};

use bytes::BytesMut;
use iot_home_core::Instant;
use rumqttc::mqttbytes::v4::{
    SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode, Unsubscribe,
};

use crate::client::message::Qos;

/// What was subscribed to, and what is being asked for. `W` is whoever wants to know.
#[derive(Debug)]
pub(super) struct Requests<W> {
    /// What the broker granted, and is asked for again when it has forgotten.
    granted: BTreeMap<String, Qos>,
    waiting: VecDeque<Request<W>>,
    /// Sent on this connection.
    asked: VecDeque<(u16, Request<W>)>,
    most: usize,
}

#[derive(Debug)]
pub(super) struct Request<W> {
    what: What,
    /// `None` where nobody waits: for what is asked for again, and where the time is over.
    waiter: Option<W>,
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum What {
    /// All of the filters in one packet.
    Subscribe(Vec<(String, Qos)>),
    Unsubscribe(String),
}

/// What came of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<W> {
    /// The broker grants it at this quality of service.
    Granted(W, Qos),
    /// The broker refuses it.
    Refused(W, String),
    /// It is no subscription any longer.
    Removed(W),
    /// What it had granted before, it refuses now.
    Withdrawn(String),
}

impl<W> Requests<W> {
    pub(super) fn new(most: usize) -> Self {
        Self { granted: BTreeMap::new(), waiting: VecDeque::new(), asked: VecDeque::new(), most }
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len().saturating_add(self.asked.len()) < self.most
    }

    /// Whether nothing can be asked any more because of requests that are never answered.
    pub(super) fn is_stuck(&self) -> bool {
        self.asked.len() >= self.most && !self.is_awaited()
    }

    pub(super) fn subscribe(&mut self, filter: String, qos: Qos, waiter: W, deadline: Instant) {
        let what = What::Subscribe(vec![(filter, qos)]);
        self.waiting.push_back(Request { what, waiter: Some(waiter), deadline: Some(deadline) });
    }

    pub(super) fn unsubscribe(&mut self, filter: String, waiter: W, deadline: Instant) {
        let what = What::Unsubscribe(filter);
        self.waiting.push_back(Request { what, waiter: Some(waiter), deadline: Some(deadline) });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.is_awaited()
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.asked.iter().any(|(_, request)| request.waiter.is_some())
    }

    pub(super) fn uses(&self, id: u16) -> bool {
        self.asked.iter().any(|(asked, _)| *asked == id)
    }

    /// The connection is lost: what was not answered is asked for again, where somebody waits for it or the broker has
    /// forgotten it. It may remember the next time that it knows the session, and still not what it was never asked.
    pub(super) fn lost(&mut self) {
        for (_, request) in self.asked.drain(..).rev() {
            if request.waiter.is_some() || request.deadline.is_none() {
                self.waiting.push_front(request);
            }
        }
    }

    /// There is a connection. What the broker has forgotten is asked for again, before anything else, with so many
    /// filters in a packet.
    pub(super) fn connected(&mut self, session_present: bool, filters: usize) {
        if session_present {
            return;
        }
        let granted: Vec<_> =
            self.granted.iter().map(|(filter, qos)| (filter.clone(), *qos)).collect();
        // All of what is granted, so that nothing is left of an earlier attempt.
        self.waiting.retain(|request| request.deadline.is_some());
        // A packet of a few filters can be answered whatever their lengths are.
        for chunk in granted.chunks(filters.clamp(1, 16)).rev() {
            let what = What::Subscribe(chunk.to_vec());
            self.waiting.push_front(Request { what, waiter: None, deadline: None });
        }
    }

    /// Writes the next packet, if there is one.
    pub(super) fn write_next(
        &mut self,
        out: &mut BytesMut,
        take_id: impl FnOnce(&Self) -> u16,
    ) -> bool {
        let Some(request) = self.waiting.pop_front() else { return false };
        let id = take_id(self);
        // Neither can fail: the lengths were checked.
        match &request.what {
            What::Subscribe(filters) => {
                let filters = filters
                    .iter()
                    .map(|(filter, qos)| SubscribeFilter::new(filter.clone(), (*qos).into()));
                let mut packet = Subscribe::new_many(filters);
                packet.pkid = id;
                let _ = packet.write(out);
            }
            What::Unsubscribe(filter) => {
                let mut packet = Unsubscribe::new(filter.clone());
                packet.pkid = id;
                let _ = packet.write(out);
            }
        }
        self.asked.push_back((id, request));
        true
    }

    /// SUBACK: `None` where nothing of that kind was asked for, or where the answer does not fit.
    pub(super) fn subscribed(&mut self, ack: SubAck) -> Option<Vec<Answer<W>>> {
        let is_meant = |(id, request): &(u16, Request<W>)| {
            *id == ack.pkid
                && matches!(&request.what, What::Subscribe(filters) if filters.len() == ack.return_codes.len())
        };
        let at = self.asked.iter().position(is_meant)?;
        let (_, Request { what: What::Subscribe(filters), mut waiter, .. }) =
            self.asked.remove(at)?
        else {
            return None;
        };
        let mut answers = Vec::new();
        for ((filter, qos), code) in filters.into_iter().zip(ack.return_codes) {
            match (code, waiter.take()) {
                (SubscribeReasonCode::Success(granted), waiter) => {
                    if let Some(waiter) = waiter {
                        // What was asked for, so that a broker that grants less now may grant it another time.
                        self.granted.insert(filter, qos);
                        answers.push(Answer::Granted(waiter, granted.into()));
                    }
                }
                (SubscribeReasonCode::Failure, Some(waiter)) => {
                    answers.push(Answer::Refused(waiter, filter));
                }
                (SubscribeReasonCode::Failure, None) => {
                    if self.granted.remove(&filter).is_some() {
                        answers.push(Answer::Withdrawn(filter));
                    }
                }
            }
        }
        Some(answers)
    }

    /// UNSUBACK: `None` where nothing of that kind was asked for.
    pub(super) fn unsubscribed(&mut self, id: u16) -> Option<Option<Answer<W>>> {
        let is_meant = |(asked, request): &(u16, Request<W>)| {
            *asked == id && matches!(request.what, What::Unsubscribe(_))
        };
        let at = self.asked.iter().position(is_meant)?;
        let (_, Request { what: What::Unsubscribe(filter), waiter, .. }) = self.asked.remove(at)?
        else {
            return None;
        };
        self.granted.remove(&filter);
        Some(waiter.map(Answer::Removed))
    }

    /// When the time of the next request is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let asked = self.asked.iter().map(|(_, request)| request);
        let awaited = asked.chain(&self.waiting).filter(|request| request.waiter.is_some());
        awaited.filter_map(|request| request.deadline).min()
    }

    /// Those whose time is over. What was asked stays in mind, since the broker may still answer.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<W> {
        let is_over =
            |request: &Request<W>| request.deadline.is_some_and(|deadline| deadline <= now);
        let mut expired = Vec::new();
        for (_, request) in &mut self.asked {
            if is_over(request) {
                expired.extend(request.waiter.take());
            }
        }
        self.waiting.retain_mut(|request| {
            let is_over = is_over(request);
            if is_over {
                expired.extend(request.waiter.take());
            }
            !is_over
        });
        expired
    }

    /// Everybody who waits; nothing is left.
    pub(super) fn drain(&mut self) -> Vec<W> {
        let asked = self.asked.drain(..).map(|(_, request)| request);
        asked.chain(self.waiting.drain(..)).filter_map(|request| request.waiter).collect()
    }
}
