//! The session without IO: bytes, time and randomness in; bytes, events and deadlines out.
//!
//! 1. [`step`](Machine::step) says what to do: wait, make a connection, serve it, or stop.
//! 2. A connection that stands is told by [`opened`](Machine::opened); what was read by
//!    [`receive`](Machine::receive); and how it ended by [`lost`](Machine::lost).
//! 3. [`transmit`](Machine::transmit) gives what to write, once everything before is written.
//! 4. After each of these, [`take_done`](Machine::take_done) tells who waits no longer, and
//!    [`take`](Machine::take) what happened.

mod check;
mod connection;
mod ids;
mod inbox;
mod incoming;
mod link;
mod outbox;
mod outgoing;
mod requests;
mod retry;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use bytes::BytesMut;
use iot_home_core::Instant;
use rumqttc::mqttbytes::v4::PubAck;

use self::check::check_message;
pub(super) use self::check::largest_packet;
use self::ids::PacketIds;
use self::inbox::Inbox;
use self::link::Phase;
use self::outbox::{Expired, Outbox};
use self::requests::Requests;
use self::retry::Retry;
pub(super) use self::settings::Settings;
use super::error::{Cause, Error, Input};
use super::event::Event;
use super::message::{Message, Qos};
use crate::{Rules, topic};

/// What a driver has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until then.
    Wait(Option<Instant>),
    /// Make a connection.
    Connect,
    /// Nothing: it is over.
    Stop,
}

/// How a request ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// A message is delivered, or sent where nobody acknowledges.
    Published,
    /// The subscription is granted at this quality of service.
    Subscribed(Qos),
    Unsubscribed,
}

/// The session. `W` is whoever waits for something.
#[derive(Debug)]
pub(super) struct Machine<W> {
    rules: &'static Rules,
    settings: Settings,
    phase: Phase,
    retry: Retry,
    outbox: Outbox<W>,
    requests: Requests<W>,
    inbox: Inbox,
    ids: PacketIds,
    /// Counts connections, so that what was received on one is not acknowledged on another.
    connection: u64,
    /// What answers the broker's packets.
    answers: BytesMut,
    /// Messages of QoS 2 that were received and are not released yet.
    received: BTreeSet<u16>,
    /// What is still to come of a packet that is too large.
    skip: usize,
    /// Messages found no room that the broker sends again with another connection.
    owed: bool,
    done: VecDeque<(W, Result<Done, Error>)>,
    /// Until when the last messages may be sent, once the session is to end.
    closing: Option<Instant>,
}

impl<W> Machine<W> {
    /// A session that wants a connection at once.
    ///
    /// # Errors
    /// The platform has no will like that.
    pub(super) fn new(
        rules: &'static Rules,
        settings: Settings,
        now: Instant,
    ) -> Result<Self, Error> {
        if let Some(will) = &settings.will {
            if !rules.will {
                return Err(Error::input(Input::Will));
            }
            check_message(rules, will)?;
        }
        Ok(Self {
            rules,
            phase: Phase::Waiting(now),
            retry: Retry::new(settings.first_pause, settings.longest_pause, rules.reconnect),
            outbox: Outbox::new(settings.window, settings.queue, settings.queue_bytes),
            requests: Requests::new(settings.queue),
            inbox: Inbox::new(settings.inbox, settings.inbox_bytes),
            ids: PacketIds::default(),
            connection: 0,
            answers: BytesMut::new(),
            received: BTreeSet::new(),
            skip: 0,
            owed: false,
            done: VecDeque::new(),
            closing: None,
            settings,
        })
    }

    // ---- what the program wants

    /// Sends a message as soon as that is possible.
    ///
    /// # Errors
    /// It breaks a rule, too many wait already, or the session is over; `waiter` is dropped.
    pub(super) fn publish(
        &mut self,
        now: Instant,
        message: Message,
        waiter: W,
    ) -> Result<(), Error> {
        check_message(self.rules, &message)?;
        self.check_open()?;
        if !self.outbox.has_room(&message) {
            return Err(Error::new(Cause::Full { what: "messages", most: self.settings.queue }));
        }
        self.outbox.push(message, waiter, now + self.settings.timeout);
        Ok(())
    }

