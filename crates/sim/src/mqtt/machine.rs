//! A platform without sockets and without a clock.

mod answers;
mod calls;
mod connect;
mod deliver;
mod http;
mod input;
mod outbox;
mod output;
mod packets;
mod registration;
mod things;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_mqtt::platform::Way;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value};

pub use self::answers::UnknownDevice;
use self::calls::Call;
pub use self::calls::{CallId, RrpcError};
pub use self::http::CutAfter;
use self::http::Files;
use self::things::{Asked, Late};

use crate::mqtt::DeviceId;
use crate::mqtt::builder::Builder;
use crate::mqtt::faults::{Faults, Silence};
use crate::mqtt::machine::outbox::{Connection, Outbox};
use crate::mqtt::message::{Log, Message};
use crate::mqtt::report::{Report, count};
use crate::mqtt::session::{Outgoing, Session};
use crate::mqtt::thing::ThingState;

/// A simulated platform as a state machine: connections, bytes and the time go in, bytes come out.
///
/// 1. hand it what happens: [`accept`](Self::accept), [`handle_bytes`](Self::handle_bytes),
///    [`closed`](Self::closed);
/// 2. do what [`poll_output`](Self::poll_output) says until it says nothing;
/// 3. sleep until [`poll_timeout`](Self::poll_timeout) or until something happens; when the time has come, call
///    [`handle_timeout`](Self::handle_timeout), and go on at 2.
///
/// It has two times: the one that is handed in runs its timers, and a wall clock, which starts at
/// [`Builder::time`] and runs along, is what credentials expire by.
///
/// ```
/// use std::time::Duration;
/// use iot_home_core::Instant;
/// use iot_home_mqtt::Connect;
/// use iot_home_sim::mqtt::{Link, Output, SimPlatform};
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = iot_home_aliyun::Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// let login = device.tls().sign(Duration::ZERO);
///
/// let mut platform = SimPlatform::builder().aliyun(device).build();
/// let now = Instant::ORIGIN;
/// let client = platform.accept(now, Link::tls()).unwrap();
/// let mut packet = Vec::new();
/// Connect::from(&login).encode(&mut packet)?;
/// platform.handle_bytes(now, client, &packet);
/// let Some(Output::Write { bytes, .. }) = platform.poll_output(now) else { panic!() };
/// assert_eq!(bytes, [0x20, 2, 0, 0], "let in");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    builder: Builder,
    connections: BTreeMap<ConnectionId, Connection>,
    next_connection: u64,
    sessions: BTreeMap<DeviceId, Session>,
    /// When a device came in last.
    logins: BTreeMap<DeviceId, Instant>,
    /// What devices have reported of themselves.
    reported: BTreeMap<DeviceId, Map<String, Value>>,
    things: BTreeMap<DeviceId, ThingState>,
    /// What devices were asked, by its id.
    asked: BTreeMap<String, Asked>,
    /// What is announced to a device, by its module.
    firmware: BTreeMap<(DeviceId, String), Value>,
    configs: BTreeMap<DeviceId, Value>,
    /// Answers that the faults hold back until then.
    late: Late,
    /// An answer that the next one overtakes.
    overtaken: Option<(String, Value, QoS)>,
    calls: BTreeMap<CallId, Call>,
    last_id: u64,
    outbox: Outbox,
    /// What the wall clock shows, and since when.
    clock: (Instant, Duration),
    random: SeededRandom,
    log: Log,
    report: Report,
    /// What opens the access over HTTP, and for whom.
    tokens: VecDeque<(String, DeviceId)>,
    files: Files,
    /// Numbers that requests were signed with.
    nonces: VecDeque<String>,
    /// Devices that have connected: they are not given anything any more.
    activated: BTreeSet<DeviceId>,
}

/// A connection of a [`Machine`], by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// How a connection came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    way: Way,
    certificate: Option<String>,
}

impl Link {
    /// Over plain TCP.
    pub fn tcp() -> Self {
        Self { way: Way::default().tls(false), certificate: None }
    }

    /// Over TLS, without a certificate of the client.
    pub fn tls() -> Self {
        Self { way: Way::default().tls(true), certificate: None }
    }

