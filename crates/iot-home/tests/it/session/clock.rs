//! A wall clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iot_home::core::{Clock, Instant};

#[derive(Clone, Debug)]
pub(super) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(super) fn at(time: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(time.as_secs())))
    }

    pub(super) fn set(&self, time: Duration) {
        self.0.store(time.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    /// Sessions keep their own time.
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}
