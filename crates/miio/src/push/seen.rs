//! Which messages have come already.

use alloc::collections::VecDeque;
use core::time::Duration;

use iot_home_core::{Did, Instant};

/// The messages of the last seconds, so that a repetition is told from news.
#[derive(Default)]
pub(super) struct Seen(VecDeque<Entry>);

struct Entry {
    did: Option<Did>,
    id: i64,
    stamp: u32,
    at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    /// The device did not get the answer, and asks again.
    Repeated,
    /// The same packet, long after the device has stopped repeating it.
    Replayed,
}

impl Seen {
    /// Tells what a message is. What is new or repeated has to be [kept](Self::keep).
    pub(super) fn novelty(
        &mut self,
        now: Instant,
        did: Option<&Did>,
        id: i64,
        stamp: u32,
    ) -> Novelty {
        while self.0.front().is_some_and(|old| now.saturating_since(old.at) > REPLAYABLE) {
            self.0.pop_front();
        }
        let mut known = self.0.iter().filter(|old| old.id == id && old.did.as_ref() == did);
        if known.clone().any(|old| now.saturating_since(old.at) < REPEATABLE) {
            return Novelty::Repeated;
        }
        if known.any(|old| old.stamp == stamp) { Novelty::Replayed } else { Novelty::New }
    }

    /// Each repetition has a stamp of its own, and may be replayed as well.
    pub(super) fn keep(&mut self, now: Instant, did: Option<Did>, id: i64, stamp: u32) {
        let same = |old: &Entry| old.id == id && old.stamp == stamp && old.did == did;
        match self.0.iter().position(same) {
            Some(at) => drop(self.0.remove(at)),
            None if self.0.len() >= MAX_SEEN => drop(self.0.pop_front()),
            None => {}
        }
        self.0.push_back(Entry { did, id, stamp, at: now });
    }
}

/// How long after the last repetition one under the same id is the same message.
const REPEATABLE: Duration = Duration::from_secs(5);
/// How long a packet passes for a fresh one by its stamp: from the earliest to the latest moment at which
/// [`STAMP_WINDOW`](super::subscriber::STAMP_WINDOW) lets it pass, and a second for what stamps cut off.
const REPLAYABLE: Duration = Duration::from_secs(2 * super::subscriber::STAMP_WINDOW as u64 + 1);
/// Four messages a second is what a device sends at most; this is ten times that.
const MAX_SEEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn a_repetition_is_known_for_five_seconds() {
        let mut seen = Seen::default();
        let did = Some(Did::from(7));
        assert_eq!(seen.novelty(at(0), did.as_ref(), 1, 100), Novelty::New);
        seen.keep(at(0), did.clone(), 1, 100);
        assert_eq!(seen.novelty(at(4), did.as_ref(), 1, 104), Novelty::Repeated);
        assert_eq!(seen.novelty(at(4), did.as_ref(), 2, 104), Novelty::New);
        assert_eq!(seen.novelty(at(4), Some(&Did::from(8)), 1, 104), Novelty::New);
        assert_eq!(seen.novelty(at(5), did.as_ref(), 1, 105), Novelty::New, "the id comes round");
        seen.keep(at(4), did.clone(), 1, 104);
        assert_eq!(seen.novelty(at(8), did.as_ref(), 1, 108), Novelty::Repeated);
        assert_eq!(seen.novelty(at(9), did.as_ref(), 1, 104), Novelty::Replayed);
        assert_eq!(seen.novelty(at(9), did.as_ref(), 1, 100), Novelty::Replayed);
        assert_eq!(seen.novelty(at(21), did.as_ref(), 1, 100), Novelty::Replayed);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut seen = Seen::default();
        for id in 0..5000 {
            seen.keep(at(0), None, id, 100);
        }
        assert_eq!(seen.0.len(), MAX_SEEN);
        for _ in 0..5000 {
            seen.keep(at(0), None, 4999, 100);
        }
        assert_eq!(seen.novelty(at(0), None, 4000, 100), Novelty::Repeated, "it pushes none out");
        assert_eq!(seen.novelty(at(22), None, 4999, 100), Novelty::New);
        assert!(seen.0.is_empty());
    }
}
