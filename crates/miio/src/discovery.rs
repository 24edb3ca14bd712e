//! Finding devices by hello: which probes to send when, and what the answers say.
//!
//! A [`Search`] is driven like a [`Session`](crate::session::Session): send what
//! [`poll_transmit`](Search::poll_transmit) gives, hand in what comes, sleep until
//! [`poll_timeout`](Search::poll_timeout). It needs no token, and believes nobody: an answer is a
//! claim of whoever sent it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::net::SocketAddr;
use core::time::Duration;

use iot_home_core::{Did, Instant};

use crate::packet::{HEADER_LEN, HELLO, HelloReply, is_unknown_did};
use crate::token::Token;

/// A search under way. See the [module](self).
#[derive(Debug)]
pub struct Search {
    /// Whom the next round asks: a broadcast address never answers itself and so stays.
    unanswered: BTreeSet<Target>,
    rounds: VecDeque<Instant>,
    deadline: Instant,
    outgoing: VecDeque<Target>,
    sent: BTreeMap<SocketAddr, Instant>,
    last_sent: Option<Instant>,
    seen: BTreeSet<Identity>,
    wanted: Option<usize>,
    only: Option<SocketAddr>,
    probes: u32,
    ignored: u32,
}

impl Search {
    /// A search that asks every target, broadcast addresses among them, now and after each of
    /// `rounds`, and ends `wait` from now.
    pub fn new(
        now: Instant,
        targets: impl IntoIterator<Item = Target>,
        rounds: &[Duration],
        wait: Duration,
    ) -> Self {
        let targets: BTreeSet<_> = targets.into_iter().collect();
        Self {
            outgoing: targets.iter().copied().collect(),
            unanswered: targets,
            rounds: rounds
                .iter()
                .filter(|round| **round < wait)
                .map(|round| now + *round)
                .collect(),
            deadline: now + wait,
            sent: BTreeMap::new(),
            last_sent: None,
            seen: BTreeSet::new(),
            wanted: None,
            only: None,
            probes: 0,
            ignored: 0,
        }
    }

    /// Ends the search as soon as this many devices were found.
    #[must_use]
    pub fn count(mut self, wanted: usize) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Takes answers from this address alone.
    #[must_use]
    pub fn only(mut self, from: SocketAddr) -> Self {
        self.only = Some(from);
        self
    }

    /// The next probe, and where it goes.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<(Target, [u8; HEADER_LEN])> {
        let to = self.outgoing.pop_front()?;
        self.sent.insert(to.addr, now);
        self.last_sent = Some(now);
        self.probes = self.probes.saturating_add(1);
        Some((to, HELLO))
    }

    /// Takes in a datagram that came over a link. Returns the device that it tells of, if it is a
    /// new one. What is no answer to a hello is ignored and ends nothing.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        link: usize,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Option<Found> {
        let reply = match HelloReply::parse(datagram) {
            Ok(reply)
                if !self.is_finished(now) && self.only.is_none_or(|only| is_same(only, from)) =>
            {
                reply
            }
            _ => {
                self.ignored = self.ignored.saturating_add(1);
                return None;
            }
        };
        self.unanswered.remove(&Target { link, addr: from });
        // Without a did the address is all there is to tell devices apart by.
        let nameless = is_unknown_did(reply.did);
        let identity = if nameless { Identity::Addr(from) } else { Identity::Did(reply.did) };
        if self.seen.len() >= MAX_FOUND || !self.seen.insert(identity) {
            return None;
        }
        let asked = self.sent.get(&from).copied().or(self.last_sent).unwrap_or(now);
        Some(Found {
            addr: from,
            did: Did::from(reply.did),
            stamp: reply.stamp,
            token: reply.field.token().cloned(),
            round_trip: now.saturating_since(asked),
        })
    }

    /// Begins the next round if its time has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.rounds.front().is_some_and(|round| *round <= now) {
            self.rounds.pop_front();
            self.outgoing.extend(&self.unanswered);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, at the latest the end of the search.
    pub fn poll_timeout(&self) -> Instant {
        self.rounds.front().copied().unwrap_or(self.deadline).min(self.deadline)
    }

    /// Whether the time is up or enough devices were found.
    pub fn is_finished(&self, now: Instant) -> bool {
        now >= self.deadline || self.wanted.is_some_and(|wanted| self.seen.len() >= wanted)
    }

    /// How many probes were sent.
    pub fn probes(&self) -> u32 {
        self.probes
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
    /// A device's address or a network's broadcast address.
    pub addr: SocketAddr,
}

/// A device that answered a hello. All of it is what the answer claims.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Where the answer came from.
    pub addr: SocketAddr,
    /// The device's id.
    pub did: Did,
    /// Seconds on the device's clock, 0 while it has none.
    pub stamp: u32,
    /// The token, which only devices show that are not provisioned yet or very old.
    pub token: Option<Token>,
    /// The time since the probe.
    pub round_trip: Duration,
}

/// The same address and port; an IPv6 answer may tell another flow or scope.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Did(u64),
    Addr(SocketAddr),
}

/// When a search asks again after its first probe: devices are sleepy and broadcasts get lost.
pub const ROUNDS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];

/// When the hello of a single device asks again: like a request, doubling up to a second.
#[cfg(feature = "client")]
pub(crate) const HELLO_ROUNDS: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1400),
    Duration::from_millis(2400),
    Duration::from_millis(3400),
    Duration::from_millis(4400),
];

/// Devices told apart in one search, so that forged answers cannot fill the memory.
const MAX_FOUND: usize = 16_384;
