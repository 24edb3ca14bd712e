//! What tells by itself: when it is listened to, and what follows for the devices that it tells of.

use std::time::Duration;

use iot_home_core::Instant;

use super::{Feed, Plan, Target};

#[derive(Clone, Debug)]
pub(super) struct Feeding {
    targets: Vec<Target>,
    pub(super) state: Ear,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    Resting {
        until: Instant,
    },
    Listening,
    /// What changes is told.
    Up,
}

impl Plan {
    /// One more that tells by itself; it is listened to at once.
    pub(crate) fn add_feed(&mut self, now: Instant) -> Feed {
        let feed = Feed(self.next_feed);
        self.next_feed = self.next_feed.wrapping_add(1);
        let state = Ear::Resting { until: now };
        self.feeds.insert(feed, Feeding { targets: Vec::new(), state, failures: 0 });
        feed
    }

    /// A feed tells of this device too.
    pub(crate) fn feeds(&mut self, feed: Feed, target: Target) {
        if let Some(feeding) = self.feeds.get_mut(&feed)
            && !feeding.targets.contains(&target)
        {
            feeding.targets.push(target);
        }
    }

    /// Nothing tells of this device any more. Returns what tells of nobody now, and is forgotten.
    pub(super) fn unfeed(&mut self, target: Target) -> Vec<Feed> {
        for feeding in self.feeds.values_mut() {
            feeding.targets.retain(|told| *told != target);
        }
        let idle = self.feeds.iter().filter(|(_, feeding)| feeding.targets.is_empty());
        let idle: Vec<_> = idle.map(|(feed, _)| *feed).collect();
        for feed in &idle {
            self.feeds.remove(feed);
        }
        idle
    }

    /// The one that is to be listened to now.
    pub(super) fn listen(&mut self, now: Instant) -> Option<Feed> {
        let is_due =
            |feeding: &Feeding| matches!(feeding.state, Ear::Resting { until } if until <= now);
        if self.next_start > now {
            return None;
        }
        let (feed, feeding) = self.feeds.iter_mut().find(|(_, feeding)| is_due(feeding))?;
        feeding.state = Ear::Listening;
        let feed = *feed;
        self.next_start = now + self.gap();
        Some(feed)
    }

    /// Whether something tells of changes of this device.
    pub(super) fn is_told(&self, target: Target) -> bool {
        let mut up = self.feeds.values().filter(|feeding| feeding.state == Ear::Up);
        up.any(|feeding| feeding.targets.contains(&target))
    }

    /// A change was told. Where something changes, more may: it is asked for soon.
    pub(crate) fn told(&mut self, now: Instant, target: Target) {
        self.hasten(now, target);
    }

    /// A feed tells of changes from now on. What happened before, it did not tell.
    pub(crate) fn up(&mut self, now: Instant, feed: Feed) {
        let Some(feeding) = self.feeds.get_mut(&feed) else { return };
        if !matches!(feeding.state, Ear::Resting { .. }) {
            (feeding.state, feeding.failures) = (Ear::Up, 0);
        }
        self.hasten_all(now, feed);
    }

    /// A feed tells nothing for now, but is still listened to.
    pub(crate) fn down(&mut self, now: Instant, feed: Feed) {
        let Some(feeding) = self.feeds.get_mut(&feed) else { return };
        if feeding.state == Ear::Up {
            feeding.state = Ear::Listening;
            self.hasten_all(now, feed);
        }
    }

    /// Something that was told is lost.
    pub(crate) fn missed(&mut self, now: Instant, feed: Feed) {
        self.hasten_all(now, feed);
    }

    /// Listening has ended. It is tried again, later each time; of a device that knows nothing of it, an hour later.
    pub(crate) fn deaf(&mut self, now: Instant, feed: Feed, is_unsupported: bool) {
        self.down(now, feed);
        let jitter = u32::try_from(self.random.between(90, 110)).unwrap_or(100);
        let Some(feeding) = self.feeds.get_mut(&feed) else { return };
        let pause = FIRST_PAUSE.saturating_mul(1 << feeding.failures.min(DOUBLINGS));
        feeding.failures = feeding.failures.saturating_add(1);
        let pause = if is_unsupported { UNSUPPORTED } else { pause.min(LONGEST_PAUSE) };
        let jittered = pause.saturating_mul(jitter).checked_div(100).unwrap_or(pause);
        feeding.state = Ear::Resting { until: now + jittered };
    }

    fn hasten_all(&mut self, now: Instant, feed: Feed) {
        let targets = self.feeds.get(&feed).map(|feeding| feeding.targets.clone());
        for target in targets.unwrap_or_default() {
            self.hasten(now, target);
        }
    }

    /// It is asked as soon as it may be, and often from then on.
    fn hasten(&mut self, now: Instant, target: Target) {
        let Some(region) = self.targets.get(&target).map(|watched| watched.region) else { return };
        let shortest = self.pace(region).shortest;
        let Some(watched) = self.targets.get_mut(&target) else { return };
        let earliest = watched.asked.map_or(now, |asked| now.max(asked + shortest));
        watched.interval = shortest;
        watched.is_hastened = watched.is_under_way;
        watched.due = watched.due.min(earliest);
    }
}

/// How long after it failed something is listened to again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const DOUBLINGS: u32 = 10;
/// The same of a device that knows no subscriptions: a new firmware may.
const UNSUPPORTED: Duration = Duration::from_secs(3600);
