//! What a gateway tells by itself, as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::gateway::Peer;
use crate::message::State;
use crate::session::Event;

/// What a gateway tells by itself: a stream from [`Gateway::reports`](super::Gateway::reports). It keeps the client
/// alive, and ends when its task does: with the runtime, or when the socket breaks.
///
/// It holds at most 256 that nobody has read; then the oldest are dropped, and [`Heard::Missed`] tells how many.
/// Nobody who sends them is authenticated; see [whom a session believes](crate::session#whom-it-believes).
#[must_use = "a stream does nothing unless it is polled"]
pub struct Reports {
    peer: Arc<Peer>,
    number: u64,
}

/// What a gateway has told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// Something has changed.
    Report(State),
    /// A child or the gateway is there.
    Heartbeat(State),
    /// So many were dropped, because they were not read in time.
    Missed(u64),
}

impl Reports {
    pub(super) fn new(peer: &Arc<Peer>) -> Self {
        let mut state = peer.shared().lock();
        let number = state.next_listener;
        state.next_listener = number.wrapping_add(1);
        if let Some(known) = state.peers.get_mut(&peer.id()) {
            known.listeners.push(Listener::new(number));
        }
        drop(state);
        Self { peer: Arc::clone(peer), number }
    }
}

impl Stream for Reports {
    type Item = Heard;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Heard>> {
        let mut state = self.peer.shared().lock();
        let closed = state.closed;
        let number = self.number;
        let Some(listener) = state
            .peers
            .get_mut(&self.peer.id())
            .and_then(|peer| peer.listeners.iter_mut().find(|listener| listener.number == number))
        else {
            return Poll::Ready(None);
        };
        match listener.take() {
            Some(heard) => Poll::Ready(Some(heard)),
            None if closed => Poll::Ready(None),
            None => {
                listener.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        let mut state = self.peer.shared().lock();
        if let Some(peer) = state.peers.get_mut(&self.peer.id()) {
            peer.listeners.retain(|listener| listener.number != self.number);
        }
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("addr", &self.peer.addr()).finish_non_exhaustive()
    }
}

/// One stream's end within the client.
pub(super) struct Listener {
    number: u64,
    queue: VecDeque<Heard>,
    missed: u64,
    waker: Option<Waker>,
}

impl Listener {
    fn new(number: u64) -> Self {
        Self { number, queue: VecDeque::new(), missed: 0, waker: None }
    }

    pub(super) fn hear(&mut self, event: &Event) {
        let heard = match event {
            Event::Report(state) => Heard::Report(state.clone()),
            Event::Heartbeat(state) => Heard::Heartbeat(state.clone()),
            Event::Missed { events } => {
                self.missed = self.missed.saturating_add(*events);
                return self.wake();
            }
            Event::Done { .. } => return,
        };
        if self.queue.len() >= MAX_QUEUE {
            self.queue.pop_front();
            self.missed = self.missed.saturating_add(1);
        }
        self.queue.push_back(heard);
        self.wake();
    }

    /// What was dropped is told first: it is older than all the rest.
    fn take(&mut self) -> Option<Heard> {
        match std::mem::take(&mut self.missed) {
            0 => self.queue.pop_front(),
            missed => Some(Heard::Missed(missed)),
        }
    }

    /// Wakes the reader, who finds something or the end.
    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What waits for a stream's reader.
const MAX_QUEUE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn a_slow_reader_is_told_how_much_was_dropped() {
        let mut listener = Listener::new(0);
        let report = |number: usize| {
            let text = format!("{{\"cmd\":\"report\",\"sid\":\"1\",\"data\":{{\"n\":{number}}}}}");
            match Message::parse(text.as_bytes()) {
                Ok(Message::Report(state)) => state,
                other => unreachable!("{other:?}"),
            }
        };
        for number in 0..MAX_QUEUE + 3 {
            listener.hear(&Event::Report(report(number)));
        }
        listener.hear(&Event::Missed { events: 2 });
        assert_eq!(listener.take(), Some(Heard::Missed(5)));
        for number in 3..MAX_QUEUE + 3 {
            assert_eq!(listener.take(), Some(Heard::Report(report(number))));
        }
        assert_eq!(listener.take(), None);
    }
}
