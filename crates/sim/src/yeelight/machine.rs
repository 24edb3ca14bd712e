//! A bulb without sockets and without a clock.

mod answers;
#[cfg(feature = "micloud")]
mod cloud;
mod control;
mod discovery;
mod mischief;
mod music;
mod outbox;
mod session;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use iot_home_core::{Instant, SeededRandom};
use iot_home_yeelight::{BulbId, Light, PORT, Property, PropertyValue, Rgb};
use serde_json::Value;

use crate::yeelight::builder::{Builder, PropertyError, fitting};
use crate::yeelight::faults::{Faults, Silence};
use crate::yeelight::lamp::Lamp;
use crate::yeelight::machine::mischief::Mischief;
use crate::yeelight::machine::music::Music;
use crate::yeelight::machine::outbox::{Connection, Outbox, Role};
use crate::yeelight::machine::session::Sessions;
use crate::yeelight::quota::Window;
use crate::yeelight::report::{Report, count};

/// A simulated bulb as a state machine: connections, bytes, datagrams and the time go in, bytes and
/// datagrams come out.
///
/// 1. hand it what happens: [`accept`](Self::accept), [`handle_bytes`](Self::handle_bytes),
///    [`closed`](Self::closed), [`handle_search`](Self::handle_search),
///    [`handle_session_datagram`](Self::handle_session_datagram);
/// 2. do what [`poll_output`](Self::poll_output) says until it says nothing;
/// 3. sleep until [`poll_timeout`](Self::poll_timeout) or until something happens; when the time has
///    come, call [`handle_timeout`](Self::handle_timeout), and go on at 2.
///
/// A change shows at once, however smooth it was asked to be.
///
/// ```
/// use iot_home_core::Instant;
/// use iot_home_sim::SimBulb;
/// use iot_home_sim::yeelight::Output;
///
/// let mut bulb = SimBulb::color().build()?;
/// let client = bulb.accept(Instant::ORIGIN).unwrap();
/// bulb.handle_bytes(Instant::ORIGIN, client, b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n");
/// let Some(Output::Write { bytes, .. }) = bulb.poll_output(Instant::ORIGIN) else { panic!() };
/// assert!(bytes.starts_with(b"{\"id\":1, \"result\":[\"ok\"]}\r\n"));
/// assert_eq!(bulb.property("power"), Some("off".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    id: BulbId,
    builder: Builder,
    support: Vec<String>,
    lan_control: bool,
    /// Where clients are told to connect to.
    location: SocketAddr,
    lamp: Lamp,
    /// Whether it shone when that was looked at last.
    was_lit: bool,
    connections: BTreeMap<ConnectionId, Connection>,
    next_connection: u64,
    total: Window,
    music: Option<Music>,
    sessions: Sessions,
    /// When it advertises itself next.
    advertisement: Option<Instant>,
    outbox: Outbox,
    mischief: Mischief,
    /// For tokens.
    random: SeededRandom,
    report: Report,
}

/// A connection of a [`Machine`], by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// What a [`Machine`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Bytes are to be written to a connection.
    Write {
        /// Which.
        to: ConnectionId,
        /// What.
        bytes: Vec<u8>,
    },
    /// A connection is to be closed. It does not exist any more.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Whether it ends at once and what has not been written is lost, as when a bulb loses power;
        /// otherwise everything is written first.
        cut: bool,
    },
    /// A connection is to be made to a client, for music. [`Machine::connected_back`] tells that it
    /// stands, [`Machine::closed`] that there is none.
    ConnectBack {
        /// What it will be called.
        connection: ConnectionId,
        /// Where the client listens.
        to: SocketAddr,
    },
    /// A search answer is to be sent.
    SearchAnswer {
        /// To whom.
        to: SocketAddr,
        /// What.
        datagram: Vec<u8>,
        /// From another port than the one that is searched.
        other_port: bool,
    },
    /// An advertisement is to be sent.
    Advertisement {
        /// To whom, usually a multicast group.
        to: SocketAddr,
        /// What.
        datagram: Vec<u8>,
    },
    /// A datagram is to be sent from the UDP sessions' port.
    SessionDatagram {
        /// To whom.
        to: SocketAddr,
        /// What.
        datagram: Vec<u8>,
    },
}

impl Machine {
    pub(crate) fn new(builder: Builder, id: BulbId, lamp: Lamp) -> Self {
        let support = builder.support.clone().unwrap_or_else(|| builder.kind.support());
        let location = match builder.listen {
            listen if listen.port() == 0 => SocketAddr::new(listen.ip(), PORT),
            listen => listen,
        };
        let mut new = Self {
            id,
            support,
            lan_control: builder.lan_control,
            location,
            was_lit: !lamp.is_off(),
            lamp,
            connections: BTreeMap::new(),
            next_connection: 1,
            total: Window::default(),
            music: None,
            sessions: Sessions::default(),
            advertisement: builder.advertise_to.map(|_| Instant::ORIGIN),
            outbox: Outbox::default(),
            mischief: Mischief::new(builder.faults.clone()),
            random: SeededRandom::new(id.get()),
            report: Report::default(),
            builder,
        };
        new.show_lan_control();
        new
    }

    /// A client connects. `None` is a refusal: there are four connections, or LAN control is off.
    pub fn accept(&mut self, now: Instant) -> Option<ConnectionId> {
        self.handle_timeout(now);
        if !self.lan_control {
            return None;
        }
        let open = self.connections.values().filter(|one| one.role == Role::Control);
        if open.count() >= MOST_CONNECTIONS {
            count(&mut self.report.violations.too_many_connections);
            return None;
        }
        count(&mut self.report.connections);
        let id = self.new_connection_id();
        self.connections.insert(id, Connection::new(Role::Control));
        Some(id)
    }