    /// The client has shown a certificate of the platform's own with this common name.
    #[must_use]
    pub fn certificate(mut self, common_name: impl Into<String>) -> Self {
        self.certificate = Some(common_name.into());
        self
    }
}

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
        /// Whether it ends at once and what has not been written is lost; otherwise everything is written first.
        cut: bool,
    },
    /// A question that [`Machine::rrpc`] asked has an answer, or will have none.
    Answered {
        /// Which.
        call: CallId,
        /// What the device said.
        answer: Result<Vec<u8>, RrpcError>,
    },
}

impl Machine {
    pub(crate) fn new(builder: Builder) -> Self {
        Self {
            connections: BTreeMap::new(),
            next_connection: 1,
            sessions: BTreeMap::new(),
            logins: BTreeMap::new(),
            reported: BTreeMap::new(),
            things: BTreeMap::new(),
            asked: BTreeMap::new(),
            firmware: BTreeMap::new(),
            configs: BTreeMap::new(),
            late: Late::new(),
            overtaken: None,
            calls: BTreeMap::new(),
            last_id: 0,
            outbox: Outbox::default(),
            clock: (Instant::ORIGIN, builder.time),
            random: SeededRandom::new(builder.faults.seed),
            log: Log::default(),
            report: Report::default(),
            tokens: VecDeque::new(),
            files: Files::default(),
            nonces: VecDeque::new(),
            activated: BTreeSet::new(),
            builder,
        }
    }

    /// A client connects. `None` is a refusal: there are too many.
    pub fn accept(&mut self, now: Instant, link: Link) -> Option<ConnectionId> {
        self.handle_timeout(now);
        if self.connections.len() >= MOST_CONNECTIONS {
            count(&mut self.report.turned_away);
            return None;
        }
        count(&mut self.report.connections);
        let id = ConnectionId(self.next_connection);
        self.next_connection = self.next_connection.wrapping_add(1);
        let mut connection = Connection::new(link, now + FIRST_PACKET);
        connection.is_deaf = self.builder.faults.silence == Silence::Total;
        self.connections.insert(id, connection);
        Some(id)
    }

    /// A connection is closed by the client.
    pub fn closed(&mut self, now: Instant, id: ConnectionId) {
        self.handle_timeout(now);
        self.lose(id);
    }

    /// Forgets a connection, and the session if it was a clean one.
    fn lose(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.outbox.forget(id);
        self.detach(id, connection.device.as_ref());
    }

    fn detach(&mut self, id: ConnectionId, device: Option<&DeviceId>) {
        let Some(device) = device else { return };
        let Some(session) = self.sessions.get_mut(device) else { return };
        if session.connection == Some(id) {
            session.connection = None;
            // Devices below a gateway are there through it alone.
            if let Some(thing) = self.things.get_mut(device) {
                thing.online.clear();
            }
            if session.is_clean {
                self.sessions.remove(device);
            }
        }
    }

    /// A client does not read what it is sent; the connection is ended.
    pub fn overflowed(&mut self, now: Instant, id: ConnectionId) {
        if self.connections.contains_key(&id) {
            count(&mut self.report.overflows);
            self.cut(now, id);
        }
    }

    /// A TLS handshake came to nothing.
    pub fn handshake_failed(&mut self) {
        count(&mut self.report.failed_handshakes);
    }

