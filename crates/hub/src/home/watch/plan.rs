//! When which device is asked, and when what it tells by itself is listened to again: decided here, without IO and with
//! time and chance as arguments.
//!
//! A driver asks [`next`](Plan::next) for steps until there is none, sleeps until [`timeout`](Plan::timeout) or until
//! something happens, and tells what came of each step. Polling never ends: what a device tells by itself only makes it
//! rarer.

mod feeds;

use std::collections::BTreeMap;
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};

use self::feeds::{Ear, Feeding};

/// How often something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// After a change.
    pub(crate) shortest: Duration,
    /// While nothing changes, or nothing answers.
    pub(crate) longest: Duration,
}

/// What is decided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Of devices on the LAN.
    pub(crate) near: Pace,
    /// Of devices that are reached by a cloud.
    pub(crate) far: Pace,
    /// How many requests are under way at a time; one to a cloud may be for many devices.
    pub(crate) at_once: usize,
    /// How many properties go in one request to a cloud.
    pub(crate) batch: usize,
}

/// A device that is watched. Its number is never another one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Target(pub(crate) usize);

/// Something that tells by itself of one device or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Feed(pub(crate) usize);

/// A cloud's region: whoever is in it can be asked together.
pub(crate) type Region = usize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// See what the device can tell.
    Prepare(Target),
    /// Read what is watched of these, in one request as far as they are in a cloud.
    Ask(Vec<Target>),
    /// Listen to what is told.
    Listen(Feed),
}

/// What came of asking a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something had changed.
    News,
    /// It was as before.
    Same,
    /// No answer.
    Silence,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    terms: Terms,
    targets: BTreeMap<Target, Watched>,
    feeds: BTreeMap<Feed, Feeding>,
    /// The numbers of the next ones.
    next_target: usize,
    next_feed: usize,
    under_way: usize,
    /// Nothing starts before, so that requests do not leave in one burst.
    next_start: Instant,
    random: SeededRandom,
}

#[derive(Clone, Debug)]
struct Watched {
    /// How many properties are read, once that is known.
    properties: Option<usize>,
    region: Option<Region>,
    is_under_way: bool,
    /// Whether something was told while it was asked.
    is_hastened: bool,
    asked: Option<Instant>,
    due: Instant,
    interval: Duration,
}

impl Plan {
    pub(crate) fn new(terms: Terms, random: SeededRandom) -> Self {
        Self {
            terms,
            targets: BTreeMap::new(),
            feeds: BTreeMap::new(),
            next_target: 0,
            next_feed: 0,
            under_way: 0,
            next_start: Instant::ORIGIN,
            random,
        }
    }

    /// One more device. It is prepared first.
    pub(crate) fn add(&mut self, now: Instant) -> Target {
        let target = Target(self.next_target);
        self.next_target = self.next_target.wrapping_add(1);
        let watched = Watched {
            properties: None,
            region: None,
            is_under_way: false,
            is_hastened: false,
            asked: None,
            due: now,
            interval: self.terms.near.shortest,
        };
        self.targets.insert(target, watched);
        target
    }

    /// A device is not watched any more; what is under way for it ends as it would. Returns the feeds that tell of nobody
    /// now, and are forgotten too.
    pub(crate) fn remove(&mut self, target: Target) -> Vec<Feed> {
        self.targets.remove(&target);
        self.unfeed(target)
    }

