//! What a device pushes, as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use iot_home_core::{Clock, SystemClock, SystemRandom};

use super::device::DeviceInner;
use super::error::Error;
use super::shared::{SessionId, Shared};
use crate::error::Failure;
use crate::push::Event;

/// What a device pushes: a stream from [`Device::subscribe`](super::Device::subscribe). It ends with the client.
///
/// It holds at most 256 events that nobody has read; then the oldest are dropped, and
/// [`Event::Missed`] tells how many. Dropping the last stream of a device ends the subscription, and
/// tells the device so in one datagram.
#[must_use = "dropping it ends the subscription"]
pub struct Pushes {
    inner: Arc<DeviceInner>,
    number: u64,
    first: Option<Event>,
}

impl Pushes {
    /// Subscribes, and waits for the device to agree.
    pub(super) async fn subscribe(inner: &Arc<DeviceInner>) -> Result<Self, Error> {
        let number = inner.shared().listen(inner.id());
        let mut pushes = Self { inner: Arc::clone(inner), number, first: None };
        let addr = inner.addr();
        match poll_fn(|cx| pushes.poll(cx)).await {
            Some(Event::Subscribed { .. }) => Ok(pushes),
            Some(Event::NotSubscribed(failure)) => Err(Error::failure(addr, SUB, failure, true)),
            Some(Event::Unsupported) => Err(Error::unsupported(addr, SUB)),
            Some(Event::Offline) => {
                Err(Error::failure(addr, SUB, Failure::NoHello { hellos: PROBES }, true))
            }
            Some(event) => {
                // The device pushes before it has answered.
                pushes.first = Some(event);
                Ok(pushes)
            }
            None => Err(Error::closed(addr, SUB)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        match self.first.take() {
            Some(event) => Poll::Ready(Some(event)),
            None => self.inner.shared().poll_listener(self.inner.id(), self.number, cx),
        }
    }
}

impl Stream for Pushes {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(cx)
    }
}

impl Drop for Pushes {
    fn drop(&mut self) {
        self.inner.shared().stop_listening(self.inner.id(), self.number);
    }
}

impl fmt::Debug for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushes").field("addr", &self.inner.addr()).finish_non_exhaustive()
    }
}

/// One stream's end within the client.
pub(super) struct Listener {
    number: u64,
    queue: VecDeque<Event>,
    missed: u64,
    waker: Option<Waker>,
}

impl Listener {
    pub(super) fn hear(&mut self, event: &Event) {
        if self.queue.len() >= MAX_QUEUE {
            self.queue.pop_front();
            self.missed = self.missed.saturating_add(1);
        }
        self.queue.push_back(event.clone());
        self.end();
    }

    /// Wakes the reader, who finds something or the end.
    pub(super) fn end(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Shared {
    fn listen(&self, id: SessionId) -> u64 {
        let now = self.now();
        let unix = SystemClock::new().unix_time().as_secs();
        let mut state = self.lock();
        let number = state.next_listener;
        state.next_listener = number.wrapping_add(1);
        if let Some(peer) = state.peer_mut(id) {
            let unix = u32::try_from(unix).unwrap_or(u32::MAX);
            peer.session.subscribe(now, unix, &mut SystemRandom::new());
            let queue = peer.session.push_standing().into_iter().collect();
            peer.listeners.push(Listener { number, queue, missed: 0, waker: None });
            self.drain(&mut state, now, id);
        }
        number
    }

    fn poll_listener(
        &self,
        id: SessionId,
        number: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Event>> {
        let mut state = self.lock();
        let closed = state.closed;
        let Some(listener) = state
            .peer_mut(id)
            .and_then(|peer| peer.listeners.iter_mut().find(|listener| listener.number == number))
        else {
            return Poll::Ready(None);
        };
        if let events @ 1.. = std::mem::take(&mut listener.missed) {
            return Poll::Ready(Some(Event::Missed { events }));
        }
        match listener.queue.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if closed => Poll::Ready(None),
            None => {
                listener.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn stop_listening(&self, id: SessionId, number: u64) {
        let now = self.now();
        let mut state = self.lock();
        let Some(peer) = state.peer_mut(id) else { return };
        peer.listeners.retain(|listener| listener.number != number);
        if peer.listeners.is_empty() {
            peer.session.unsubscribe(now);
            self.drain(&mut state, now, id);
        }
    }
}

const SUB: &str = "miIO.sub";
/// Events that wait for a stream's reader.
const MAX_QUEUE: usize = 256;
/// After so many probes without an answer the device counts as offline.
const PROBES: u32 = 8;
