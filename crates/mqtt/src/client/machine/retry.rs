//! When the next attempt is made, and whether somebody else keeps ending the connections.

use std::time::Duration;

use iot_home_core::{Instant, Random};

/// A connection that lives at least this long was a good one.
const GOOD: Duration = Duration::from_secs(120);
/// So many connections in a row that the broker ends early are no accident.
const SUSPICIOUS: u32 = 3;

#[derive(Debug)]
pub(super) struct Retry {
    first: Duration,
    longest: Duration,
    /// The shortest time between two attempts that the platform takes.
    least: Duration,
    /// The attempts since the last good connection.
    failures: u32,
    /// The connections in a row that the broker accepted and ended early.
    evictions: u32,
    last_attempt: Option<Instant>,
    has_succeeded: bool,
}

impl Retry {
    pub(super) fn new(first: Duration, longest: Duration, least: Duration) -> Self {
        Self {
            first,
            longest,
            least,
            failures: 0,
            evictions: 0,
            last_attempt: None,
            has_succeeded: false,
        }
    }

    pub(super) fn attempted(&mut self, now: Instant) {
        self.last_attempt = Some(now);
    }

    /// The broker let the client in.
    pub(super) fn succeeded(&mut self) {
        self.has_succeeded = true;
    }

    pub(super) fn has_succeeded(&self) -> bool {
        self.has_succeeded
    }

    /// How often in a row the broker has ended a connection soon after it had accepted it, where that is often
    /// enough to be told.
    pub(super) fn ended(&mut self, lived: Option<Duration>, by_broker: bool) -> Option<u32> {
        match lived {
            Some(lived) if lived >= GOOD => {
                self.failures = 0;
                self.evictions = 0;
            }
            Some(_) if by_broker => self.evictions = self.evictions.saturating_add(1),
            // A broker that cannot be reached, in between, says nothing about a twin.
            _ => {}
        }
        self.failures = self.failures.saturating_add(1);
        (self.evictions >= SUSPICIOUS).then_some(self.evictions)
    }

    /// How long to wait now: doubling, up to half less so that many clients do not try in the same moment, and never
    /// less than the platform asks for.
    pub(super) fn pause(&self, now: Instant, random: &mut dyn Random) -> Duration {
        let doublings = self.failures.saturating_sub(1);
        let whole = match 1_u32.checked_shl(doublings) {
            _ if self.evictions >= SUSPICIOUS => self.longest,
            Some(factor) => self.first.saturating_mul(factor).min(self.longest),
            None => self.longest,
        };
        let pause = whole.saturating_sub(fraction(whole / 2, random));
        let since = self.last_attempt.map(|last| now.saturating_since(last)).unwrap_or_default();
        // Later than the platform asks for, never earlier: clocks differ.
        let least = self.least.saturating_add(fraction(self.least / 4, random));
        pause.max(least.saturating_sub(since))
    }
}

/// From nothing to the whole, evenly.
fn fraction(whole: Duration, random: &mut dyn Random) -> Duration {
    let part = u32::try_from(random.next_u64() % 1025).unwrap_or_default();
    (whole / 1024).saturating_mul(part)
}
