//! One bulb as a client sees it, over a control connection that comes and goes; without IO.
//!
//! Whoever drives a [`Session`] owns the connection, the clock and the bulb's [`Window`]:
//!
//! 1. tell [`connected`](Session::connected) and [`disconnected`](Session::disconnected);
//! 2. hand in what comes by [`handle_bytes`](Session::handle_bytes), and commands by
//!    [`request`](Session::request);
//! 3. then, always: write what [`poll_transmit`](Session::poll_transmit) gives, take every
//!    [`poll_event`](Session::poll_event), and sleep until [`poll_timeout`](Session::poll_timeout);
//! 4. when that time has come, call [`handle_timeout`](Session::handle_timeout) and go on at 3.
//!
//! ```
//! use iot_home_core::Instant;
//! use iot_home_yeelight::quota::Window;
//! use iot_home_yeelight::session::{Config, Event, Session};
//! use iot_home_yeelight::{Light, Method, Profile};
//!
//! let mut session = Session::new(Config::default().read_state(false), Profile::unknown());
//! let mut bulb = Window::of_bulb();
//! let mut now = Instant::ORIGIN;
//! session.connected(now);
//! session.request(now, Method::Toggle(Light::Main), "the caller")?;
//!
//! let mut outgoing = Vec::new();
//! while !session.poll_transmit(now, &mut bulb, &mut outgoing) {
//!     // Bulbs get a moment after the connection is made.
//!     now = session.poll_timeout().expect("a command waits");
//!     session.handle_timeout(now);
//! }
//! assert_eq!(outgoing, b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n");
//!
//! session.handle_bytes(now, b"{\"id\":1,\"result\":[\"ok\"]}\r\n");
//! let Some(Event::Done { tag: "the caller", result: Ok(reply) }) = session.poll_event() else {
//!     panic!("the command is done");
//! };
//! assert!(reply.is_ok());
//! # Ok::<(), iot_home_yeelight::Failure>(())
//! ```

mod config;
mod link;
mod sending;
mod slots;

use alloc::collections::VecDeque;

use iot_home_core::Instant;

pub use self::config::Config;
use self::link::Link;
use self::slots::{Owner, Sent, Slots};
use crate::error::{DeviceError, Failure, InvalidInput};
use crate::line::Lines;
use crate::message::{Message, Reply};
use crate::method::Method;
use crate::model::Profile;
use crate::property::{Properties, Property, PropertyValue};
use crate::quota::Window;
use crate::state::State;

/// A bulb as a client sees it. `T` is whatever the caller wants back with a command's result.
#[derive(Debug)]
pub struct Session<T> {
    config: Config,
    profile: Profile,
    state: State,
    lines: Lines,
    link: Link,
    queue: VecDeque<Waiting<T>>,
    /// How many commands were ever asked for: the number of the next.
    asked: u64,
    slots: Slots<T>,
    quota: Window,
    /// When the bulb said that its quota is used up, which its other connections have not been told yet.
    used_up_at: Option<Instant>,
    /// When there is room again, while the head of the queue waits for it.
    blocked_until: Option<Instant>,
    events: VecDeque<Event<T>>,
    ignored: u64,
}

/// Names a command until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandKey(u64);

/// What a session has to tell.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<T> {
    /// A command has ended.
    Done {
        /// What came with the command.
        tag: T,
        /// Its result.
        result: Result<Reply, Failure>,
    },
    /// The bulb told of properties, in a notification or in answer to the session's own question after
    /// a connection was made. The [state](Session::state) has them already.
    Changed(Properties),
    /// The session has asked for the whole state and knows it now, or knows that it gets no answer, or may not
    /// ask for [want of quota](crate::QuotaPolicy::Refuse).
    StateKnown,
    /// The bulb answers nothing any more: close the connection and make another.
    Dead,
}

#[derive(Debug)]
struct Waiting<T> {
    key: u64,
    method: Method,
    tag: T,
    since: Instant,
}

