//! A session and a simulated bulb, joined in a time that passes when something waits for it: an hour takes a
//! moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_sim::yeelight::{ConnectionId, Machine, Output};
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event};
use iot_home_yeelight::{Failure, Method, Profile, PropertyValue, Reply, Session};
use serde_json::Value;

/// A session and a bulb. Bytes take a millisecond each way and keep their order; a lost connection is made again after a
/// second.
pub(crate) struct Link {
    now: Instant,
    pub(crate) session: Session<usize>,
    pub(crate) machine: Machine,
    quota: Window,
    connection: Option<ConnectionId>,
    reconnect: Option<Instant>,
    to_bulb: VecDeque<(Instant, ConnectionId, Vec<u8>)>,
    to_session: VecDeque<(Instant, ConnectionId, Arrival)>,
    calls: usize,
    done: BTreeMap<usize, Result<Reply, Failure>>,
    /// Notifications and news of the session's own questions.
    pub(crate) changes: usize,
    /// How often the bulb was given up.
    pub(crate) deaths: usize,
}

enum Arrival {
    Bytes(Vec<u8>),
    Closed,
}

impl Link {
    /// Connected, and the bulb's state known.
    pub(crate) fn new(config: Config, machine: Machine) -> Self {
        let profile = Profile::of_model(machine.model());
        let now = Instant::from_origin(Duration::from_secs(1));
        let mut link = Self {
            now,
            session: Session::new(config, profile),
            machine,
            quota: Window::of_bulb(),
            connection: None,
            reconnect: Some(now),
            to_bulb: VecDeque::new(),
            to_session: VecDeque::new(),
            calls: 0,
            done: BTreeMap::new(),
            changes: 0,
            deaths: 0,
        };
        link.idle(Duration::from_secs(2));
        link
    }

    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Begins a command; no time passes.
    pub(crate) fn start(&mut self, method: Method) -> Result<usize, Failure> {
        let call = self.calls;
        self.session.request(self.now, method, call)?;
        self.calls += 1;
        self.exchange();
        Ok(call)
    }

    /// Lets time pass until a command has ended.
    pub(crate) fn finish(&mut self, call: usize) -> Result<Reply, Failure> {
        loop {
            if let Some(result) = self.done.remove(&call) {
                return result;
            }
            let next = self.next().expect("a session knows when its commands end");
            self.advance(next);
        }
    }

    /// A command from its beginning to its end, and how long it took.
    pub(crate) fn call(&mut self, method: Method) -> (Result<Reply, Failure>, Duration) {
        let began = self.now;
        let ended = self.start(method).and_then(|call| self.finish(call));
        (ended, self.now.saturating_since(began))
    }

    /// Lets this much time pass.
    pub(crate) fn idle(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.advance(next);
        }
        self.advance(until);
    }

    /// Something happens to the bulb.
    pub(crate) fn touch(&mut self, hand: impl FnOnce(&mut Machine, Instant)) {
        hand(&mut self.machine, self.now);
        self.exchange();
    }

    /// What the session believes and the bulb knows better.
    pub(crate) fn differences(&self) -> Vec<String> {
        let state = self.session.state().iter();
        let wrong = state.filter(|(property, known)| {
            match (known, self.machine.property(property.as_str())) {
                (PropertyValue::Unsupported, None) => false,
                // An answer does not tell an empty text from nothing.
                (PropertyValue::Unsupported, Some(Value::String(text))) => !text.is_empty(),
                (PropertyValue::Number(number), Some(shown)) => shown != *number,
                (PropertyValue::Text(text), Some(Value::String(shown))) => shown != **text,
                _ => true,
            }
        });
        wrong
            .map(|(property, known)| {
                let shown = self.machine.property(property.as_str());
                format!("{property} is {shown:?}, not {known:?}")
            })
            .collect()
    }

    fn next(&self) -> Option<Instant> {
        let wires = self.to_bulb.front().map(|(due, ..)| *due).into_iter();
        wires
            .chain(self.to_session.front().map(|(due, ..)| *due))
            .chain(self.reconnect)
            .chain(self.session.poll_timeout())
            .chain(self.machine.poll_timeout())
            .min()
    }

    fn advance(&mut self, to: Instant) {
        assert!(to >= self.now, "{to:?} is over at {:?}", self.now);
        self.now = self.now.max(to);
        while let Some((_, connection, bytes)) = pop(&mut self.to_bulb, self.now) {
            self.machine.handle_bytes(self.now, connection, &bytes);
        }
        while let Some((_, connection, arrival)) = pop(&mut self.to_session, self.now) {
            // What comes over a connection that was given up reaches nobody.
            match arrival {
                _ if self.connection != Some(connection) => {}
                Arrival::Bytes(bytes) => self.session.handle_bytes(self.now, &bytes),
                Arrival::Closed => self.lost(),
            }
        }
        if self.reconnect.is_some_and(|due| due <= self.now) {
            self.reconnect = Some(self.now + PAUSE);
            if let Some(connection) = self.machine.accept(self.now) {
                self.reconnect = None;
                self.connection = Some(connection);
                self.session.connected(self.now);
            }
        }
        if self.machine.poll_timeout().is_some_and(|due| due <= self.now) {
            self.machine.handle_timeout(self.now);
        }
        if self.session.poll_timeout().is_some_and(|due| due <= self.now) {
            self.session.handle_timeout(self.now);
        }
        self.exchange();
        let due = self.session.poll_timeout();
        assert!(due.is_none_or(|due| due > self.now), "{due:?} is not after {:?}", self.now);
    }

    fn lost(&mut self) {
        self.connection = None;
        self.session.disconnected(self.now);
        self.reconnect = Some(self.now + PAUSE);
    }

    /// Puts on the wire what both ends have to say, and takes the session's events.
    fn exchange(&mut self) {
        loop {
            let mut out = Vec::new();
            while self.session.poll_transmit(self.now, &mut self.quota, &mut out) {}
            if let Some(connection) = self.connection.filter(|_| !out.is_empty()) {
                self.to_bulb.push_back((self.now + WIRE, connection, out));
            }
            while let Some(output) = self.machine.poll_output(self.now) {
                self.output(output);
            }
            let mut dead = false;
            while let Some(event) = self.session.poll_event() {
                match event {
                    Event::Done { tag, result } => {
                        assert!(self.done.insert(tag, result).is_none(), "{tag} ended twice");
                    }
                    Event::Changed(_) => self.changes += 1,
                    Event::Dead => dead = true,
                    _ => {}
                }
            }
            if !dead {
                return;
            }
            self.deaths += 1;
            if let Some(connection) = self.connection {
                self.machine.closed(self.now, connection);
                self.lost();
            }
        }
    }

    fn output(&mut self, output: Output) {
        let due = self.now + WIRE;
        match output {
            Output::Write { to, bytes } => {
                self.to_session.push_back((due, to, Arrival::Bytes(bytes)));
            }
            Output::Close { connection, cut } => {
                if cut {
                    self.to_session.retain(|(_, of, _)| *of != connection);
                }
                self.to_session.push_back((due, connection, Arrival::Closed));
            }
            // Nobody listens there.
            Output::ConnectBack { connection, .. } => self.machine.closed(self.now, connection),
            _ => {}
        }
    }
}

fn pop<T>(
    wire: &mut VecDeque<(Instant, ConnectionId, T)>,
    now: Instant,
) -> Option<(Instant, ConnectionId, T)> {
    if wire.front()?.0 <= now { wire.pop_front() } else { None }
}

const WIRE: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_secs(1);
