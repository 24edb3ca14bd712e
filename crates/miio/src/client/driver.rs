//! The task that serves the socket: it receives, keeps the time, and sends what the socket would not
//! take from a caller at once.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lan::is_of_a_peer;
use tokio::io::ReadBuf;
use tokio::time::{self, Sleep};

use super::shared::Shared;

/// The task: it ends when it is aborted, or when the socket breaks for good.
pub(super) struct Driver {
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    buffer: Box<[u8]>,
    errors: u32,
    /// When the timers were last looked at.
    kept_time: Instant,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let sleep = Box::pin(time::sleep_until(shared.origin));
        Self {
            shared,
            sleep,
            buffer: vec![0; BUFFER].into(),
            errors: 0,
            kept_time: Instant::ORIGIN,
        }
    }

    /// Receives until there is nothing more, a caller has an answer, or others want their turn.
    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Received> {
        for _ in 0..BUDGET {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match self.shared.socket.poll_recv_from(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(from)) => {
                    self.errors = 0;
                    if self.shared.receive(now, from, buffer.filled_mut()) {
                        return Poll::Ready(Received::Answer);
                    }
                }
                Poll::Ready(Err(error)) => {
                    // Windows reports here that some earlier datagram found no listener.
                    self.errors = self.errors.saturating_add(u32::from(!is_of_a_peer(&error)));
                    if self.errors > MAX_ERRORS {
                        return Poll::Ready(Received::Broken(error));
                    }
                    tracing::debug!(%error, "receiving failed");
                }
            }
        }
        Poll::Ready(Received::Much)
    }

    fn poll_outbox(&self, cx: &mut Context<'_>) {
        let mut state = self.shared.lock();
        while let Some((to, datagram)) = state.outbox.front() {
            match self.shared.socket.poll_send_to(cx, datagram, *to) {
                Poll::Pending => return,
                Poll::Ready(_) => drop(state.outbox.pop_front()),
            }
        }
    }
}

enum Received {
    /// A caller's wait is over.
    Answer,
    /// Nothing for a caller, and there may be more.
    Much,
    /// The socket gives errors only.
    Broken(io::Error),
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // One look at the clock for all of it; a poll takes microseconds.
        let mut now = self.shared.now();
        match self.poll_receive(cx, now) {
            Poll::Pending => {}
            Poll::Ready(Received::Broken(error)) => {
                tracing::error!(%error, "the socket is broken");
                return Poll::Ready(());
            }
            Poll::Ready(received) => {
                cx.waker().wake_by_ref();
                // The caller goes on before the socket is asked whether there is more: mostly there
                // is not, and its next request leaves that much sooner. The timers can wait for a moment.
                let answer = matches!(received, Received::Answer);
                if answer && now.saturating_since(self.kept_time) < LATE {
                    return Poll::Pending;
                }
            }
        }
        self.kept_time = now;
        {
            // Before the outbox is looked at: what is put there from now on wakes this task again.
            let mut state = self.shared.lock();
            if state.driver.as_ref().is_none_or(|driver| !driver.will_wake(cx.waker())) {
                state.driver = Some(cx.waker().clone());
            }
        }
        self.poll_outbox(cx);
        loop {
            self.shared.ring(now);
            let next = {
                let mut state = self.shared.lock();
                let next = state.timers.first().map(|(at, _)| *at);
                state.wakes_at = next;
                next
            };
            let Some(next) = next else { return Poll::Pending };
            // A timer further away than the clock can count is one that never rings.
            let Some(at) = self.shared.origin.checked_add(next.since_origin()) else {
                return Poll::Pending;
            };
            if self.sleep.deadline() != at {
                self.sleep.as_mut().reset(at);
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            now = self.shared.now();
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// How late a timer may ring while answers keep coming.
const LATE: Duration = Duration::from_millis(1);
/// The largest datagram there is.
const BUFFER: usize = 65_536;
/// Datagrams received before others get their turn.
const BUDGET: u32 = 64;
/// Errors in a row after which the socket counts as broken.
const MAX_ERRORS: u32 = 1000;
