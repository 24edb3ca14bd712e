//! One device as a client sees it: a state machine without a socket.
//!
//! A [`Session`] is mutated, then drained:
//!
//! 1. hand it what happened: [`request`](Session::request), [`handle_datagram`](Session::handle_datagram),
//!    [`handle_timeout`](Session::handle_timeout);
//! 2. send what [`poll_transmit`](Session::poll_transmit) gives until it gives nothing;
//! 3. take what [`poll_event`](Session::poll_event) gives until it gives nothing;
//! 4. sleep until [`poll_timeout`](Session::poll_timeout) or the next datagram from the device's
//!    address, whichever comes first, and begin again.
//!
//! ```
//! use iot_home_core::{Instant, SeededRandom};
//! use iot_home_miio::session::{Config, Event, Session};
//! use iot_home_miio::{Request, Token};
//! # use iot_home_miio::responder::{Incoming, Responder};
//! # use core::time::Duration;
//!
//! let token: Token = "00112233445566778899aabbccddeeff".parse()?;
//! let mut session = Session::new(&token, Config::default(), &mut SeededRandom::new(1));
//! # let mut device = Responder::new(51880628, token.clone());
//! # let mut wire: Vec<Vec<u8>> = Vec::new();
//! # let mut now = Instant::ORIGIN;
//!
//! let asked = session.request(now, Request::new("get_prop", ["power"])?);
//! let mut buffer = Vec::new();
//! let answer = 'run: loop {
//!     while let Some(datagram) = session.poll_transmit(now, &mut buffer) {
//!         // Here a program sends the datagram to the device.
//! #       let mut datagram = datagram.to_vec();
//! #       match device.receive(77, &mut datagram)? {
//! #           Incoming::Hello { .. } => wire.push(device.hello_reply(77).to_vec()),
//! #           Incoming::Request(request) => wire.push(device.reply(77, request.id, "[\"on\"]")?),
//! #           _ => {}
//! #       }
//!     }
//!     while let Some(event) = session.poll_event() {
//!         match event {
//!             Event::Done { key, result } if key == asked => break 'run result?,
//!             _ => {}
//!         }
//!     }
//!     // Here a program sleeps until session.poll_timeout() or until a datagram comes.
//! #   now = now + Duration::from_millis(3);
//! #   if wire.is_empty() { session.handle_timeout(now); continue }
//!     # let mut datagram = wire.remove(0);
//!     session.handle_datagram(now, &mut datagram);
//! };
//! assert_eq!(answer.parse::<[String; 1]>()?, ["on"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arrival;
mod call;
mod clock;
mod hello;
mod pushing;
mod rtt;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use iot_home_core::{Did, Instant, Random};

use self::call::{Call, Sending};
use self::clock::DeviceClock;
use self::hello::{Greeting, Hello};
use self::rtt::RoundTrip;
use crate::cipher::{Cipher, OpenError, SealError};
use crate::error::{Failure, MessageError};
use crate::message::{DeviceRequest, Message, Reply, Request, Unreadable};
use crate::packet::{HEADER_LEN, HELLO, Header, HelloReply, Packet, PacketKind, is_unknown_did};
use crate::push::{self, Subscriber};
use crate::token::Token;

/// One device: its keys, its clock, and the requests on their way. See the [module](self).
pub struct Session {
    cipher: Cipher,
    config: Config,
    clock: DeviceClock,
    rtt: RoundTrip,
    hello: Hello,
    greeting: Option<Greeting>,
    next_id: i32,
    next_key: u64,
    calls: Vec<Call>,
    answers: VecDeque<Box<[u8]>>,
    events: VecDeque<Event>,
    last_seen: Option<Instant>,
    push: Option<Box<Subscriber>>,
    /// Requests of the session's own, whose end nobody waits for.
    own: Vec<RequestKey>,
    stats: Stats,
}

