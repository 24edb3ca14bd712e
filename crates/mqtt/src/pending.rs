//! Answers that are waited for.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;

use iot_home_core::Instant;

use crate::AnswerKey;

/// Requests whose answers are waited for: at most so many at once, each until its own deadline.
///
/// `T` is whatever the program keeps for the one who asked: a channel, a number, nothing. The table reads no clock and
/// waits for nothing: it is told what arrived and what time it is.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_core::Instant;
/// use iot_home_mqtt::{AnswerKey, Pending};
///
/// let now = Instant::ORIGIN;
/// let mut pending = Pending::new(16);
/// let key = AnswerKey::new("/sys/a1X2bEnP82z/lamp-1/thing/config/get_reply", "1");
/// pending.insert(key.clone(), now + Duration::from_secs(5), "config").unwrap();
/// assert_eq!(pending.poll_timeout(), Some(now + Duration::from_secs(5)));
///
/// assert_eq!(pending.take(&key), Some("config"));
/// assert_eq!(pending.take(&key), None); // an answer that arrives twice answers once
/// ```
#[derive(Clone, Debug)]
pub struct Pending<T> {
    most: usize,
    waiting: BTreeMap<AnswerKey, (Instant, T)>,
}

impl<T> Pending<T> {
    /// An empty table for so many requests at once.
    pub const fn new(most: usize) -> Self {
        Self { most, waiting: BTreeMap::new() }
    }

    /// Waits for this answer until then.
    ///
    /// # Errors
    /// If there are too many already, or one that the same answer would answer; with what was to be kept.
    pub fn insert(
        &mut self,
        key: AnswerKey,
        deadline: Instant,
        kept: T,
    ) -> Result<(), NotPending<T>> {
        let full = self.waiting.len() >= self.most;
        match self.waiting.entry(key) {
            Entry::Occupied(_) => Err(NotPending { why: WhyNotPending::SameAnswer, kept }),
            Entry::Vacant(_) if full => Err(NotPending { why: WhyNotPending::Full, kept }),
            Entry::Vacant(entry) => {
                entry.insert((deadline, kept));
                Ok(())
            }
        }
    }

    /// This answer arrived: what was kept for it, unless nobody waits for it (any more).
    pub fn take(&mut self, key: &AnswerKey) -> Option<T> {
        self.waiting.remove(key).map(|(_, kept)| kept)
    }

    /// Whether this answer is waited for.
    pub fn contains(&self, key: &AnswerKey) -> bool {
        self.waiting.contains_key(key)
    }

    /// When the next request will have waited for too long.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.values().map(|(deadline, _)| *deadline).min()
    }

    /// A request that has waited for too long by now, the one that began to earliest; to be called until there is none.
    pub fn expire(&mut self, now: Instant) -> Option<(AnswerKey, T)> {
        let overdue = self.waiting.iter().filter(|(_, (deadline, _))| *deadline <= now);
        let key = overdue.min_by_key(|(_, (deadline, _))| *deadline).map(|(key, _)| key.clone())?;
        self.take(&key).map(|kept| (key, kept))
    }

    /// All that are waited for, and none from then on: the connection is gone.
    pub fn clear(&mut self) -> impl Iterator<Item = (AnswerKey, T)> + use<T> {
        core::mem::take(&mut self.waiting).into_iter().map(|(key, (_, kept))| (key, kept))
    }

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none is waited for.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// A request that cannot be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be waited for: {why}")]
#[non_exhaustive]
pub struct NotPending<T> {
    /// Why.
    pub why: WhyNotPending,
    /// What was to be kept.
    pub kept: T,
}

/// Why a request cannot be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyNotPending {
    /// There are as many as the table holds.
    #[error("as many are waited for as may be; try again when one of them was answered")]
    Full,
    /// The same answer is waited for already.
    #[error("the same answer is waited for already; take another id, or wait")]
    SameAnswer,
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::time::Duration;

    use iot_home_core::Instant;

    use super::{Pending, WhyNotPending};
    use crate::AnswerKey;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn key(id: &str) -> AnswerKey {
        AnswerKey::new("t", id)
    }

    #[test]
    fn it_is_bounded_and_keeps_answers_apart() {
        let mut pending = Pending::new(2);
        pending.insert(key("1"), at(5), 'a').unwrap();
        let error = pending.insert(key("1"), at(9), 'b').unwrap_err();
        assert_eq!((error.why, error.kept), (WhyNotPending::SameAnswer, 'b'));
        pending.insert(AnswerKey::new("other", "1"), at(5), 'c').unwrap();
        let error = pending.insert(key("2"), at(9), 'd').unwrap_err();
        assert_eq!((error.why, error.kept), (WhyNotPending::Full, 'd'));
        assert!(format!("{error}").contains("as many"));
        assert_eq!(pending.take(&key("1")), Some('a'));
        assert_eq!(pending.take(&key("1")), None);
        pending.insert(key("2"), at(9), 'd').unwrap();
        assert_eq!(pending.len(), 2);
        assert_eq!(pending.clear().count(), 2);
        assert!(pending.is_empty() && pending.poll_timeout().is_none());
    }

    #[test]
    fn what_waits_too_long_is_handed_back_in_order() {
        let mut pending = Pending::new(8);
        for (id, deadline) in [("1", 7), ("2", 3), ("3", 5)] {
            pending.insert(key(id), at(deadline), id).unwrap();
        }
        assert_eq!(pending.poll_timeout(), Some(at(3)));
        assert_eq!(pending.expire(at(2)), None);
        // At the deadline it is over.
        assert_eq!(pending.expire(at(3)).unwrap().1, "2");
        assert_eq!(pending.expire(at(3)), None);
        assert_eq!(pending.expire(at(9)).unwrap().1, "3");
        assert_eq!(pending.expire(at(9)).unwrap().1, "1");
        assert_eq!(pending.expire(at(9)), None);
    }
}
