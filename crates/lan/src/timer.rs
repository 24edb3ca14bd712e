//! Deadlines of what has no clock of its own.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use iot_home_core::Instant;
use tokio::time::{self, Sleep};

/// The deadline that a protocol without IO asks for, on tokio's clock. Its time begins when it is made.
pub struct Timer {
    origin: time::Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// A timer whose time is [`Instant::ORIGIN`] now.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its time driver on.
    #[allow(clippy::new_without_default, reason = "it takes the time, and may panic")]
    pub fn new() -> Self {
        let origin = time::Instant::now();
        Self { origin, sleep: Box::pin(time::sleep_until(origin)) }
    }

    /// The time.
    pub fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// Ready when it is this late. Otherwise the task will be woken then, and not at the time that was asked for before. A
    /// time beyond what the clock can count never comes.
    pub fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let Some(at) = self.origin.checked_add(at.since_origin()) else { return Poll::Pending };
        if self.sleep.deadline() != at {
            self.sleep.as_mut().reset(at);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("now", &self.now()).finish_non_exhaustive()
    }
}