    /// Subscribes, and again after each connection that the broker has forgotten it with.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    pub(super) fn subscribe(
        &mut self,
        now: Instant,
        filter: String,
        qos: Qos,
        waiter: W,
    ) -> Result<(), Error> {
        topic::check_filter(&filter).map_err(|error| Error::input(Input::Topic(error)))?;
        self.check_request()?;
        self.requests.subscribe(filter, qos, waiter, now + self.settings.timeout);
        Ok(())
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    pub(super) fn unsubscribe(
        &mut self,
        now: Instant,
        filter: String,
        waiter: W,
    ) -> Result<(), Error> {
        topic::check_filter(&filter).map_err(|error| Error::input(Input::Topic(error)))?;
        self.check_request()?;
        self.requests.unsubscribe(filter, waiter, now + self.settings.timeout);
        Ok(())
    }

    /// Ends the session, once what waits is sent and acknowledged or a while has passed; at once where there is no
    /// connection.
    pub(super) fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Connected(_) => {
                self.closing.get_or_insert(now + self.settings.patience);
            }
            Phase::Leaving { .. } | Phase::Over(_) => {}
            _ => self.end(None),
        }
    }

    /// Ends the session here and now.
    pub(super) fn abort(&mut self) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.end(Some(Error::closed()));
        }
    }

    fn check_request(&self) -> Result<(), Error> {
        self.check_open()?;
        if !self.requests.has_room() {
            return Err(Error::new(Cause::Full { what: "requests", most: self.settings.queue }));
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        match &self.phase {
            Phase::Over(Some(error)) => Err(error.clone()),
            Phase::Over(None) | Phase::Leaving { .. } => Err(Error::closed()),
            _ if self.closing.is_some() => Err(Error::closed()),
            _ => Ok(()),
        }
    }

    // ---- what happened

    /// What happened next. `None` within is for now; where the session is over it is for ever, after an error that
    /// ended it was told.
    pub(super) fn take(&mut self) -> Option<Option<Result<Event, Error>>> {
        if let Some((event, acknowledge)) = self.inbox.take() {
            if let Some(received) = acknowledge.filter(|it| it.connection == self.connection) {
                self.answer(|out| PubAck::new(received.id).write(out));
            }
            return Some(Some(Ok(event)));
        }
        match &mut self.phase {
            Phase::Over(error) => Some(error.take().map(Err)),
            _ => None,
        }
    }

    /// Whether [`take`](Self::take) has something.
    pub(super) fn has_news(&self) -> bool {
        !self.inbox.is_empty() || matches!(self.phase, Phase::Over(_))
    }

    /// Whether taking something has left the driver something to do.
    pub(super) fn has_work(&self) -> bool {
        !self.answers.is_empty() || self.owed
    }

    /// Somebody who waits no longer.
    pub(super) fn take_done(&mut self) -> Option<(W, Result<Done, Error>)> {
        self.done.pop_front()
    }

    /// Why it is over, where it is.
    pub(super) fn over(&self) -> Option<Error> {
        match &self.phase {
            Phase::Over(error) => Some(error.clone().unwrap_or_else(Error::closed)),
            _ => None,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected(_))
    }

    // ---- time

    /// Lets time pass while there is no connection to be served.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        self.expire(now);
        match &self.phase {
            Phase::Over(_) => Step::Stop,
            Phase::Waiting(until) if *until <= now => {
                self.phase = Phase::Opening(now);
                self.retry.attempted(now);
                Step::Connect
            }
            Phase::Waiting(until) => Step::Wait(self.earliest([Some(*until)])),
            _ => Step::Wait(self.earliest([None])),
        }
    }

    /// Lets time pass on a connection, and says when to look again. `is_blocked` where something waits to be
    /// written, so that nothing can be added.
    ///
    /// # Errors
    /// The connection is to be given up, for this reason.
    pub(super) fn serve(
        &mut self,
        now: Instant,
        is_blocked: bool,
    ) -> Result<Option<Instant>, Error> {
        self.expire(now);
        let patience = self.settings.patience;
        match &self.phase {
            Phase::Greeting { deadline, .. } if *deadline <= now => {
                Err(Error::new(Cause::NoAnswer))
            }
            Phase::Greeting { deadline, .. } => Ok(self.earliest([Some(*deadline)])),
            Phase::Connected(link) => {
                if link.asked.is_some_and(|asked| asked + patience <= now) {
                    return Err(Error::new(Cause::Silent(now.saturating_since(link.heard))));
                }
                if self.owed && self.inbox.is_empty() {
                    return Err(Error::new(Cause::Owed));
                }
                if self.outbox.is_stuck() || self.requests.is_stuck() {
                    return Err(Error::new(Cause::Stuck));
                }
                if is_blocked && self.closing.is_some_and(|deadline| deadline <= now) {
                    return Err(Error::closed());
                }
                let due = match link.asked {
                    Some(asked) => Some(asked + patience),
                    None if is_blocked => None,
                    None => self.ping_due(link),
                };
                Ok(self.earliest([due, self.closing]))
            }
            Phase::Leaving { deadline } if *deadline <= now => Err(Error::closed()),
            Phase::Leaving { deadline } => Ok(Some(*deadline)),
            _ => Err(Error::closed()),
        }
    }

    fn earliest<const N: usize>(&self, others: [Option<Instant>; N]) -> Option<Instant> {
        let own = [self.outbox.deadline(), self.requests.deadline()];
        own.into_iter().chain(others).flatten().min()
    }

    fn expire(&mut self, now: Instant) {
        let timeout = |what, sent| Err(Error::new(Cause::Timeout { what, sent }));
        for Expired { waiter, sent } in self.outbox.expire(now) {
            self.done.push_back((waiter, timeout("message", sent)));
        }
        for waiter in self.requests.expire(now) {
            self.done.push_back((waiter, timeout("request", false)));
        }
    }
}
