//! Commands that were sent and not answered yet, by id.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use iot_home_core::Instant;

use crate::method::{MAX_ID, Method, id_after};
use crate::property::Property;

/// Whose a command is.
#[derive(Debug)]
pub(super) enum Owner<T> {
    /// A caller's.
    Caller { tag: T, key: u64 },
    /// A caller's who does not want to know any more.
    Forgotten,
    /// The session's own question for the whole state.
    FirstRead,
    /// Any other of the session's own.
    Own,
}

/// What is remembered of a command that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) at: Instant,
    deadline: Instant,
    /// What was asked for, if it was `get_prop`.
    pub(super) properties: Option<Box<[Property]>>,
    pub(super) changes_power: bool,
}

impl Sent {
    pub(super) fn new(
        method: &Method,
        at: Instant,
        deadline: Instant,
        changes_power: bool,
    ) -> Self {
        let properties = match method {
            Method::GetProp(properties) => Some(properties.as_slice().into()),
            _ => None,
        };
        Self { at, deadline, properties, changes_power }
    }
}

/// Ids count up, so that a command is found by how far its id lies from the oldest.
#[derive(Debug)]
pub(super) struct Slots<T> {
    oldest: u32,
    /// Answered commands between unanswered ones are `None`.
    slots: VecDeque<Option<(Owner<T>, Sent)>>,
    unanswered: usize,
    callers: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { oldest: 1, slots: VecDeque::new(), unanswered: 0, callers: 0 }
    }
}

impl<T> Slots<T> {
    /// Keeps a command, and gives it its id.
    pub(super) fn add(&mut self, owner: Owner<T>, sent: Sent) -> u32 {
        // There are never so many that an id comes twice.
        let distance = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let id = id_after(self.oldest, distance);
        self.unanswered = self.unanswered.saturating_add(1);
        let is_caller = matches!(owner, Owner::Caller { .. });
        self.callers = self.callers.saturating_add(is_caller.into());
        self.slots.push_back(Some((owner, sent)));
        id
    }

    /// Takes the command with this id out.
    pub(super) fn take(&mut self, id: i64) -> Option<(Owner<T>, Sent)> {
        let id = u32::try_from(id).ok().filter(|id| (1..=MAX_ID).contains(id))?;
        let distance = id.checked_sub(self.oldest).or_else(|| {
            // Begun anew since the oldest.
            id.checked_add(MAX_ID)?.checked_sub(self.oldest)
        })?;
        let taken = self.slots.get_mut(usize::try_from(distance).ok()?)?.take()?;
        self.took(&taken.0);
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.oldest = id_after(self.oldest, 1);
        }
        Some(taken)
    }

    /// The id of the only command that is unanswered, if there is one only.
    pub(super) fn only(&self) -> Option<i64> {
        // Answered ones never stand first.
        (self.unanswered == 1).then(|| self.oldest.into())
    }

    /// The oldest command, to be ended.
    pub(super) fn pop(&mut self) -> Option<(Owner<T>, Sent)> {
        if self.slots.is_empty() {
            return None;
        }
        self.take(self.oldest.into())
    }

    /// The oldest command, if its time is up.
    pub(super) fn pop_overdue(&mut self, now: Instant) -> Option<(Owner<T>, Sent)> {
        self.next_deadline().filter(|deadline| *deadline <= now)?;
        self.pop()
    }

    /// All have the same time, so the oldest ends first.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.slots.front()?.as_ref().map(|(_, sent)| sent.deadline)
    }

    /// Keeps a command's place but not its owner.
    pub(super) fn forget(&mut self, key: u64) {
        for (owner, _) in self.slots.iter_mut().flatten() {
            if matches!(owner, Owner::Caller { key: known, .. } if *known == key) {
                *owner = Owner::Forgotten;
                self.callers = self.callers.saturating_sub(1);
            }
        }
    }

    /// How many places there are, from the oldest unanswered command on.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many of the unanswered commands are callers'.
    pub(super) fn callers(&self) -> usize {
        self.callers
    }

    fn took(&mut self, owner: &Owner<T>) {
        self.unanswered = self.unanswered.saturating_sub(1);
        let is_caller = matches!(owner, Owner::Caller { .. });
        self.callers = self.callers.saturating_sub(is_caller.into());
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use iot_home_core::Instant;

    use super::{Owner, Sent, Slots};
    use crate::color::Light;
    use crate::method::{MAX_ID, Method};

    fn sent(second: u64) -> Sent {
        let at = Instant::from_origin(Duration::from_secs(second));
        Sent::new(&Method::Toggle(Light::Main), at, at + Duration::from_secs(5), false)
    }

    #[test]
    fn answers_find_their_command_in_any_order() {
        let mut slots = Slots::default();
        for key in 0..4 {
            let id = slots.add(Owner::Caller { tag: key, key }, sent(key));
            assert_eq!(u64::from(id), key + 1);
        }
        for (id, tag) in [(3, 2), (1, 0), (4, 3), (2, 1)] {
            assert!(
                matches!(slots.take(id), Some((Owner::Caller { tag: found, .. }, _)) if found == tag)
            );
            assert!(slots.take(id).is_none(), "a second answer is nobody's");
        }
        assert_eq!((slots.callers(), slots.slots.len()), (0, 0));
        assert!(slots.take(0).is_none() && slots.take(-1).is_none() && slots.take(99).is_none());
        assert_eq!(slots.add(Owner::Own, sent(9)), 5);
        assert_eq!(slots.only(), Some(5));
    }

    #[test]
    fn ids_begin_anew_before_they_are_negative_and_no_command_is_lost_by_it() {
        let mut slots = Slots { oldest: MAX_ID - 1, ..Slots::default() };
        let ids = [MAX_ID - 1, MAX_ID, 1, 2];
        for (key, id) in (0..).zip(ids) {
            assert_eq!(slots.add(Owner::Caller { tag: id, key }, sent(key)), id);
        }
        assert_eq!((slots.callers(), slots.len()), (4, 4));
        assert!(slots.take(0).is_none() && slots.take(3).is_none());
        assert!(slots.take(i64::from(MAX_ID) + 1).is_none());
        for id in [1, MAX_ID - 1, 2, MAX_ID] {
            let taken = slots.take(id.into());
            assert!(matches!(taken, Some((Owner::Caller { tag, .. }, _)) if tag == id), "{id}");
        }
        assert_eq!((slots.callers(), slots.len()), (0, 0));
        assert_eq!(slots.add(Owner::Own, sent(9)), 3);
        assert_eq!(slots.only(), Some(3));
    }
}
