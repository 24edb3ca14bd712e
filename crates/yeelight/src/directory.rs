//! The bulbs that are there, as their advertisements tell.
//!
//! Bulbs advertise themselves when they join the network and then every [`max_age`](crate::Advert::max_age);
//! nothing says good-bye, so that silence is the only sign that one is gone. A [`Directory`] is a state
//! machine without IO: hand in what comes, and sleep until [`poll_timeout`](Directory::poll_timeout). It
//! takes search answers as well. All that it knows is what datagrams claimed.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::SocketAddr;
use core::time::Duration;

use iot_home_core::Instant;

use crate::advert::{Advert, AdvertError};
use crate::id::BulbId;
use crate::sighting::Sighting;

/// How long a bulb counts as there that does not say for how long.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(3600);

/// What is known of the bulbs that are there. See the [module](self).
///
/// It holds a [limited number](Self::capacity) of them. While it is full newcomers are ignored, so that
/// forged advertisements cannot push out bulbs that are there; each that falls silent makes room.
#[derive(Clone, Debug)]
pub struct Directory {
    entries: BTreeMap<BulbId, Entry>,
    expiries: BTreeSet<(Instant, BulbId)>,
    capacity: usize,
    ignored: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    sighting: Sighting,
    expires: Instant,
}

impl Directory {
    /// An empty one, for up to 1024 bulbs.
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), expiries: BTreeSet::new(), capacity: 1024, ignored: 0 }
    }

    /// Holds up to this many bulbs, each of up to [`MAX_LEN`] bytes.
    #[must_use]
    pub fn capacity(mut self, bulbs: usize) -> Self {
        self.capacity = bulbs;
        self
    }

    /// Takes in a datagram that came from this address. Returns what it changed; of what is no
    /// advertisement, or finds no room, nothing.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Option<Update> {
        let advert = match Advert::parse(datagram) {
            Ok(advert) if datagram.len() <= MAX_LEN => advert,
            // The group hears every search; there is nothing wrong with that.
            Err(AdvertError::Search) => return None,
            _ => return self.ignore(),
        };
        let id = advert.id();
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&id) {
            return self.ignore();
        }
        let age = advert.max_age().unwrap_or(DEFAULT_MAX_AGE);
        let expires = now + age + age / GRACE;
        let sighting = advert.to_sighting(source);
        let entry = Entry { sighting: sighting.clone(), expires };
        let before = self.entries.insert(id, entry);
        self.expiries.insert((expires, id));
        let Some(before) = before else { return Some(Update::New(sighting)) };
        if before.expires != expires {
            self.expiries.remove(&(before.expires, id));
        }
        Some(if tells_the_same(&before.sighting, &sighting) {
            Update::Renewed(sighting)
        } else {
            Update::Changed(sighting)
        })
    }

    /// Forgets a bulb whose time has run out. Call it until it returns nothing.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Update> {
        let (expires, id) = *self.expiries.first()?;
        if expires > now {
            return None;
        }
        self.expiries.pop_first();
        self.entries.remove(&id).map(|entry| Update::Expired(entry.sighting))
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, if any bulb is there.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.expiries.first().map(|(expires, _)| *expires)
    }

    /// The bulbs that are there, by id, each as it was heard of last.
    pub fn bulbs(&self) -> impl ExactSizeIterator<Item = &Sighting> + Clone {
        self.entries.values().map(|entry| &entry.sighting)
    }

    /// What this bulb told last.
    pub fn bulb(&self, id: BulbId) -> Option<&Sighting> {
        self.entries.get(&id).map(|entry| &entry.sighting)
    }

    /// How many datagrams came that told of no bulb, or of one for which there was no room.
    pub fn ignored(&self) -> u32 {
        self.ignored
    }

    fn ignore(&mut self) -> Option<Update> {
        self.ignored = self.ignored.saturating_add(1);
        None
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

/// What has become of a bulb.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// It is there, and was not before.
    New(Sighting),
    /// Its address or anything that it tells has changed.
    Changed(Sighting),
    /// It is still there, and tells nothing new.
    Renewed(Sighting),
    /// It was not heard of again in time. This is what it told last.
    Expired(Sighting),
}

impl Update {
    /// The bulb, as it was heard of last.
    pub fn sighting(&self) -> &Sighting {
        match self {
            Self::New(sighting)
            | Self::Changed(sighting)
            | Self::Renewed(sighting)
            | Self::Expired(sighting) => sighting,
        }
    }
}

/// The longest datagram that is kept. Bulbs stay below 1 KiB.
pub const MAX_LEN: usize = 8192;

/// A bulb speaks again just when its time is over, so it is kept by this part of the time longer.
const GRACE: u32 = 8;

/// Whether two say the same of a bulb. What they say of themselves does not count.
fn tells_the_same(one: &Sighting, other: &Sighting) -> bool {
    const OF_THEMSELVES: [&[u8]; 7] =
        [b"Cache-Control", b"Date", b"Ext", b"Host", b"Location", b"NTS", b"Server"];
    let told = |(name, _): &(&[u8], &[u8])| {
        !OF_THEMSELVES.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    one.addr() == other.addr()
        && one.advert().raw_headers().filter(told).eq(other.advert().raw_headers().filter(told))
}
