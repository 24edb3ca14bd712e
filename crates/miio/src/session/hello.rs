//! The hello, which finds out did and clock.

use core::time::Duration;

use iot_home_core::Instant;

use super::rtt::RoundTrip;

/// When to greet, and whose answers to take.
#[derive(Default)]
pub(super) struct Hello {
    pub(super) due: bool,
    /// When the one hello that may be timed was sent.
    pub(super) asked: Option<Instant>,
    open_until: Option<Instant>,
    pub(super) next: Option<Instant>,
    wait: Duration,
    accepted: u8,
}

impl Hello {
    pub(super) fn ask(&mut self, now: Instant, wait: Duration) {
        self.due = true;
        self.wait = wait;
        self.next = Some(now + wait);
    }

    pub(super) fn sent(&mut self, now: Instant) {
        // A second hello in the same round makes it unclear which one is answered.
        let first = self.open_until.is_none_or(|until| until < now);
        self.asked = first.then_some(now);
        self.open_until = Some(now + HELLO_OPEN);
        self.next = self.next.map(|_| now + self.wait);
        self.accepted = 0;
    }

    pub(super) fn repeat(&mut self, needed: bool, rtt: &RoundTrip) {
        self.wait = rtt.next_wait(self.wait);
        self.due = needed;
        // Set anew when it is sent; without need there is nothing to wait for.
        self.next = if needed { self.next } else { None };
    }

    pub(super) fn stop(&mut self) {
        self.due = false;
        self.next = None;
    }

    /// Whether an answer is expected now, and not too many have come.
    pub(super) fn accept(&mut self, now: Instant) -> bool {
        let open = self.open_until.is_some_and(|until| now <= until) && self.accepted < MAX_HELLOS;
        self.accepted = self.accepted.saturating_add(u8::from(open));
        open
    }
}

/// Somebody waits for the device's answer to a hello, and for nothing else.
pub(super) struct Greeting {
    pub(super) deadline: Instant,
    pub(super) hellos: u32,
}

/// How long after a hello its answers are taken.
const HELLO_OPEN: Duration = Duration::from_secs(5);
/// How many answers to one hello are taken; more than one only when somebody forges them.
const MAX_HELLOS: u8 = 4;
