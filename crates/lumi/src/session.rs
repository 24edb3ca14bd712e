//! One gateway as a client sees it: a state machine without a socket.
//!
//! A [`Session`] is mutated, then drained:
//!
//! 1. hand it what happened: [`read`](Session::read), [`write`](Session::write), [`children`](Session::children),
//!    [`handle_datagram`](Session::handle_datagram), [`handle_multicast`](Session::handle_multicast),
//!    [`handle_timeout`](Session::handle_timeout);
//! 2. send what [`poll_transmit`](Session::poll_transmit) gives to the gateway until it gives nothing;
//! 3. take what [`poll_event`](Session::poll_event) gives until it gives nothing;
//! 4. sleep until [`poll_timeout`](Session::poll_timeout) or the next datagram, whichever comes first, and begin again.
//!
//! It needs no randomness: what has to be unpredictable is the gateway's token.
//!
//! ```
//! use iot_home_core::Instant;
//! use iot_home_lumi::session::{Answer, Config, Event, Session};
//! use iot_home_lumi::Sid;
//! # use core::time::Duration;
//!
//! let addr = "192.168.1.30:9898".parse()?;
//! let child: Sid = "158d0001a2b3c4".parse()?;
//! let mut session = Session::new(addr, None, Config::default());
//! # let mut now = Instant::ORIGIN;
//! # let mut wire: Vec<&[u8]> = Vec::new();
//!
//! let asked = session.read(now, child);
//! let mut buffer = Vec::new();
//! let state = 'run: loop {
//!     while let Some(datagram) = session.poll_transmit(now, &mut buffer) {
//!         // Here a program sends the datagram to the gateway.
//! #       assert_eq!(datagram, br#"{"cmd":"read","sid":"158d0001a2b3c4"}"#);
//! #       wire.push(br#"{"cmd":"read_ack","model":"plug","sid":"158d0001a2b3c4","data":"{\"status\":\"on\"}"}"#);
//!     }
//!     while let Some(event) = session.poll_event() {
//!         match event {
//!             Event::Done { key, result } if key == asked => match result? {
//!                 Answer::Read(state) => break 'run state,
//!                 _ => unreachable!(),
//!             },
//!             _ => {}
//!         }
//!     }
//!     // Here a program sleeps until session.poll_timeout() or until a datagram comes.
//! #   now = now + Duration::from_millis(3);
//! #   let datagram = wire.remove(0);
//!     session.handle_datagram(now, addr, datagram);
//! };
//! assert_eq!(state.values.text("status"), Some("on"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Whom it believes
//!
//! Nothing that gateways send is authenticated; only writes are. So a session looks at where things come from:
//!
//! | what | believed |
//! |---|---|
//! | answers | on the socket that commands leave from, from the gateway's address and port, while one is waited for |
//! | a token of a list | as the answer that it is |
//! | a token of a heartbeat | from the gateway's address, with the id that the gateway has shown in an answer, or that was given |
//! | reports, heartbeats | told as events when they come from the gateway's address, whatever port; they change nothing else |
//!
//! Whoever can forge a sender's address in the network can forge all of it. A forged token costs a refused write and
//! a list, after which the write is sent again.

mod answers;
mod call;
mod steps;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use iot_home_core::Instant;

use self::call::{Call, Op};
use crate::error::Failure;
use crate::key::{Key, Token};
use crate::message::{Child, State};
use crate::request;
use crate::sid::Sid;
use crate::values::Values;
use crate::version::Version;

/// One gateway: its key and token, its children, and the requests on their way. See the [module](self).
pub struct Session {
    addr: SocketAddr,
    key: Option<Key>,
    config: Config,
    sid: Option<Sid>,
    version: Option<Version>,
    /// Whether the gateway was asked for its version in vain.
    probed: bool,
    token: Option<Token>,
    /// Whom the last list named.
    children: Vec<Sid>,
    /// What is known of them, of the gateway, and of others that were read.
    known: BTreeMap<Sid, Child>,
    calls: Vec<Call>,
    next_key: u64,
    events: VecDeque<Event>,
    missed: u64,
    stats: Stats,
}

impl Session {
    /// A session with the gateway at this address. Without a key it reads and hears, and writes nothing.
    pub fn new(addr: SocketAddr, key: Option<Key>, config: Config) -> Self {
        Self {
            addr,
            key,
            sid: config.sid,
            version: config.version,
            config,
            probed: false,
            token: None,
            children: Vec::new(),
            known: BTreeMap::new(),
            calls: Vec::new(),
            next_key: 0,
            events: VecDeque::new(),
            missed: 0,
            stats: Stats::default(),
        }
    }

    /// Asks for the children and, in version 1, each of them for its model. It ends in [`Answer::Children`] no
    /// later than [`Config::list_timeout`]; a child that does not tell its model is listed without.
    pub fn children(&mut self, now: Instant) -> RequestKey {
        let deadline = now + self.config.list_timeout;
        self.start(now, deadline, Ok(Op::children()))
    }

    /// Asks for what the gateway knows of a child, or of itself. It ends in [`Answer::Read`] no later than
    /// [`Config::timeout`].
    pub fn read(&mut self, now: Instant, sid: Sid) -> RequestKey {
        self.start(now, now + self.config.timeout, Ok(Op::Read(sid)))
    }

