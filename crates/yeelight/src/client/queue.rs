//! Changes on their way to a reader who may be slow.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::changes::Change;

/// A queue that never grows beyond its bound: when it is full, later properties join the newest that wait, so
/// that the last value of each is never lost.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    changes: VecDeque<Change>,
    reader: Option<Waker>,
    ended: bool,
}

impl Queue {
    pub(super) fn push(&self, change: Change) {
        let mut inner = self.lock();
        if inner.changes.len() >= MAX_CHANGES {
            match (inner.changes.back_mut(), change) {
                (Some(Change::Properties(newest)), Change::Properties(later)) => {
                    newest.merge(later);
                }
                // Whether there is a connection: the oldest gives way.
                (_, change) => {
                    inner.changes.pop_front();
                    inner.changes.push_back(change);
                }
            }
        } else {
            inner.changes.push_back(change);
        }
        inner.wake();
    }

    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.wake();
    }

    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let mut inner = self.lock();
        if let Some(change) = inner.changes.pop_front() {
            return Poll::Ready(Some(change));
        }
        if inner.ended {
            return Poll::Ready(None);
        }
        if inner.reader.as_ref().is_none_or(|reader| !reader.will_wake(cx.waker())) {
            inner.reader = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// Changes that wait for a reader.
const MAX_CHANGES: usize = 64;

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::{MAX_CHANGES, Queue};
    use crate::client::changes::Change;
    use crate::property::{Properties, Property, PropertyValue};

    fn bright(percent: i64) -> Change {
        let told = (Property::Bright, PropertyValue::Number(percent));
        Change::Properties(Properties::from_iter([told]))
    }

    #[test]
    fn a_slow_reader_loses_steps_and_no_last_value() {
        let queue = Queue::default();
        let power = (Property::Power, PropertyValue::Text("on".into()));
        queue.push(Change::Properties(Properties::from_iter([power.clone()])));
        for percent in 1..=1000 {
            queue.push(bright(percent));
        }
        queue.end();
        let mut cx = Context::from_waker(Waker::noop());
        let mut read = Vec::new();
        while let Poll::Ready(Some(change)) = queue.poll_pop(&mut cx) {
            read.push(change);
        }
        assert_eq!(read.len(), MAX_CHANGES);
        assert_eq!(read.first(), Some(&Change::Properties(Properties::from_iter([power]))));
        assert_eq!(read.last(), Some(&bright(1000)));
    }
}