impl<T> Session<T> {
    /// A session that is not connected yet.
    pub fn new(config: Config, profile: Profile) -> Self {
        Self {
            config,
            profile,
            state: State::default(),
            lines: Lines::default(),
            link: Link::down(Instant::ORIGIN),
            queue: VecDeque::new(),
            asked: 0,
            slots: Slots::default(),
            quota: Window::of_connection(),
            used_up_at: None,
            blocked_until: None,
            events: VecDeque::new(),
            ignored: 0,
        }
    }

    /// What is known of the bulb's state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes over what was learned elsewhere, as by a search answer.
    pub fn learn(&mut self, heard: impl IntoIterator<Item = (Property, PropertyValue)>) {
        self.state.merge(heard);
    }

    /// What the bulb can do, as far as is known.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.link.is_up()
    }

    /// Commands that wait or were sent and not answered, the session's own left out.
    pub fn under_way(&self) -> usize {
        self.queue.len().saturating_add(self.slots.callers())
    }

    /// Messages that belonged to no command, and lines that were no messages.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// There is a connection now, a new one.
    pub fn connected(&mut self, now: Instant) {
        self.disconnected(now);
        self.lines.reset();
        self.quota.renew();
        self.link.connected(now, &self.config);
    }

    /// The connection is gone: what was sent ends at once, what waits waits for the next one.
    pub fn disconnected(&mut self, now: Instant) {
        self.link.disconnected(now);
        self.blocked_until = None;
        while let Some((owner, _)) = self.slots.pop() {
            self.fail(owner, Failure::Disconnected);
        }
    }

    /// Asks something of the bulb. It is sent by [`poll_transmit`](Self::poll_transmit) when its turn has come.
    ///
    /// # Errors
    /// When the bulb cannot be expected to take it, or too many wait already. Nothing is sent.
    pub fn request(&mut self, now: Instant, method: Method, tag: T) -> Result<CommandKey, Failure> {
        let method = self.checked(method)?;
        let waiting = self.under_way();
        if waiting >= self.config.max_waiting {
            return Err(Failure::Full { waiting });
        }
        let key = self.asked;
        self.asked = self.asked.wrapping_add(1);
        self.queue.push_back(Waiting { key, method, tag, since: now });
        Ok(CommandKey(key))
    }

    /// A command as it may be sent to this bulb, by what is known of it and by the settings.
    ///
    /// # Errors
    /// When the bulb cannot be expected to take it.
    pub fn checked(&self, method: Method) -> Result<Method, InvalidInput> {
        method.checked(&self.profile, self.config.limits)
    }

    /// Forgets a command. If it was not sent yet it will not be, and its result is not told.
    pub fn cancel(&mut self, key: CommandKey) {
        self.queue.retain(|waiting| waiting.key != key.0);
        self.slots.forget(key.0);
    }

    /// Takes in what came over the connection.
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        if !self.link.is_up() {
            return;
        }
        self.link.heard(now);
        let mut lines = core::mem::take(&mut self.lines);
        lines.feed(bytes, |line| {
            let garbage = Message::read_line(line, |message| self.handle_message(now, message));
            self.ignored = self.ignored.saturating_add(garbage.into());
        });
        self.lines = lines;
    }

    fn handle_message(&mut self, now: Instant, message: Message) {
        match message {
            Message::Result(reply) => match self.take(reply.id()) {
                Some((owner, sent)) => self.handle_reply(now, owner, &sent, reply),
                None => self.ignored = self.ignored.saturating_add(1),
            },
            Message::Error { id, error } => match self.take(id) {
                Some((owner, _)) => self.handle_error(now, owner, error),
                None => self.ignored = self.ignored.saturating_add(1),
            },
            Message::Props(props) => {
                self.link.pushed(now, &props, &self.config);
                self.state.merge(props.iter().cloned());
                self.events.push_back(Event::Changed(props));
            }
            Message::Other => self.ignored = self.ignored.saturating_add(1),
        }
    }

    /// The command that is answered under this id. A command that could not be read is answered under the id
    /// 0, and some firmware tells none: where one command alone is under way it is that one, otherwise
    /// nothing tells which.
    fn take(&mut self, id: i64) -> Option<(Owner<T>, Sent)> {
        let id = if id == 0 { self.slots.only()? } else { id };
        self.slots.take(id)
    }

    fn handle_reply(&mut self, now: Instant, owner: Owner<T>, sent: &Sent, reply: Reply) {
        if let Some(properties) = &sent.properties {
            let values = reply.values();
            // One value for each name, or it is not known which belongs to which.
            if values.len() == properties.len() {
                let heard = properties.iter().zip(&values).map(|(property, value)| {
                    (property.clone(), PropertyValue::from_json(property, value))
                });
                // The first state of all is no change. That after another connection tells what was missed.
                let is_first = self.state.is_empty() && matches!(owner, Owner::FirstRead);
                let changed = self.state.merge(heard);
                if !changed.is_empty() && !is_first {
                    self.events.push_back(Event::Changed(changed));
                }
            }
        }
        if sent.changes_power {
            self.link.power_changed(now, sent.at, &self.config);
        }
        match owner {
            Owner::Caller { tag, .. } => {
                self.events.push_back(Event::Done { tag, result: Ok(reply) });
            }
            Owner::FirstRead => self.state_is_known(),
            Owner::Forgotten | Owner::Own => {}
        }
    }

    fn handle_error(&mut self, now: Instant, owner: Owner<T>, error: DeviceError) {
        let failure = match error {
            DeviceError::QuotaExceeded => {
                self.used_up_at = Some(now);
                let retry_after = self.quota.close(now);
                Failure::QuotaExceeded { retry_after }
            }
            error => Failure::Device(error),
        };
        self.fail(owner, failure);
    }

    fn fail(&mut self, owner: Owner<T>, failure: Failure) {
        match owner {
            Owner::Caller { tag, .. } => {
                self.events.push_back(Event::Done { tag, result: Err(failure) });
            }
            // It did answer, or the driver will make another connection, which asks again.
            Owner::FirstRead if !matches!(failure, Failure::Disconnected) => {
                self.state_is_known();
            }
            Owner::FirstRead | Owner::Forgotten | Owner::Own => {}
        }
    }

    fn state_is_known(&mut self) {
        self.profile.refine(&self.state);
        self.events.push_back(Event::StateKnown);
    }

    /// What there is to tell.
    pub fn poll_event(&mut self) -> Option<Event<T>> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, and
    /// [`poll_transmit`](Self::poll_transmit) after it.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let unsent = match &self.link {
            Link::Down { since } => {
                self.queue.front().map(|head| head.since.max(*since) + self.config.timeout)
            }
            Link::Up(_) => None,
        };
        let sending = if self.may_send_more() {
            self.link.next_sending(!self.queue.is_empty(), self.blocked_until)
        } else {
            // Nothing is sent before an answer or a deadline makes room.
            None
        };
        [unsent, sending, self.poll_deadline()].into_iter().flatten().min()
    }

    /// The same while the connection takes nothing: when [`handle_timeout`](Self::handle_timeout) wants to be
    /// called, whether or not anything could be sent.
    pub fn poll_deadline(&self) -> Option<Instant> {
        let ping = self.link.next_ping(&self.config);
        [ping, self.slots.next_deadline()].into_iter().flatten().min()
    }

    /// Ends what has waited too long.
    pub fn handle_timeout(&mut self, now: Instant) {
        let timeout = self.config.timeout;
        while let Some((owner, sent)) = self.slots.pop_overdue(now) {
            if matches!(owner, Owner::Own | Owner::FirstRead) && !self.link.heard_since(sent.at) {
                self.events.push_back(Event::Dead);
            }
            // A bulb that has said nothing since then is asked whether it is still there.
            self.link.is_silent_since(sent.at);
            self.fail(owner, Failure::NoAnswer { after: timeout });
        }
        if let Link::Down { since } = self.link {
            while let Some(head) = self.queue.front()
                && head.since.max(since) + timeout <= now
            {
                let Some(Waiting { tag, .. }) = self.queue.pop_front() else { break };
                let result = Err(Failure::NotConnected { after: timeout });
                self.events.push_back(Event::Done { tag, result });
            }
        }
        self.link.handle_timeout(now, &self.config);
    }
}
