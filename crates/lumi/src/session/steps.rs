//! What is asked next, and when it is asked again.

use alloc::vec::Vec;

use iot_home_core::Instant;

use super::call::{Call, Flight, Op, Step};
use super::{Answer, Session, bump};
use crate::error::Failure;
use crate::message::Child;
use crate::request;
use crate::version::Version;

/// What a call does next.
enum Next {
    Ask(Step, Option<u32>),
    End(Result<Answer, Failure>),
}

impl Session {
    /// Does what is due; to be called when [`poll_timeout`](Self::poll_timeout) has come. Calling it early does no
    /// harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(at) = self.calls.iter().position(|call| call.deadline <= now) {
            let call = self.calls.remove(at);
            let result = match &call.op {
                // Models are an addition; the list itself is there.
                Op::Children { listed: true, .. } => Ok(self.all_children()),
                _ => Err(call.verdict()),
            };
            self.done(call.key, result);
        }
        let mut unanswered = false;
        for call in &mut self.calls {
            let Some(flight) = &mut call.flight else { continue };
            if flight.due || flight.next.is_none_or(|next| next > now) {
                continue;
            }
            if flight.limit.is_some_and(|limit| flight.tries >= limit) {
                unanswered |= matches!(flight.step, Step::Read(sid) if Some(sid) == self.sid);
                call.flight = None;
            } else {
                flight.due = true;
            }
        }
        self.probed |= unanswered;
        self.advance(now);
    }

    /// The next datagram for the gateway, written into `buffer`.
    pub fn poll_transmit<'b>(&mut self, now: Instant, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        buffer.clear();
        while let Some(at) = self.calls.iter().position(Call::is_due) {
            let call = self.calls.get_mut(at)?;
            let flight = call.flight.as_mut()?;
            let text = match (flight.step, &call.op) {
                (Step::List, _) => {
                    // As long as the version is not known, one is tried after the other.
                    let odd = flight.tries & 1 == 1;
                    let guess = if odd { Version::V2 } else { Version::V1 };
                    Some(request::list(self.version.unwrap_or(guess)))
                }
                (Step::Read(sid), _) => Some(request::read(sid)),
                (Step::Write(sid), Op::Write { values, .. }) => {
                    let unknown = Child::new(sid);
                    let child = self.known.get(&sid).unwrap_or(&unknown);
                    match (&self.key, &self.token, self.version) {
                        (Some(key), Some(token), Some(version)) => {
                            request::write(version, child, values, &key.write_key(token)).ok()
                        }
                        _ => None,
                    }
                }
                (Step::Write(_), _) => None,
            };
            let Some(text) = text else {
                // The token that it was made for is no longer believed: it begins anew.
                call.flight = None;
                self.advance(now);
                continue;
            };
            flight.sent(now);
            bump(&mut call.sent);
            bump(&mut self.stats.sent);
            buffer.extend_from_slice(text.as_bytes());
            return Some(buffer);
        }
        None
    }

    /// Lets every call ask what it has to ask next, as far as there is room.
    pub(super) fn advance(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(call) = self.calls.get(at) {
            if call.flight.is_some() || call.deadline <= now {
                at = at.saturating_add(1);
                continue;
            }
            match self.next(call) {
                Next::End(result) => {
                    let call = self.calls.remove(at);
                    self.done(call.key, result);
                }
                Next::Ask(step, limit) => {
                    let flying = self.calls.iter().filter_map(Call::step);
                    let is_free = flying.clone().count() < self.config.in_flight.max(1)
                        && flying.clone().all(|other| other != step);
                    if let Some(call) = self.calls.get_mut(at).filter(|_| is_free) {
                        call.flight = Some(Flight::new(step, self.config.wait, limit));
                        match (&mut call.op, step) {
                            (Op::Children { asked, .. }, Step::Read(sid)) => {
                                asked.insert(sid);
                            }
                            (Op::Write { sid: to, asked, .. }, Step::Read(sid)) if *to == sid => {
                                *asked = true;
                            }
                            _ => {}
                        }
                    }
                    at = at.saturating_add(1);
                }
            }
        }
    }

    fn next(&self, call: &Call) -> Next {
        let probe = self.sid.filter(|_| self.version.is_none() && !self.probed);
        match (&call.op, probe) {
            (Op::Read(sid), _) => Next::Ask(Step::Read(*sid), None),
            (_, Some(gateway)) => Next::Ask(Step::Read(gateway), Some(FEW)),
            (Op::Children { listed: false, .. }, None) => Next::Ask(Step::List, None),
            (Op::Children { asked, .. }, None) => {
                let unknown = |child: &Child| child.model.is_none() && !asked.contains(&child.sid);
                match self.known_children().find(unknown) {
                    Some(child) => Next::Ask(Step::Read(child.sid), Some(FEW)),
                    None => Next::End(Ok(self.all_children())),
                }
            }
            (Op::Write { sid, listed, asked, .. }, None) => {
                if self.token.is_none() || self.version.is_none() {
                    return match listed {
                        true => Next::End(Err(Failure::NoToken)),
                        false => Next::Ask(Step::List, None),
                    };
                }
                let has_model = self.known.get(sid).is_some_and(|child| child.model.is_some());
                if self.version == Some(Version::V1) && !has_model && !asked {
                    return Next::Ask(Step::Read(*sid), Some(FEW));
                }
                Next::Ask(Step::Write(*sid), None)
            }
        }
    }

    pub(super) fn all_children(&self) -> Answer {
        Answer::Children(self.known_children().collect())
    }
}

/// How often is asked what can be done without.
const FEW: u32 = 2;
