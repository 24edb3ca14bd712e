//! What comes from the gateway, and what comes of it.

use core::net::SocketAddr;

use iot_home_core::Instant;

use super::call::{Call, Op, Step};
use super::{Answer, Event, Session, bump};
use crate::error::{Failure, GatewayError};
use crate::message::{Child, Listing, MOST_CHILDREN, Message, Reply};
use crate::sid::Sid;

impl Session {
    /// Takes in a datagram that came to the socket that commands leave from. Returns whether it was the
    /// gateway's, and meant something.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) -> bool {
        let Some(message) = self.parse(from, datagram) else { return false };
        let is_answer =
            matches!(message, Message::Children(_) | Message::Read(_) | Message::Written(_));
        if is_answer && from.port() != self.addr.port() {
            bump(&mut self.stats.foreign);
            return false;
        }
        let taken = match message {
            Message::Children(listing) => self.handle_listing(listing),
            Message::Read(reply) => self.handle_read(reply),
            Message::Written(reply) => self.handle_written(reply),
            message => return self.handle_told(datagram, message),
        };
        if taken {
            self.advance(now);
        }
        taken
    }

    /// Takes in a datagram that came to the gateways' group: a report or a heartbeat. Answers are not believed
    /// here. Returns whether it was the gateway's, and meant something.
    pub fn handle_multicast(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        match self.parse(from, datagram) {
            Some(message) => self.handle_told(datagram, message),
            None => false,
        }
    }

    fn parse(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Message> {
        if from.ip() != self.addr.ip() {
            bump(&mut self.stats.foreign);
            return None;
        }
        let message = Message::parse(datagram);
        if message.is_err() {
            bump(&mut self.stats.malformed);
        }
        message.ok()
    }

    fn handle_told(&mut self, datagram: &[u8], message: Message) -> bool {
        if datagram.len() > LONGEST_REPORT {
            bump(&mut self.stats.malformed);
            return false;
        }
        match message {
            Message::Report(state) => self.tell(Event::Report(state)),
            Message::Heartbeat { state, token } => {
                if self.sid == Some(state.sid)
                    && let Some(token) = token
                {
                    self.token = Some(token);
                }
                self.tell(Event::Heartbeat(state));
            }
            _ => {
                bump(&mut self.stats.unasked);
                return false;
            }
        }
        bump(&mut self.stats.told);
        true
    }

    fn handle_listing(&mut self, listing: Listing) -> bool {
        if self.sid.is_some_and(|sid| sid != listing.sid) {
            bump(&mut self.stats.other_gateway);
            return false;
        }
        let is_asked = |call: &&mut Call| call.asked() == Some(Step::List);
        let Some(call) = self.calls.iter_mut().find(is_asked) else {
            bump(&mut self.stats.unasked);
            return false;
        };
        call.flight = None;
        match &mut call.op {
            Op::Children { listed, .. } | Op::Write { listed, .. } => *listed = true,
            Op::Read(_) => {}
        }
        self.sid = Some(listing.sid);
        self.version.get_or_insert(listing.version);
        self.token = listing.token.or(self.token.take());
        self.children = listing.children.iter().map(|child| child.sid).collect();
        let gone = |sid: &Sid| *sid != listing.sid && !self.children.contains(sid);
        self.known.retain(|sid, _| !gone(sid));
        for child in listing.children {
            self.learn(child);
        }
        true
    }

    fn handle_read(&mut self, reply: Reply) -> bool {
        let asked =
            |step: &Step| matches!(step, Step::Read(sid) if reply.sid.is_none_or(|of| of == *sid));
        let Some((at, sid)) = self.answered(asked) else { return false };
        if let Ok(state) = &reply.result {
            self.learn(Child {
                sid: state.sid,
                model: state.model.clone(),
                short_id: state.short_id,
            });
        }
        if self.sid == Some(sid) {
            match &reply.result {
                Ok(state) => {
                    self.version.get_or_insert(state.proto_version().unwrap_or(reply.version));
                }
                Err(_) => self.probed = true,
            }
        }
        let result = match self.calls.get(at).map(|call| &call.op) {
            Some(Op::Read(_)) => reply.result.map(Answer::Read),
            // The gateway was asked for its version.
            Some(Op::Write { sid: to, .. }) if *to != sid => return true,
            Some(Op::Write { .. }) => match reply.result {
                Err(error) if self.sid != Some(sid) => Err(error),
                _ => return true,
            },
            _ => return true,
        };
        self.end(at, result.map_err(Failure::Gateway));
        true
    }

    fn handle_written(&mut self, reply: Reply) -> bool {
        let asked =
            |step: &Step| matches!(step, Step::Write(sid) if reply.sid.is_none_or(|of| of == *sid));
        let Some((at, _)) = self.answered(asked) else { return false };
        if reply.result == Err(GatewayError::InvalidKey)
            && let Some(call) = self.calls.get_mut(at)
            && let Op::Write { again, .. } = &mut call.op
            && !*again
        {
            // It was not executed, so it may be sent again.
            *again = true;
            self.token = None;
            for call in &mut self.calls {
                if let Op::Write { listed, .. } = &mut call.op {
                    *listed = false;
                }
            }
            return true;
        }
        self.end(at, reply.result.map(Answer::Written).map_err(Failure::Gateway));
        true
    }

    /// The call whose question this answers, which is no longer on its way. An answer that does not say whom it
    /// is about answers nothing where it could be one of several.
    fn answered(&mut self, is_asked: impl Fn(&Step) -> bool) -> Option<(usize, Sid)> {
        let flying = |call: &Call| call.asked().is_some_and(|step| is_asked(&step));
        let mut found = self.calls.iter().enumerate().filter(|(_, call)| flying(call));
        let (Some((at, _)), None) = (found.next(), found.next()) else {
            bump(&mut self.stats.unasked);
            return None;
        };
        let flight = self.calls.get_mut(at)?.flight.take()?;
        match flight.step {
            Step::Read(sid) | Step::Write(sid) => Some((at, sid)),
            Step::List => None,
        }
    }

    fn end(&mut self, at: usize, result: Result<Answer, Failure>) {
        let call = self.calls.remove(at);
        self.done(call.key, result);
    }

    /// Keeps what the gateway has told of a child when it was asked.
    fn learn(&mut self, told: Child) {
        if self.known.len() >= MOST_KNOWN && !self.known.contains_key(&told.sid) {
            return;
        }
        let known = self.known.entry(told.sid).or_insert_with(|| Child::new(told.sid));
        // As the gateway writes it.
        known.sid = told.sid;
        known.model = told.model.or(known.model.take());
        known.short_id = told.short_id.or(known.short_id);
    }
}

/// Children, and some that are no longer listed.
const MOST_KNOWN: usize = MOST_CHILDREN + MOST_CHILDREN / 4;
/// Gateways tell what has changed, in less than a frame of Ethernet.
const LONGEST_REPORT: usize = 2048;
