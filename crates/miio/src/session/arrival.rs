//! What a session makes of the messages that come.

use alloc::boxed::Box;

use iot_home_core::Instant;

use super::{Event, RequestKey, Session, bump};
use crate::error::{DeviceError, Failure};
use crate::message::{DeviceRequest, Message, Reply};
use crate::packet::{Header, HelloReply};
use crate::push;

impl Session {
    pub(super) fn handle_hello(&mut self, now: Instant, reply: &HelloReply) {
        let (to_probe, order) = self.handle_probe_answer(now, reply);
        let to_hello = self.hello.accept(now);
        if !to_hello && !to_probe {
            bump(&mut self.stats.unsolicited);
            return;
        }
        if to_hello {
            if let Some(asked) = self.hello.asked.filter(|_| self.rtt.smoothed().is_none()) {
                self.rtt.sample(now.saturating_since(asked));
            }
            self.hello.next = None;
        }
        self.last_seen = Some(now);
        let other_token = reply.field.token().is_some_and(|shown| shown != self.cipher.token());
        for call in &mut self.calls {
            call.hello_answered = true;
            call.other_token_shown |= other_token;
        }
        if self.clock.claim(now, reply.did, reply.stamp) {
            // What was sent under another clock was thrown away: send it again at once.
            self.calls
                .iter_mut()
                .filter_map(|call| call.sending.as_mut())
                .for_each(|sending| sending.due = true);
        }
        self.finish_greeting(now);
        self.start_waiting(now);
        self.follow(now, order);
    }

    pub(super) fn handle_reply(
        &mut self,
        now: Instant,
        header: Header,
        id: Option<i64>,
        outcome: Result<Box<str>, DeviceError>,
    ) {
        let found = self.call_with(id);
        if let (Some(at), Err(error)) = (found, &outcome)
            && error.code == Some(GARBLED)
            && self.calls.get_mut(at).is_some_and(|call| call.may_ask_again(error))
        {
            // The device could not read its own answer. Its timer will ask again under a new id.
            return;
        }
        // Only an id of ours shows that the packet is fresh.
        let named = id.is_some_and(|id| id != 0);
        let id = found.and_then(|at| self.calls.get(at)).and_then(|call| call.id_for(id));
        let result = match outcome {
            Ok(result) => Ok(Message::reply(id.unwrap_or(0), result)),
            Err(error) => Err(Failure::Device(error)),
        };
        self.finish(now, header, found, result, named);
    }

    pub(super) fn handle_request(&mut self, now: Instant, header: Header, request: DeviceRequest) {
        // Both directions have one key: a request of ours thrown back at us opens as well, and an
        // answer to it, thrown back in turn, would pass for the device's.
        if self
            .calls
            .iter()
            .any(|call| call.has_id(request.id) && call.request.method() == request.method)
        {
            bump(&mut self.stats.unknown_id);
            return;
        }
        let theirs = |event: &&Event| matches!(event, Event::Request(_) | Event::Push(_));
        if self.events.iter().filter(theirs).count() >= MAX_REQUESTS {
            return;
        }
        if self.push.is_some() && push::is_uplink(&request) {
            self.handle_uplink(now, header, &request);
        } else {
            self.events.push_back(Event::Request(request));
        }
    }

    /// The call that an answer with this id belongs to. An answer without a usable id can only be
    /// told where a single call is under way.
    pub(super) fn call_with(&self, id: Option<i64>) -> Option<usize> {
        match id {
            Some(id) if id != 0 => self.calls.iter().position(|call| call.has_id(id)),
            _ => {
                let mut sent = self.calls.iter().enumerate().filter(|(_, call)| call.is_sent());
                let (at, _) = sent.next()?;
                sent.next().is_none().then_some(at)
            }
        }
    }

    /// Ends the call at this place. The packet was authentic and, answering a request of ours, fresh:
    /// what its header says is true.
    pub(super) fn finish(
        &mut self,
        now: Instant,
        header: Header,
        at: Option<usize>,
        result: Result<Reply, Failure>,
        named: bool,
    ) {
        let Some(at) = at.filter(|at| *at < self.calls.len()) else {
            bump(&mut self.stats.unknown_id);
            return;
        };
        let call = self.calls.remove(at);
        let in_step = self
            .clock
            .header(now)
            .is_some_and(|ours| ours.did == header.did && ours.stamp.abs_diff(header.stamp) <= 2);
        if named || in_step {
            self.clock.confirm(now, header.did, header.stamp);
        }
        bump(&mut self.stats.answered);
        let id = result.as_ref().ok().map(|reply| i64::from(reply.id()));
        if let Some(sent) = call.sent_once_at(id) {
            self.rtt.sample(now.saturating_since(sent));
        }
        self.done(call.key, result);
        self.start_waiting(now);
    }

    pub(super) fn finish_greeting(&mut self, now: Instant) {
        if let Some(header) = self.clock.header(now)
            && self.greeting.take().is_some()
        {
            self.events.push_back(Event::Greeted { result: Ok(header.did.into()) });
        }
    }

    pub(super) fn done(&mut self, key: RequestKey, result: Result<Reply, Failure>) {
        let Some(at) = self.own.iter().position(|own| *own == key) else {
            self.events.push_back(Event::Done { key, result });
            return;
        };
        self.own.swap_remove(at);
        let event = self.push.as_mut().and_then(|push| push.answered(key, result));
        self.events.extend(event.map(Event::Push));
    }
}

/// The module's own "resp invalid json", which asking again cures.
const GARBLED: i64 = -30001;
/// Requests of the device that wait to be taken.
const MAX_REQUESTS: usize = 64;