    /// What to do now, if there is something.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Step> {
        if let Some(feed) = self.listen(now) {
            return Some(Step::Listen(feed));
        }
        if self.under_way >= self.terms.at_once {
            return None;
        }
        let waiting = self.targets.iter();
        let waiting = waiting.filter(|(_, watched)| !watched.is_under_way && watched.due <= now);
        let is_spread = |watched: &Watched| watched.properties.is_some();
        let (first, watched) = waiting
            .filter(|(_, watched)| !is_spread(watched) || self.next_start <= now)
            .min_by_key(|(_, watched)| (is_spread(watched), watched.due))?;
        let first = *first;
        let step = match (watched.properties, watched.region) {
            (None, _) => Step::Prepare(first),
            (Some(_), None) => Step::Ask(vec![first]),
            (Some(_), Some(region)) => Step::Ask(self.batch(now, first, region)),
        };
        if let Step::Ask(targets) = &step {
            self.next_start = now + self.gap();
            for target in targets {
                if let Some(watched) = self.targets.get_mut(target) {
                    (watched.is_under_way, watched.asked) = (true, Some(now));
                }
            }
        } else {
            self.targets.get_mut(&first)?.is_under_way = true;
        }
        self.under_way = self.under_way.saturating_add(1);
        Some(step)
    }

    /// The first one, and those of its region that would be asked soon in any case, as many as one request takes.
    fn batch(&self, now: Instant, first: Target, region: Region) -> Vec<Target> {
        let soon = |watched: &Watched| {
            let early = watched.interval.checked_div(2).unwrap_or_default();
            watched.region == Some(region) && !watched.is_under_way && watched.due <= now + early
        };
        let mut others: Vec<_> = self
            .targets
            .iter()
            .filter(|(target, watched)| **target != first && soon(watched))
            .filter_map(|(target, watched)| Some((watched.due, *target, watched.properties?)))
            .collect();
        others.sort_unstable();
        let of_first = self.targets.get(&first).and_then(|watched| watched.properties);
        let mut room = self.terms.batch.saturating_sub(of_first.unwrap_or_default());
        let mut batch = vec![first];
        for (_, target, properties) in others {
            if properties <= room {
                room = room.saturating_sub(properties);
                batch.push(target);
            }
        }
        batch
    }

    /// The time between two requests: all can be made within the shortest interval.
    pub(super) fn gap(&self) -> Duration {
        let all = u32::try_from(self.targets.len().max(1)).unwrap_or(u32::MAX);
        self.terms.near.shortest.checked_div(all).unwrap_or_default().min(LONGEST_GAP)
    }

    /// When there may be something to do, if nothing happens before.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let feeds = self.feeds.values().filter_map(|feeding| match feeding.state {
            Ear::Resting { until } => Some(until.max(self.next_start)),
            Ear::Listening | Ear::Up => None,
        });
        let is_free = self.under_way < self.terms.at_once;
        let waiting = self.targets.values().filter(|watched| is_free && !watched.is_under_way);
        let due = waiting.map(|watched| match watched.properties {
            None => watched.due,
            Some(_) => watched.due.max(self.next_start),
        });
        feeds.chain(due).min()
    }

    /// What a device can tell is known: so many properties. Without any it is looked at again later.
    pub(crate) fn prepared(
        &mut self,
        now: Instant,
        target: Target,
        properties: usize,
        region: Option<Region>,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        let pace = self.pace(region);
        if properties == 0 {
            return self.rest(now, target, Outcome::Silence);
        }
        let Some(watched) = self.targets.get_mut(&target) else { return };
        watched.is_under_way = false;
        (watched.properties, watched.region) = (Some(properties), region);
        watched.interval = pace.shortest;
        // Others in the cloud get ready at the same time.
        watched.due = if region.is_some() { now + GATHERED } else { now };
    }

    /// What came of asking: of each device how it went, and the region whose cloud it was reached by.
    pub(crate) fn asked(
        &mut self,
        now: Instant,
        ended: impl IntoIterator<Item = (Target, Outcome, Option<Region>)>,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        for (target, outcome, region) in ended {
            if let Some(watched) = self.targets.get_mut(&target) {
                watched.region = region;
            }
            self.rest(now, target, outcome);
        }
    }

    fn rest(&mut self, now: Instant, target: Target, outcome: Outcome) {
        let is_told = self.is_told(target);
        let jitter = self.random.between(90, 110);
        let Some(watched) = self.targets.get(&target) else { return };
        let pace = self.pace(watched.region);
        let interval = match outcome {
            _ if watched.is_hastened => pace.shortest,
            Outcome::News => pace.shortest,
            Outcome::Same if is_told => pace.longest,
            Outcome::Same | Outcome::Silence => watched.interval.saturating_mul(2),
        };
        let interval = interval.min(pace.longest).max(pace.shortest);
        let jittered = interval.saturating_mul(u32::try_from(jitter).unwrap_or(100));
        let Some(watched) = self.targets.get_mut(&target) else { return };
        (watched.is_under_way, watched.is_hastened) = (false, false);
        watched.interval = interval;
        watched.due = now + jittered.checked_div(100).unwrap_or(interval);
    }

    pub(super) const fn pace(&self, region: Option<Region>) -> Pace {
        if region.is_some() { self.terms.far } else { self.terms.near }
    }
}

/// Requests that could leave at once are this far apart at most.
const LONGEST_GAP: Duration = Duration::from_millis(100);
/// How long a device in a cloud waits for others to be asked with.
const GATHERED: Duration = Duration::from_millis(200);
#[cfg(test)]
mod tests;
