//! The quota of each bulb, shared by all connections of the process to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::Instant;
use tokio::time;

use crate::quota::Window;

/// What all connections to a bulb share.
#[derive(Debug)]
pub(super) struct BulbQuota {
    /// The zero of the window's time, and of everybody's who uses it.
    pub(super) origin: time::Instant,
    window: Mutex<Window>,
}

impl BulbQuota {
    /// The quota of the bulb at this address.
    pub(super) fn of(addr: SocketAddr) -> Arc<Self> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        // One that nobody holds counts on until its minute is over: a program that connects anew has no
        // new quota.
        known.retain(|_, quota| {
            !quota.is_ahead() && (Arc::strong_count(quota) > 1 || !quota.is_idle())
        });
        let quota = known.entry(addr).or_insert_with(|| {
            Arc::new(Self { origin: time::Instant::now(), window: Mutex::new(Window::of_bulb()) })
        });
        Arc::clone(quota)
    }

    pub(super) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// Whether it was counted by a clock that ran ahead of this one, as a paused one does in a test's runtime.
    fn is_ahead(&self) -> bool {
        let latest = self.window().latest().map_or(Duration::ZERO, |latest| latest.since_origin());
        self.origin.checked_add(latest).is_none_or(|latest| latest > time::Instant::now())
    }

    fn is_idle(&self) -> bool {
        let now = self.now();
        self.window().is_idle(now)
    }
}

static KNOWN: LazyLock<Mutex<HashMap<SocketAddr, Arc<BulbQuota>>>> = LazyLock::new(Mutex::default);