    /// Writes values to a child, or to the gateway itself. It ends in [`Answer::Written`] no later than
    /// [`Config::timeout`], when the gateway has received it; a report tells when it is done.
    ///
    /// What has to be known for it is asked for first: version, token, model. A write is sent once. Only when the
    /// gateway refuses its key is it sent again, once, with a new token.
    pub fn write(&mut self, now: Instant, sid: Sid, values: Values) -> RequestKey {
        let op = match request::check(&values) {
            _ if self.key.is_none() => Err(Failure::NoKey),
            Err(input) => Err(input.into()),
            Ok(()) => Ok(Op::write(sid, values)),
        };
        self.start(now, now + self.config.timeout, op)
    }

    /// Forgets a request: no event tells of it. Whether the gateway executes a write that was sent already is
    /// not known.
    pub fn cancel(&mut self, now: Instant, key: RequestKey) {
        self.calls.retain(|call| call.key != key);
        self.events.retain(|event| !matches!(event, Event::Done { key: done, .. } if *done == key));
        self.advance(now);
    }

    /// What has happened since the last call.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let events @ 1.. = core::mem::take(&mut self.missed) {
            return Some(Event::Missed { events });
        }
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; never, when nothing is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.calls.iter().map(Call::poll_timeout).min()
    }

    /// The gateway's address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The gateway's id, once it is known.
    pub fn sid(&self) -> Option<Sid> {
        self.sid
    }

    /// The version of the protocol, once it is known.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The children of the last list, with what is known of each.
    pub fn known_children(&self) -> impl Iterator<Item = Child> + '_ {
        self.children
            .iter()
            .map(|sid| self.known.get(sid).cloned().unwrap_or_else(|| Child::new(*sid)))
    }

    /// What it has sent, heard and ignored.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn start(&mut self, now: Instant, deadline: Instant, op: Result<Op, Failure>) -> RequestKey {
        let key = RequestKey(self.next_key);
        self.next_key = self.next_key.wrapping_add(1);
        let waiting = self.calls.len();
        match op {
            Ok(_) if waiting >= MOST_CALLS => self.done(key, Err(Failure::Full { waiting })),
            Ok(op) => {
                self.calls.push(Call::new(key, op, deadline));
                self.advance(now);
            }
            Err(failure) => self.done(key, Err(failure)),
        }
        key
    }

    fn done(&mut self, key: RequestKey, result: Result<Answer, Failure>) {
        self.events.push_back(Event::Done { key, result });
    }

    /// Tells of something that nobody asked for, in place of the oldest such event if there are too many.
    fn tell(&mut self, event: Event) {
        let is_told = |event: &Event| !matches!(event, Event::Done { .. });
        if self.events.iter().filter(|event| is_told(event)).count() >= MOST_TOLD
            && let Some(oldest) = self.events.iter().position(is_told)
        {
            self.events.remove(oldest);
            self.missed = self.missed.saturating_add(1);
        }
        self.events.push_back(event);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("addr", &self.addr)
            .field("sid", &self.sid)
            .field("version", &self.version)
            .field("calls", &self.calls.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The gateway's id, where it is known: from a search, or from a MAC address. Otherwise a list tells it.
    pub sid: Option<Sid>,
    /// The version of the protocol, where it is known. Otherwise the gateway is asked.
    pub version: Option<Version>,
    /// The time from a read or a write to its failure. Five seconds by default.
    pub timeout: Duration,
    /// The time that listing the children may take, models included. Thirty seconds by default.
    pub list_timeout: Duration,
    /// How long an answer is waited for before the question is asked again; it doubles, up to two seconds. One
    /// second by default.
    pub wait: Duration,
    /// How many requests may be on their way at a time. At least 1, 4 by default: a gateway is a small machine.
    pub in_flight: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sid: None,
            version: None,
            timeout: Duration::from_secs(5),
            list_timeout: Duration::from_secs(30),
            wait: Duration::from_secs(1),
            in_flight: 4,
        }
    }
}

/// A request of a [`Session`], by which its end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(u64);

/// What a [`Session`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request has ended.
    Done {
        /// Which.
        key: RequestKey,
        /// How.
        result: Result<Answer, Failure>,
    },
    /// Something has changed, as whoever sent it from the gateway's address claims.
    Report(State),
    /// A child or the gateway is there, likewise.
    Heartbeat(State),
    /// So many reports and heartbeats came that nobody took, and were dropped, the oldest first.
    Missed {
        /// How many.
        events: u64,
    },
}

/// How a request ended that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The gateway's children.
    Children(Vec<Child>),
    /// The state of a child or the gateway.
    Read(State),
    /// The gateway has received a write, and may tell of the state before it or after it.
    Written(State),
}

/// What a [`Session`] has sent, heard and ignored. Counters stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams sent.
    pub sent: u32,
    /// Datagrams from other addresses than the gateway's, or answers from another port.
    pub foreign: u32,
    /// Datagrams of the gateway's address that could not be read.
    pub malformed: u32,
    /// Answers that nobody waited for, or that came by multicast.
    pub unasked: u32,
    /// Messages that name another gateway than the one at this address.
    pub other_gateway: u32,
    /// Reports and heartbeats.
    pub told: u32,
}

fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// Requests that a session takes at a time.
const MOST_CALLS: usize = 256;
/// Reports and heartbeats that wait to be taken.
const MOST_TOLD: usize = 256;
