//! Answers and notifications on their way to clients, and what goes wrong with them.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::{Property, PropertyValue};

use crate::yeelight::faults::Silence;
use crate::yeelight::lamp::Reply;
use crate::yeelight::machine::outbox::Role;
use crate::yeelight::machine::{ConnectionId, Machine};
use crate::yeelight::message;
use crate::yeelight::quirk::Quirk;
use crate::yeelight::report::count;

impl Machine {
    /// Answers a command: what it returns, or the code and the message of an error. Music connections
    /// are not answered.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        to: ConnectionId,
        id: i32,
        done: Result<&Reply, (i32, &str)>,
    ) {
        let connection = self.connections.get(&to);
        let speaks = connection.is_some_and(|one| one.role == Role::Control && !one.closing);
        if !speaks || self.mischief.silence() == Silence::Answers {
            return;
        }
        count(&mut self.report.answers);
        if done.is_err() {
            count(&mut self.report.error_answers);
        }
        if self.mischief.is_none() {
            let line = message::answer(self.builder.answers, id, done);
            return self.write(now, now, to, line.as_bytes());
        }
        let line = message::odd_answer(self.builder.answers, id, done, &self.mischief.faults);
        self.send_oddly(now, to, line.as_bytes());
    }

    /// An answer and everything that comes before it.
    fn send_oddly(&mut self, now: Instant, to: ConnectionId, line: &[u8]) {
        let due = now + self.mischief.answer_delay();
        if self.mischief.has(Quirk::NotificationFlood) {
            self.flood(now, due);
        }
        if self.mischief.has(Quirk::OddNotifications) {
            self.deliver(now, due, to, message::ODD_NOTIFICATIONS);
        }
        if self.mischief.has(Quirk::GarbageLine) {
            let mut garbage = self.mischief.garbage();
            garbage.extend_from_slice(b"\r\n");
            self.deliver(now, due, to, &garbage);
        }
        if self.mischief.has(Quirk::GarbageBytes) {
            let garbage = self.mischief.garbage();
            self.deliver(now, due, to, &garbage);
        }
        if self.mischief.has(Quirk::HugeLine) {
            self.deliver(now, due, to, &vec![b'x'; HUGE]);
            return self.mute(to);
        }
        if self.mischief.has(Quirk::HalfMessage) {
            let half = line.get(..line.len() / 2).unwrap_or_default();
            self.deliver(now, due, to, half);
            return self.mute(to);
        }
        if self.mischief.has(Quirk::DuplicateAnswer) {
            self.deliver(now, due, to, line);
        }
        self.deliver(now, due, to, line);
    }

    /// Nothing is written to this connection any more.
    fn mute(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.mute = true;
        }
    }

    fn flood(&mut self, now: Instant, due: Instant) {
        let mut lines = String::new();
        // The last one is true.
        let last = self.lamp.properties.number(&Property::Bright);
        let steps = (1..FLOOD).map(|step| step % 100 + 1).chain([last]);
        for bright in steps.map(PropertyValue::Number) {
            lines += &message::props(self.builder.pushes, &[(Property::Bright, bright)]);
        }
        for id in self.listeners() {
            self.report.pushes = self.report.pushes.saturating_add(FLOOD.unsigned_abs());
            self.deliver(now, due, id, lines.as_bytes());
        }
    }

    /// Tells all control connections what has changed.
    pub(super) fn tell_changes(&mut self, now: Instant) {
        let mut changes = self.lamp.take_changes();
        if changes.is_empty() || self.mischief.silence() == Silence::Total {
            return;
        }
        if self.mischief.has(Quirk::WrongBgPower) {
            for (_, value) in changes.iter_mut().filter(|(one, _)| *one == Property::BgPower) {
                let on = value.as_switch() == Some(true);
                *value = PropertyValue::Text(if on { "off" } else { "on" }.into());
            }
        }
        let mut line = message::props(self.builder.pushes, &changes);
        if self.mischief.has(Quirk::LfLines) {
            line.retain(|char| char != '\r');
        }
        for id in self.listeners() {
            count(&mut self.report.pushes);
            self.deliver(now, now, id, line.as_bytes());
        }
    }

    fn listeners(&self) -> Vec<ConnectionId> {
        let listeners = self.connections.iter();
        let listeners = listeners.filter(|(_, one)| one.role == Role::Control && !one.closing);
        listeners.map(|(id, _)| *id).collect()
    }

    /// A message, in one piece or in several, as far as the connection lasts.
    fn deliver(&mut self, now: Instant, mut due: Instant, to: ConnectionId, message: &[u8]) {
        if self.mischief.is_none() {
            return self.write(now, due, to, message);
        }
        if self.connections.get(&to).is_none_or(|one| one.mute || one.closing) {
            return;
        }
        let cut = self.mischief.cut(message.len());
        let message = cut.and_then(|end| message.get(..end)).unwrap_or(message);
        if self.mischief.has(Quirk::Coalesced) {
            due = next_beat(due);
        }
        if self.mischief.has(Quirk::SplitSegments) {
            for piece in self.mischief.split(message) {
                self.write(now, due, to, piece);
                due = due + GAP;
            }
        } else {
            self.write(now, due, to, message);
        }
        if cut.is_some() {
            self.outbox.close(now, &mut self.connections, to);
        }
    }

    fn write(&mut self, now: Instant, due: Instant, to: ConnectionId, bytes: &[u8]) {
        if !self.outbox.write(now, due, &mut self.connections, to, bytes) {
            self.overflowed(now, to);
        }
    }
}

/// The next fiftieth of a second that is not over.
fn next_beat(due: Instant) -> Instant {
    let beats = due.since_origin().as_millis().div_euclid(BEAT).saturating_add(1);
    let millis = u64::try_from(beats.saturating_mul(BEAT)).unwrap_or(u64::MAX);
    Instant::from_origin(Duration::from_millis(millis))
}

/// Milliseconds.
const BEAT: u128 = 20;
/// Between the pieces of a message.
const GAP: Duration = Duration::from_millis(2);
/// How many notifications are a flood.
const FLOOD: i64 = 500;
/// How many bytes are a huge line.
const HUGE: usize = 200 << 10;
