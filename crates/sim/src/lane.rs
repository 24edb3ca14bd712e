//! Things on their way, in the order in which they arrive.

use std::collections::BTreeMap;

use iot_home_core::Instant;

/// A queue by arrival time; what arrives at one instant keeps the order in which it was sent.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    queue: BTreeMap<(Instant, u64), T>,
    sequence: u64,
}

impl<T> Lane<T> {
    /// Puts something on its way, unless too much is under way already.
    pub(crate) fn push(&mut self, due: Instant, item: T) -> bool {
        let room = self.queue.len() < MOST;
        if room {
            self.queue.insert((due, self.sequence), item);
            self.sequence = self.sequence.wrapping_add(1);
        }
        room
    }

    /// The next thing that has arrived by now, and when it did.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        let first = self.queue.first_entry().filter(|first| first.key().0 <= now)?;
        let ((due, _), item) = first.remove_entry();
        Some((due, item))
    }

    /// When the next one arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), sequence: 0 }
    }
}

/// A flood fills the lane and no more.
const MOST: usize = 4096;
