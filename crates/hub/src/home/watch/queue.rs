//! What waits for the stream's reader.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::event::Event;
use super::plan::Target;

/// What an event is about: the later of two about the same makes the earlier one superfluous.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Property(Target, Box<str>),
    /// A property that is not to be had.
    Trouble(Target, Box<str>),
    /// A device that does not answer.
    Device(Target),
}

impl Subject {
    const fn target(&self) -> Target {
        match self {
            Self::Property(target, _) | Self::Trouble(target, _) | Self::Device(target) => *target,
        }
    }
}

/// Events in their order. While there are too many, those go first whose property has a later value in it; so the last
/// value of each property is never lost, and no more wait than are allowed or are about different things.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<(Subject, Event)>,
    missed: u64,
    reader: Option<Waker>,
    has_ended: bool,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), inner: Mutex::default() }
    }

    pub(super) fn push(&self, subject: Subject, event: Event) {
        let mut inner = self.lock();
        inner.events.push_back((subject, event));
        if inner.events.len() > self.most {
            inner.leave_one_out();
        }
        inner.wake();
    }

    /// So many were lost before they came here.
    pub(super) fn miss(&self, events: u64) {
        let mut inner = self.lock();
        inner.missed = inner.missed.saturating_add(events);
        inner.wake();
    }

    /// A device is not watched any more: what waits of it is left out.
    pub(super) fn forget(&self, target: Target) {
        let mut inner = self.lock();
        let before = inner.events.len();
        inner.events.retain(|(subject, _)| subject.target() != target);
        let left_out = before.saturating_sub(inner.events.len());
        inner.missed = inner.missed.saturating_add(u64::try_from(left_out).unwrap_or(u64::MAX));
        inner.wake();
    }

    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.has_ended = true;
        inner.wake();
    }

    /// What was left out is told first: it is older than what waits.
    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut inner = self.lock();
        if let missed @ 1.. = std::mem::take(&mut inner.missed) {
            return Poll::Ready(Some(Event::Missed(missed)));
        }
        if let Some((_, event)) = inner.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if inner.has_ended {
            return Poll::Ready(None);
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn leave_one_out(&mut self) {
        let mut later = BTreeSet::new();
        let mut oldest = None;
        for (at, (subject, _)) in self.events.iter().enumerate().rev() {
            if !later.insert(subject) {
                oldest = Some(at);
            }
        }
        if let Some(at) = oldest {
            self.events.remove(at);
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the queue holds does not matter to it; numbers tell the events apart.
    fn event(number: u64) -> Event {
        Event::Missed(number)
    }

    fn drain(queue: &Queue) -> (u64, Vec<u64>) {
        let mut cx = Context::from_waker(Waker::noop());
        let (mut missed, mut told) = (0, Vec::new());
        queue.end();
        missed += std::mem::take(&mut queue.lock().missed);
        while let Poll::Ready(Some(Event::Missed(number))) = queue.poll_pop(&mut cx) {
            told.push(number);
        }
        (missed, told)
    }

    proptest! {
        /// Nothing is lost without being counted, no last value is lost, the order stays, and memory is bounded.
        #[test]
        fn the_last_value_of_each_property_is_kept(
            properties in proptest::collection::vec(0..6usize, 0..200),
            most in 1..12usize,
        ) {
            let queue = Queue::new(most);
            for (number, property) in properties.iter().enumerate() {
                let subject = Subject::Property(Target(*property), "light:on".into());
                queue.push(subject, event(number as u64));
                prop_assert!(queue.lock().events.len() <= most.max(6));
            }
            let (missed, told) = drain(&queue);
            prop_assert_eq!(missed + told.len() as u64, properties.len() as u64);
            prop_assert!(told.is_sorted());
            for property in 0..6 {
                let last = properties.iter().rposition(|known| *known == property);
                prop_assert!(last.is_none_or(|last| told.contains(&(last as u64))));
            }
            if properties.len() <= most {
                prop_assert_eq!(missed, 0);
            }
        }
    }

    #[test]
    fn what_waits_of_who_is_watched_no_more_is_counted_as_missed() {
        let queue = Queue::new(8);
        queue.push(Subject::Property(Target(1), "light:on".into()), event(1));
        queue.push(Subject::Trouble(Target(1), "light:on".into()), event(2));
        queue.push(Subject::Device(Target(2)), event(3));
        queue.push(Subject::Device(Target(1)), event(4));
        queue.forget(Target(1));
        assert_eq!(drain(&queue), (3, vec![3]));
    }

    #[test]
    fn what_was_left_out_is_told_first_and_then_the_end() {
        let queue = Queue::new(1);
        let subject = || Subject::Device(Target(0));
        queue.push(subject(), event(7));
        queue.push(subject(), event(8));
        queue.miss(3);
        queue.end();
        let mut cx = Context::from_waker(Waker::noop());
        let mut next = || match queue.poll_pop(&mut cx) {
            Poll::Ready(Some(Event::Missed(number))) => Some(number),
            _ => None,
        };
        assert_eq!([next(), next(), next()], [Some(4), Some(8), None]);
    }
}
