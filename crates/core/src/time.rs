//! Time as an argument: state machines are told what time it is and never look.

use core::ops::Add;
use core::time::Duration;

/// A point on a monotonic clock, counted from an origin that only its maker knows.
///
/// Unlike `std::time::Instant` it can be made up, so a test can play an hour in a microsecond, and
/// it exists without `std`. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(Duration);

impl Instant {
    /// The clock's zero.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The point this long after the clock's zero.
    pub const fn from_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How far this point lies from the clock's zero.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// How much later this point is than `earlier`; zero when it is not later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

/// Where a program takes its time from.
pub trait Clock {
    /// The monotonic clock: it never goes back and never jumps.
    fn now(&self) -> Instant;

    /// The wall clock, as the time since 1970-01-01 00:00 UTC.
    fn unix_time(&self) -> Duration;
}

#[cfg(feature = "std")]
pub use system::SystemClock;

#[cfg(feature = "std")]
mod system {
    use core::time::Duration;

    use super::{Clock, Instant};

    /// The operating system's clocks; the monotonic one counts from the moment this was made.
    #[derive(Clone, Copy, Debug)]
    pub struct SystemClock {
        origin: std::time::Instant,
    }

    impl SystemClock {
        /// A clock whose zero is now.
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the monotonic clock"
        )]
        pub fn new() -> Self {
            Self { origin: std::time::Instant::now() }
        }
    }

    impl Default for SystemClock {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Clock for SystemClock {
        fn now(&self) -> Instant {
            Instant::from_origin(self.origin.elapsed())
        }

        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        fn unix_time(&self) -> Duration {
            // A clock set before 1970 reads as 1970.
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Instant;

    #[test]
    fn arithmetic_saturates() {
        let late = Instant::from_origin(Duration::MAX);
        assert_eq!(late + Duration::from_secs(1), late);
        assert_eq!(Instant::ORIGIN.saturating_since(late), Duration::ZERO);
        assert_eq!(
            (Instant::ORIGIN + Duration::from_secs(3)).since_origin(),
            Duration::from_secs(3)
        );
    }

    #[cfg(feature = "std")]
    #[test]
    fn the_system_clock_moves_on() {
        use super::{Clock, SystemClock};

        let clock = SystemClock::new();
        let first = clock.now();
        while clock.now() == first {}
        assert!(clock.now() > first);
        assert!(clock.unix_time() > Duration::from_secs(1_700_000_000));
    }
}