    /// What is to be done by now.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output> {
        self.outbox.poll(now, &mut self.connections)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next; never, if nothing happens by itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = self.connections.values().filter_map(Connection::deadline);
        let calls = self.calls.values().map(|call| call.deadline);
        deadlines.chain(calls).chain(self.outbox.due()).chain(self.late_due()).min()
    }

    /// Lets happen what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.end_calls(now);
        self.say_late(now);
        let late = |connection: &Connection| connection.deadline().is_some_and(|due| due <= now);
        let ids = self.connections.iter().filter(|(_, one)| late(one)).map(|(id, _)| *id);
        for id in ids.collect::<Vec<_>>() {
            let Some(connection) = self.connections.get(&id) else { continue };
            let violations = &mut self.report.violations;
            match connection.device {
                Some(_) => count(&mut violations.silence),
                None if connection.is_registered => {}
                None => count(&mut violations.no_connect),
            }
            self.close(now, id);
        }
    }

    /// Closes a connection behind everything that was written to it.
    fn close(&mut self, now: Instant, id: ConnectionId) {
        let device = self.connections.get(&id).and_then(|one| one.device.clone());
        self.detach(id, device.as_ref());
        self.outbox.close(now, &mut self.connections, id);
    }

    /// Closes a connection at once; what was not written is lost.
    fn cut(&mut self, _: Instant, id: ConnectionId) {
        self.outbox.cut(&mut self.connections, id);
        self.lose(id);
    }

    /// What the wall clock shows: the time since 1970-01-01 00:00 UTC.
    pub fn time(&self, now: Instant) -> Duration {
        let (since, shown) = self.clock;
        shown.saturating_add(now.saturating_since(since))
    }

    /// Sets the wall clock. Timers are not touched.
    pub fn set_time(&mut self, now: Instant, time: Duration) {
        self.clock = (now, time);
    }

    /// Puts the wall clock forward. Timers are not touched.
    pub fn advance(&mut self, now: Instant, by: Duration) {
        self.clock = (now, self.time(now).saturating_add(by));
    }

    /// Changes everything that goes wrong, and begins with the new seed; bytes are counted anew.
    pub fn set_faults(&mut self, faults: Faults) {
        if faults.silence == Silence::Total {
            for connection in self.connections.values_mut() {
                connection.is_deaf = true;
            }
        }
        self.random = SeededRandom::new(faults.seed);
        self.builder.faults = faults;
    }

    /// Ends all connections without a word, as when the network goes away for a moment.
    pub fn disconnect_all(&mut self, now: Instant) {
        let all: Vec<_> = self.connections.keys().copied().collect();
        for id in all {
            self.cut(now, id);
        }
    }

    /// Begins anew: all connections end, and stored sessions are lost unless they are to be kept.
    pub fn restart(&mut self, now: Instant, keep_sessions: bool) {
        self.disconnect_all(now);
        if !keep_sessions {
            self.sessions.clear();
        }
        self.logins.clear();
        count(&mut self.report.restarts);
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        let open = u64::try_from(self.connections.len()).unwrap_or(u64::MAX);
        Report { open_connections: open, ..self.report.clone() }
    }

    /// The last messages from clients and to them, the oldest first: at most a thousand, and 4 MiB.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.log.messages()
    }

    /// The devices that may come in: those with a secret, with a token, with a certificate.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.builder.accounts.devices().collect()
    }

    /// Whether a device has to show a certificate.
    pub fn needs_certificate(&self, device: &DeviceId) -> bool {
        self.builder.accounts.certificates.contains(device)
    }

    /// Whether a device is connected.
    pub fn is_connected(&self, device: &DeviceId) -> bool {
        self.sessions.get(device).is_some_and(|session| session.connection.is_some())
    }

    /// What a device has subscribed to, in the order in which it did.
    pub fn subscriptions(&self, device: &DeviceId) -> Vec<String> {
        let session = self.sessions.get(device);
        session.into_iter().flat_map(Session::subscriptions).map(str::to_owned).collect()
    }

    /// How many messages wait for a device, those included that it has not acknowledged.
    pub fn pending(&self, device: &DeviceId) -> usize {
        self.sessions.get(device).map_or(0, Session::pending)
    }

    /// Publishes a message as the platform; says to how many sessions it goes. A session whose client is away
    /// keeps it if its quality is 1. A quality of 2 is taken for 1.
    pub fn publish(&mut self, now: Instant, topic: &str, payload: &[u8], qos: u8) -> usize {
        self.handle_timeout(now);
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let payload = bytes::Bytes::copy_from_slice(payload);
        let message = Outgoing { topic: topic.to_owned(), payload, qos };
        self.record(now, None, &message, false, true);
        self.route(now, message)
    }
}

/// How many connections are taken.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for its first packet.
const FIRST_PACKET: Duration = Duration::from_secs(10);
