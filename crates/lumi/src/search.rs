//! Finding gateways: whom to ask when, and what the answers say.
//!
//! A [`Search`] is driven like a [`Session`](crate::session::Session): send what
//! [`poll_transmit`](Search::poll_transmit) gives, hand in what comes, sleep until
//! [`poll_timeout`](Search::poll_timeout). It needs no key, and believes nobody: an answer is a claim of whoever
//! sent it.

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use iot_home_core::Instant;

use crate::message::{Iam, Message};
use crate::request::WHOIS;
use crate::sid::Sid;
use crate::version::Version;

/// A search under way. See the [module](self).
#[derive(Debug)]
pub struct Search {
    targets: Vec<Target>,
    outgoing: VecDeque<Target>,
    rounds: VecDeque<Instant>,
    deadline: Instant,
    seen: BTreeSet<(Sid, SocketAddr)>,
    wanted: Option<usize>,
    ignored: u32,
}

impl Search {
    /// A search that asks every target now and after each of `rounds`, and ends `wait` from now.
    pub fn new(
        now: Instant,
        targets: impl IntoIterator<Item = Target>,
        rounds: &[Duration],
        wait: Duration,
    ) -> Self {
        let targets: Vec<_> = targets.into_iter().collect();
        let rounds = rounds.iter().filter(|round| **round < wait).map(|round| now + *round);
        Self {
            outgoing: targets.iter().copied().collect(),
            targets,
            rounds: rounds.collect(),
            deadline: now + wait,
            seen: BTreeSet::new(),
            wanted: None,
            ignored: 0,
        }
    }

    /// Ends the search as soon as this many gateways were found.
    #[must_use]
    pub fn count(mut self, wanted: usize) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// The next question, and where it goes.
    pub fn poll_transmit(&mut self) -> Option<(Target, &'static [u8])> {
        Some((self.outgoing.pop_front()?, WHOIS.as_bytes()))
    }

    /// Takes in a datagram. Returns the gateway that it tells of, if that is a new one. What is no answer is
    /// ignored and ends nothing.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Option<Found> {
        let iam = match Message::parse(datagram) {
            Ok(Message::Iam(iam)) if !self.is_finished(now) => iam,
            _ => {
                self.ignored = self.ignored.saturating_add(1);
                return None;
            }
        };
        let found = Found::new(from, iam);
        let is_new = self.seen.len() < MAX_FOUND && self.seen.insert((found.sid, found.addr));
        is_new.then_some(found)
    }

    /// Begins the next round if its time has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.rounds.front().is_some_and(|round| *round <= now) {
            self.rounds.pop_front();
            self.outgoing = self.targets.iter().copied().collect();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, at the latest the end of the search.
    pub fn poll_timeout(&self) -> Instant {
        self.rounds.front().copied().unwrap_or(self.deadline).min(self.deadline)
    }

    /// Whether the time is up or enough gateways were found.
    pub fn is_finished(&self, now: Instant) -> bool {
        now >= self.deadline || self.wanted.is_some_and(|wanted| self.seen.len() >= wanted)
    }

    /// How many datagrams came that were no answer.
    pub fn ignored(&self) -> u32 {
        self.ignored
    }
}

/// Whom to ask, and over which of the searcher's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a place to send to has these two parts")]
pub struct Target {
    /// The number of the socket, as its owner counts them.
    pub link: usize,
    /// The group or a gateway's address.
    pub addr: SocketAddr,
}

/// A gateway that answered a search. All of it is what the answer claims, but where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Where to send commands: the address that the answer came from, and the port that it names.
    pub addr: SocketAddr,
    /// The gateway's id.
    pub sid: Sid,
    /// Its model.
    pub model: Box<str>,
    /// The version of the protocol, where it is told.
    pub version: Option<Version>,
}

impl Found {
    fn new(from: SocketAddr, iam: Iam) -> Self {
        let addr = SocketAddr::new(from.ip(), iam.port);
        Self { addr, sid: iam.sid, model: iam.model, version: iam.version }
    }
}

/// When a search asks again after its first question: multicast gets lost easily.
pub const ROUNDS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];
/// Answers told apart in one search, so that forged ones cannot fill the memory.
const MAX_FOUND: usize = 1024;
