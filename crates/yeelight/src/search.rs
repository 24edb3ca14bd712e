//! Finding bulbs: which searches to send when, and what the answers say.
//!
//! A [`Search`] is a state machine without IO: send what [`poll_transmit`](Search::poll_transmit)
//! gives, hand in what comes, sleep until [`poll_timeout`](Search::poll_timeout) and then call
//! [`handle_timeout`](Search::handle_timeout). It believes nobody: an answer is a claim of whoever
//! sent it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use iot_home_core::Instant;

use crate::advert::{Advert, AdvertKind};
use crate::id::BulbId;
use crate::sighting::Sighting;

/// The search, one datagram. Bulbs compare it letter by letter and drop what differs without a word,
/// so it names the group also when it goes to a single bulb, or to another group.
pub const REQUEST: [u8; 86] = *b"M-SEARCH * HTTP/1.1\r\n\
    HOST: 239.255.255.250:1982\r\n\
    MAN: \"ssdp:discover\"\r\n\
    ST: wifi_bulb\r\n";

/// The multicast group of searches and advertisements.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// When a search asks again after its first datagrams: Wi-Fi loses some.
pub const ROUNDS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// A search under way. See the [module](self).
#[derive(Debug)]
pub struct Search {
    targets: BTreeSet<Target>,
    /// Whom the next round asks: a group never answers itself and so stays.
    unanswered: BTreeSet<Target>,
    rounds: VecDeque<Instant>,
    deadline: Instant,
    outgoing: VecDeque<Target>,
    seen: BTreeMap<BulbId, SocketAddr>,
    count: Option<usize>,
    /// Of the ids that are waited for those that did not answer yet.
    missing: Option<BTreeSet<BulbId>>,
    probes: u32,
    ignored: u32,
}

impl Search {
    /// A search that asks every target, groups among them, now and after each of `rounds`, and ends
    /// `wait` from now.
    pub fn new(
        now: Instant,
        targets: impl IntoIterator<Item = Target>,
        rounds: &[Duration],
        wait: Duration,
    ) -> Self {
        let targets: BTreeSet<_> = targets.into_iter().collect();
        let rounds = rounds.iter().filter(|round| **round < wait).map(|round| now + *round);
        Self {
            outgoing: targets.iter().copied().collect(),
            unanswered: targets.clone(),
            targets,
            rounds: rounds.collect(),
            deadline: now + wait,
            seen: BTreeMap::new(),
            count: None,
            missing: None,
            probes: 0,
            ignored: 0,
        }
    }

    /// Ends the search as soon as this many bulbs were found.
    #[must_use]
    pub fn count(mut self, bulbs: usize) -> Self {
        self.count = Some(bulbs);
        self
    }

    /// Ends the search as soon as all of these were found. Others that answer are found as well. No
    /// ids are no condition.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = BulbId>) -> Self {
        let mut ids = ids.into_iter().peekable();
        if ids.peek().is_some() {
            self.missing.get_or_insert_default().extend(ids);
        }
        self
    }

    /// The next datagram, and where it goes.
    pub fn poll_transmit(&mut self) -> Option<(Target, &'static [u8])> {
        loop {
            let target = self.outgoing.pop_front()?;
            // It may have answered the round before while this one waited.
            if self.unanswered.contains(&target) {
                self.probes = self.probes.saturating_add(1);
                return Some((target, &REQUEST));
            }
        }
    }

    /// Takes in a datagram that came over a link, from whatever port. Returns the bulb that it tells of
    /// if that is a new one, or one that now has another [address](Sighting::addr). What is no answer
    /// is ignored and ends nothing.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        link: usize,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Option<Sighting> {
        let advert = match Advert::parse(datagram) {
            Ok(advert) if advert.kind() == AdvertKind::Answer && !self.is_finished(now) => advert,
            _ => {
                self.ignored = self.ignored.saturating_add(1);
                return None;
            }
        };
        self.strike_off(link, source);
        let (id, addr) = (advert.id(), advert.addr(source));
        let is_awaited = self.missing.as_mut().is_some_and(|missing| missing.remove(&id));
        let is_full = self.seen.len() >= MAX_FOUND;
        match self.seen.get_mut(&id) {
            Some(known) if *known == addr => return None,
            Some(known) => *known = addr,
            None if is_full && !is_awaited => return None,
            None => drop(self.seen.insert(id, addr)),
        }
        Some(advert.to_sighting(source))
    }

    /// Begins the next round if its time has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = self.rounds.iter().take_while(|round| **round <= now).count();
        if due > 0 {
            self.rounds.drain(..due);
            // What the round before has not sent yet is among it.
            self.outgoing.clear();
            self.outgoing.extend(&self.unanswered);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, at the latest the end of the search.
    pub fn poll_timeout(&self) -> Instant {
        self.rounds.front().copied().unwrap_or(self.deadline).min(self.deadline)
    }

    /// Whether the time is up or enough bulbs were found.
    pub fn is_finished(&self, now: Instant) -> bool {
        now >= self.deadline
            || self.count.is_some_and(|count| self.seen.len() >= count)
            || self.missing.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// How many searches were sent.
    pub fn probes(&self) -> u32 {
        self.probes
    }

    /// How many datagrams came that were no answer.
    pub fn ignored(&self) -> u32 {
        self.ignored
    }

    /// Does not ask again who has answered.
    fn strike_off(&mut self, link: usize, source: SocketAddr) {
        if self.unanswered.remove(&Target { link, addr: source }) {
            return;
        }
        // Bulbs may answer from another port. With several behind one address it is unknown who did.
        let at = |port| Target { link, addr: SocketAddr::new(source.ip(), port) };
        let mut there = self.targets.range(at(0)..=at(u16::MAX));
        if let (Some(target), None) = (there.next(), there.next()) {
            self.unanswered.remove(target);
        }
    }
}

/// Whom to ask, and over which of the searcher's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a place to send to has these two parts")]
pub struct Target {
    /// The number of the socket, as its owner counts them.
    pub link: usize,
    /// A bulb's address or a group's.
    pub addr: SocketAddr,
}

/// Bulbs told apart in one search, so that forged answers cannot fill the memory. An id that is
/// waited for is found even then.
const MAX_FOUND: usize = 16_384;