    /// Takes in what arrived on a connection. Whatever it holds, nothing panics.
    pub fn handle_bytes(&mut self, now: Instant, connection: ConnectionId, bytes: &[u8]) {
        self.handle_timeout(now);
        self.receive(now, connection, bytes);
    }

    /// A connection is closed, by the client or because it could not be made.
    pub fn closed(&mut self, now: Instant, connection: ConnectionId) {
        self.handle_timeout(now);
        self.connections.remove(&connection);
        self.music_ended(now, connection);
    }

    /// A client does not read what it is sent; the connection is ended.
    pub fn overflowed(&mut self, now: Instant, connection: ConnectionId) {
        if self.connections.contains_key(&connection) {
            count(&mut self.report.overflows);
            self.outbox.forget(&mut self.connections, connection);
            self.closed(now, connection);
        }
    }

    /// What is to be done by now.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output> {
        self.outbox.poll(now, &mut self.connections)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next; never, if nothing happens by
    /// itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = self.advertisement.into_iter().chain(self.lamp.poll_timeout());
        own.chain(self.outbox.due()).min()
    }

    /// Lets happen what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.lamp.poll_timeout().is_some_and(|due| due <= now) && self.lamp.handle_timeout(now) {
            self.after_change(now);
        }
        if self.advertisement.is_some_and(|due| due <= now) {
            self.advertise(now);
        }
    }

    /// The bulb's id.
    pub fn id(&self) -> BulbId {
        self.id
    }

    /// The bulb's model.
    pub fn model(&self) -> &str {
        &self.builder.model
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        let open = self.connections.values().filter(|one| one.role == Role::Control).count();
        let open = u64::try_from(open).unwrap_or(u64::MAX);
        Report { open_connections: open, ..self.report.clone() }
    }

    /// The value of a property: a number or a text. `None` where the bulb does not have it.
    pub fn property(&self, name: &str) -> Option<Value> {
        match self.lamp.properties.value(&name.into())? {
            PropertyValue::Number(number) => Some((*number).into()),
            value => Some(value.to_string().into()),
        }
    }

    /// Changes a property as by a hand on the bulb; clients are told of it. One that the bulb does not
    /// have comes into being.
    ///
    /// # Errors
    /// When the value is neither a number nor a text, or does not fit a known property.
    pub fn set_property(
        &mut self,
        now: Instant,
        name: &str,
        value: impl Into<Value>,
    ) -> Result<(), PropertyError> {
        self.handle_timeout(now);
        let property = Property::from(name);
        let value = fitting(&property, &value.into());
        let Some(value) = value else { return Err(PropertyError { property }) };
        match (&property, value.as_switch()) {
            (Property::Power, Some(on)) => self.lamp.switch_by_hand(on),
            (Property::MainPower, Some(on)) => self.lamp.switch(Light::Main, on),
            (Property::BgPower, Some(on)) => self.lamp.switch(Light::Background, on),
            _ if self.lamp.properties.value(&property).is_none() => {
                self.lamp.properties.define(property.clone(), PropertyValue::Unsupported);
                self.lamp.properties.set(&property, value);
            }
            _ => self.lamp.properties.set(&property, value),
        }
        self.lamp.sync();
        self.after_change(now);
        Ok(())
    }

    /// The colours of the LEDs that can be set one by one.
    pub fn leds(&self) -> &[Rgb] {
        self.lamp.leds()
    }

    /// Where searchers are told to connect to.
    pub fn location(&self) -> SocketAddr {
        self.location
    }

    /// Changes where searchers are told to connect to.
    pub fn set_location(&mut self, location: SocketAddr) {
        self.location = location;
    }

    /// Whether LAN control is on.
    pub fn lan_control(&self) -> bool {
        self.lan_control
    }

    /// Switches LAN control on or off. Off ends all connections.
    pub fn set_lan_control(&mut self, now: Instant, on: bool) {
        self.lan_control = on;
        self.show_lan_control();
        if !on {
            self.reset_connections(now);
        }
    }

    /// Changes everything that goes wrong, and begins with the new seed; commands are counted anew.
    pub fn set_faults(&mut self, faults: Faults) {
        self.mischief = Mischief::new(faults);
    }

    /// Changes what it says nothing to, and nothing else of what goes wrong.
    pub fn set_silence(&mut self, silence: Silence) {
        self.mischief.set_silence(silence);
    }

    /// Ends all connections and UDP sessions, as when the network goes away for a moment.
    pub fn reset_connections(&mut self, now: Instant) {
        self.handle_timeout(now);
        let all: Vec<_> = self.connections.keys().copied().collect();
        for connection in all {
            self.outbox.forget(&mut self.connections, connection);
            self.closed(now, connection);
        }
        self.outbox.clear();
        self.sessions = Sessions::default();
    }

    /// Switches the bulb off and on at the wall: connections, flows and timers end, the defaults shine,
    /// and it advertises itself anew.
    pub fn power_cycle(&mut self, now: Instant) {
        self.reset_connections(now);
        self.lamp.power_cycle();
        self.lamp.properties.forget_changes();
        if self.builder.advertise_to.is_some() {
            self.advertisement = Some(now);
        }
    }

    fn show_lan_control(&mut self) {
        self.lamp.properties.define(Property::LanCtrl, i64::from(self.lan_control));
    }

    fn new_connection_id(&mut self) -> ConnectionId {
        let id = ConnectionId(self.next_connection);
        self.next_connection = self.next_connection.wrapping_add(1);
        id
    }
}

/// How many control connections a bulb takes.
const MOST_CONNECTIONS: usize = 4;
