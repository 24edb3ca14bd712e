//! Bulbs take 60 commands a minute from a connection and 144 from all of them together.

use alloc::collections::VecDeque;
use core::time::Duration;

use iot_home_core::Instant;

/// What becomes of a command that would exceed the quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuotaPolicy {
    /// It waits until there is room.
    #[default]
    Wait,
    /// It is refused with the time after which there is room. A new connection's state that there is no room
    /// to ask for is not asked for.
    Refuse,
    /// Nothing is counted: for bulbs that are known to have no quota, and for tests.
    Off,
}

/// A sliding window: how many commands were sent within the last minute.
///
/// ```
/// use std::time::Duration;
/// use iot_home_core::Instant;
/// use iot_home_yeelight::quota::Window;
///
/// let mut window = Window::new(2, Duration::from_secs(60));
/// window.record(Instant::ORIGIN);
/// window.record(Instant::ORIGIN + Duration::from_secs(1));
/// let now = Instant::ORIGIN + Duration::from_secs(10);
/// assert_eq!(window.wait(now), Duration::from_secs(50));
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    limit: usize,
    span: Duration,
    sent: VecDeque<Instant>,
    closed_until: Option<Instant>,
}

impl Window {
    /// At most `limit` commands within any `span`.
    pub const fn new(limit: usize, span: Duration) -> Self {
        Self { limit, span, sent: VecDeque::new(), closed_until: None }
    }

    /// 60 commands a minute, the quota of one connection.
    pub const fn of_connection() -> Self {
        Self::new(60, SPAN)
    }

    /// 144 commands a minute, the quota of a bulb over all connections.
    pub const fn of_bulb() -> Self {
        Self::new(144, SPAN)
    }

    /// How long the next command has to wait.
    pub fn wait(&mut self, now: Instant) -> Duration {
        self.forget_old(now);
        let full = if self.sent.len() < self.limit {
            Duration::ZERO
        } else {
            // With more than one too many, as after a change of owner, the oldest that matters.
            let at = self.sent.len().saturating_sub(self.limit);
            let oldest = self.sent.get(at).copied().unwrap_or(now);
            (oldest + self.span).saturating_since(now)
        };
        let closed = self.closed_until.map_or(Duration::ZERO, |until| until.saturating_since(now));
        full.max(closed)
    }

    /// Counts a command.
    pub fn record(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// The bulb says that its quota is used up: closes the window until one of the commands counted here
    /// is a minute old, for at least five seconds. Returns for how long.
    pub fn close(&mut self, now: Instant) -> Duration {
        self.forget_old(now);
        let oldest = self.sent.front().map_or(now, |oldest| (*oldest).min(now));
        let wait = (oldest + self.span).saturating_since(now).max(MIN_CLOSED);
        self.closed_until = Some(now + wait);
        wait
    }

    /// Counts anew, as for another connection. A window that is [closed](Self::close) stays closed: whose commands
    /// have used the quota up is not known.
    pub fn renew(&mut self) {
        self.sent = VecDeque::new();
    }

    /// Whether nothing counted here matters any more.
    pub fn is_idle(&mut self, now: Instant) -> bool {
        self.wait(now).is_zero() && self.sent.is_empty()
    }

    /// When the last command was counted that is not forgotten.
    #[cfg(feature = "client")]
    pub(crate) fn latest(&self) -> Option<Instant> {
        self.sent.back().copied()
    }

    fn forget_old(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| *sent + self.span <= now) {
            self.sent.pop_front();
        }
        if self.sent.is_empty() {
            // An idle window holds no memory.
            self.sent.shrink_to_fit();
        }
    }
}

/// A minute, and a second for commands that were faster on their way than those before.
const SPAN: Duration = Duration::from_secs(61);
const MIN_CLOSED: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use iot_home_core::Instant;

    use super::Window;

    fn at(millis: u64) -> Instant {
        Instant::from_origin(Duration::from_millis(millis))
    }

    #[test]
    fn the_sixty_first_waits_to_the_edge_of_the_window() {
        let mut window = Window::new(60, Duration::from_secs(60));
        for command in 0..60 {
            assert_eq!(window.wait(at(command * 10)), Duration::ZERO);
            window.record(at(command * 10));
        }
        assert_eq!(window.wait(at(600)), Duration::from_millis(59_400));
        assert_eq!(window.wait(at(59_999)), Duration::from_millis(1));
        // One place is free at the edge, and only one.
        assert_eq!(window.wait(at(60_000)), Duration::ZERO);
        window.record(at(60_000));
        assert_eq!(window.wait(at(60_000)), Duration::from_millis(10));
        assert_eq!(window.wait(at(60_010)), Duration::ZERO);
        assert!(!window.is_idle(at(119_999)));
        assert!(window.is_idle(at(120_000)));
    }

    #[test]
    fn no_minute_ever_holds_more_than_the_limit() {
        let mut window = Window::new(7, Duration::from_secs(60));
        let (mut now, mut sent) = (0, Vec::new());
        for step in 0..200_u64 {
            now += step * 37 % 9_000;
            now += u64::try_from(window.wait(at(now)).as_millis()).unwrap();
            window.record(at(now));
            sent.push(now);
        }
        for first in &sent {
            let within =
                sent.iter().filter(|time| (*first..first + 60_000).contains(*time)).count();
            assert!(within <= 7, "{within}");
        }
    }

    #[test]
    fn a_closed_window_opens_by_itself() {
        let mut window = Window::of_connection();
        assert_eq!(window.close(at(0)), Duration::from_secs(61));
        assert_eq!(window.wait(at(1_000)), Duration::from_secs(60));
        assert_eq!(window.wait(at(61_000)), Duration::ZERO);
        let mut window = Window::of_connection();
        window.record(at(0));
        assert_eq!(window.close(at(60_000)), Duration::from_secs(5));
        // What is too old to count does not open it.
        let mut window = Window::of_connection();
        window.record(at(0));
        window.record(at(90_000));
        assert_eq!(window.close(at(100_000)), Duration::from_secs(51));
        // What was sent after the bulb said so, as is told here late, had no part in it.
        let mut window = Window::of_bulb();
        window.record(at(61_000));
        assert_eq!(window.close(at(0)), Duration::from_secs(61));
    }
}