impl Session {
    /// A session with the device that has this token. The request ids start at random, because
    /// devices remember recent ids and ignore a repetition, also that of a program started anew.
    pub fn new(token: &Token, config: Config, random: &mut impl Random) -> Self {
        // The mask leaves 30 bits.
        let start = i32::try_from(random.next_u64() & 0x3fff_ffff).unwrap_or(0);
        Self {
            cipher: Cipher::new(token),
            config,
            clock: DeviceClock::default(),
            rtt: RoundTrip::default(),
            hello: Hello::default(),
            greeting: None,
            next_id: start.max(1),
            next_key: 0,
            calls: Vec::new(),
            answers: VecDeque::new(),
            events: VecDeque::new(),
            last_seen: None,
            push: None,
            own: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Takes a request in. It ends in one [`Event::Done`] no later than its timeout.
    pub fn request(&mut self, now: Instant, request: Request) -> RequestKey {
        let key = RequestKey(self.next_key);
        self.next_key = self.next_key.wrapping_add(1);
        let deadline = now + request.own_timeout().unwrap_or(self.config.timeout);
        // A session that is idle keeps the room, and few have many calls at a time.
        self.calls.reserve_exact(1);
        self.calls.push(Call::new(key, request, deadline));
        self.start_waiting(now);
        key
    }

    /// Forgets a request: it is not repeated, and no event tells of it. Whether the device
    /// executes it, if it was sent already, is not known.
    pub fn cancel(&mut self, now: Instant, key: RequestKey) {
        self.calls.retain(|call| call.key != key);
        self.events.retain(|event| !matches!(event, Event::Done { key: done, .. } if *done == key));
        self.start_waiting(now);
    }

    /// Greets the device until it answers, at most until `deadline`. One [`Event::Greeted`] tells how that ended for all
    /// that asked meanwhile; a device that is known already is not asked.
    pub fn greet(&mut self, now: Instant, deadline: Instant) {
        if let Some(header) = self.clock.header(now) {
            let result = Ok(Did::from(header.did));
            return self.events.push_back(Event::Greeted { result });
        }
        match &mut self.greeting {
            Some(greeting) => greeting.deadline = greeting.deadline.max(deadline),
            None => self.greeting = Some(Greeting { deadline, hellos: 0 }),
        }
        if self.hello.next.is_none() {
            self.hello.ask(now, self.rtt.first_wait());
        }
    }

    /// Answers a request of the device's, `result` being JSON text. Lost when too many answers
    /// wait already; the device will ask again.
    ///
    /// # Errors
    /// When the answer is too long for a packet.
    pub fn answer(&mut self, id: i64, result: &str) -> Result<(), SealError> {
        let text = alloc::format!("{{\"id\":{id},\"result\":{result}}}");
        if text.len() > Cipher::MAX_PLAINTEXT {
            return Err(SealError::TooLong { length: text.len() });
        }
        if self.answers.len() < MAX_ANSWERS {
            self.answers.push_back(text.into_bytes().into());
        }
        Ok(())
    }

    /// Tells the session of a hello that the device has answered elsewhere, in a search: that saves it
    /// a hello of its own. What the answer claims is believed no more than any other.
    pub fn introduce(&mut self, now: Instant, did: u64, stamp: u32) {
        self.last_seen = Some(now);
        self.clock.claim(now, did, stamp);
        self.finish_greeting(now);
        self.start_waiting(now);
    }

    /// Takes in a datagram that came from the device's address, decrypting it in place. Returns
    /// whether it was authentic: sealed with this session's token. Nothing that comes here ends a
    /// request unless it is.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) -> bool {
        let packet = match Packet::parse(datagram) {
            Ok(packet) => packet,
            Err(_) => {
                bump(&mut self.stats.malformed);
                return false;
            }
        };
        if packet.kind() != PacketKind::Message {
            match HelloReply::from_packet(&packet) {
                Some(reply) => self.handle_hello(now, &reply),
                None => bump(&mut self.stats.malformed),
            }
            return false;
        }
        let header = Header { did: packet.did(), stamp: packet.stamp() };
        let read = match self.cipher.open(datagram) {
            Ok(plaintext) => Message::read(plaintext),
            Err(OpenError::Padding) => Err(Unreadable { id: None, error: MessageError::Padding }),
            Err(_) => {
                bump(&mut self.stats.bad_checksum);
                self.calls.iter_mut().for_each(|call| call.bad_checksum |= call.is_sent());
                return false;
            }
        };
        self.last_seen = Some(now);
        match read {
            Ok(Message::Reply { id, outcome }) => self.handle_reply(now, header, id, outcome),
            Ok(Message::Request(request)) => self.handle_request(now, header, request),
            Err(unreadable) => {
                let found = self.call_with(unreadable.id);
                let named = unreadable.id.is_some_and(|id| id != 0);
                self.finish(now, header, found, Err(Failure::Malformed(unreadable.error)), named);
            }
        }
        true
    }

    /// Does what is due; to be called when [`poll_timeout`](Self::poll_timeout) has come. Calling it early does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(at) = self.calls.iter().position(|call| call.deadline <= now) {
            let call = self.calls.remove(at);
            self.done(call.key, Err(call.verdict()));
        }
        if let Some(event) = self.push.as_mut().and_then(|push| push.handle_timeout(now)) {
            self.events.push_back(Event::Push(event));
        }
        if let Some(greeting) = self.greeting.take_if(|greeting| greeting.deadline <= now) {
            let result = Err(Failure::NoHello { hellos: greeting.hellos });
            self.events.push_back(Event::Greeted { result });
        }
        let mut repeats = false;
        for call in &mut self.calls {
            if let Some(sending) = &mut call.sending
                && !sending.due
                && sending.next <= now
            {
                sending.due = true;
                sending.wait = self.rtt.next_wait(sending.wait);
                repeats = true;
            }
        }
        if repeats {
            // Silence may mean that the device's clock has jumped: ask, and try what else is known.
            self.clock.rotate();
            self.hello.ask(now, self.rtt.first_wait());
        } else if self.hello.next.is_some_and(|next| next <= now) {
            let wanted = !self.calls.is_empty() || self.greeting.is_some();
            let needed = wanted && self.clock.header(now).is_none();
            self.hello.repeat(needed, &self.rtt);
        }
        self.start_waiting(now);
    }

    /// The next datagram for the device, written into `buffer`.
    pub fn poll_transmit<'b>(&mut self, now: Instant, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        buffer.clear();
        if core::mem::take(&mut self.hello.due) {
            self.hello.sent(now);
            bump(&mut self.stats.sent);
            self.calls.iter_mut().for_each(|call| call.hellos = call.hellos.saturating_add(1));
            self.greeting.iter_mut().for_each(|greeting| bump(&mut greeting.hellos));
            buffer.extend_from_slice(&HELLO);
            return Some(buffer);
        }
        if let Some(probe) = self.push.as_mut().and_then(|push| push.poll_probe(now)) {
            bump(&mut self.stats.sent);
            buffer.extend_from_slice(&probe);
            return Some(buffer);
        }
        let header = self.clock.header(now)?;
        buffer.resize(HEADER_LEN, 0);
        match self.answers.pop_front() {
            Some(answer) => buffer.extend_from_slice(&answer),
            None => {
                let call = self.calls.iter_mut().find(|call| call.is_due())?;
                let id = call.transmit(now, &mut self.next_id);
                call.request.write(id, buffer);
            }
        }
        let length = buffer.len().saturating_sub(HEADER_LEN);
        buffer.resize(Cipher::sealed_len(length), 0);
        // The size was checked when the request or answer was taken in.
        let sealed = self.cipher.seal_in_place(header, length, buffer).ok()?;
        bump(&mut self.stats.sent);
        buffer.get(..sealed)
    }

    /// What has happened since the last call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; never, when nothing is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let calls = self.calls.iter().map(|call| match &call.sending {
            Some(sending) if !sending.due => sending.next.min(call.deadline),
            _ => call.deadline,
        });
        let greeting = self.greeting.as_ref().map(|greeting| greeting.deadline);
        let probe = self.push.as_ref().and_then(|push| push.poll_timeout());
        calls.chain(self.hello.next).chain(greeting).chain(probe).min()
    }

    /// The device's id, once it has said hello.
    pub fn did(&self) -> Option<Did> {
        self.clock.did().filter(|did| !is_unknown_did(*did)).map(Did::from)
    }

    /// The smoothed time from a request to its answer.
    pub fn round_trip(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    /// Whether a sealed reply has shown that token and clock are right.
    pub fn is_confirmed(&self) -> bool {
        self.clock.is_confirmed()
    }

    /// The keys this session seals and opens with.
    pub fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    /// Counts of what went and came.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Lets waiting calls out as far as the limit allows, and says hello where that is needed first.
    fn start_waiting(&mut self, now: Instant) {
        if self.calls.is_empty() && self.greeting.is_none() {
            // The next request greets at once, and does not wait for the last one's rhythm.
            self.hello.stop();
        }
        let started = self.calls.iter().filter(|call| call.sending.is_some()).count();
        let room = self.config.in_flight.max(1).saturating_sub(started);
        let known = self.clock.header(now).is_some();
        let mut waiting =
            self.calls.iter_mut().filter(|call| call.sending.is_none()).take(room).peekable();
        if waiting.peek().is_none() {
            return;
        }
        if !known {
            if self.hello.next.is_none() {
                self.hello.ask(now, self.rtt.first_wait());
            }
            return;
        }
        let wait = self.rtt.first_wait();
        waiting.for_each(|call| call.sending = Some(Sending::new(wait)));
        let silent =
            self.last_seen.is_none_or(|seen| now.saturating_since(seen) >= self.config.hello_after);
        if silent && self.hello.next.is_none() {
            // Not waited for: the answer matters only if the request gets none.
            self.hello.ask(now, wait);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("did", &self.did())
            .field("calls", &self.calls.len())
            .field("round_trip", &self.round_trip())
            .field("stats", &self.stats)
            .field("push", &self.push_stats())
            .finish_non_exhaustive()
    }
}

/// How a session behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The time from a request to its failure. Five seconds by default.
    pub timeout: Duration,
    /// How many requests may be on their way at a time, at least 1. Two by default: devices take four to six.
    pub in_flight: usize,
    /// A device not heard from for so long is greeted along with the next request. 60 seconds by default.
    pub hello_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), in_flight: 2, hello_after: Duration::from_secs(60) }
    }
}

/// Names a request within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(u64);

/// Something that a session has to tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A request has ended.
    Done {
        /// Which one.
        key: RequestKey,
        /// How.
        result: Result<Reply, Failure>,
    },
    /// A [greeting](Session::greet) has ended.
    Greeted {
        /// What the device calls itself, or that it did not answer.
        result: Result<Did, Failure>,
    },
    /// The device asks something of us; devices repeat it until it is [answered](Session::answer).
    Request(DeviceRequest),
    /// A [subscription](Session::subscribe) has something to tell.
    Push(push::Event),
}

/// Counts of what went and came since the session began. They stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams sent, hellos included.
    pub sent: u32,
    /// Requests that got an answer.
    pub answered: u32,
    /// Datagrams that were no packets.
    pub malformed: u32,
    /// Messages whose checksum does not match the token.
    pub bad_checksum: u32,
    /// Authentic answers to no request under way: late, repeated or replayed.
    pub unknown_id: u32,
    /// Hello replies that nothing had asked for.
    pub unsolicited: u32,
}

fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// Answers to it that wait to be sent.
const MAX_ANSWERS: usize = 16;
