//! What a session sends, and when it may.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Instant;

use super::link::Question;
use super::slots::{Owner, Sent};
use super::{Event, Session, Waiting};
use crate::error::Failure;
use crate::method::Method;
use crate::quota::{QuotaPolicy, Window};

impl<T> Session<T> {
    /// Appends to `out` what is to be written, as many commands as may be sent now. Returns whether there is
    /// anything. `bulb` counts what all connections send to the same bulb.
    pub fn poll_transmit(&mut self, now: Instant, bulb: &mut Window, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        self.blocked_until = None;
        if let Some(at) = self.used_up_at.take()
            && self.config.quota != QuotaPolicy::Off
        {
            bulb.close(at);
        }
        while self.link.settle(now)
            && self.may_send_more()
            && out.len() < before.saturating_add(BATCH)
            && self.wants_to_send(now)
        {
            let wait = self.claim(now, bulb);
            if !wait.is_zero() {
                self.hold_back(now, wait);
                break;
            }
            let Some((method, owner)) = self.next_command(now) else { break };
            let changes_power = self.config.read_state && method.changes_power(&self.state);
            let deadline = now + self.config.timeout;
            let id = self.slots.add(owner, Sent::new(&method, now, deadline, changes_power));
            if matches!(method, Method::GetProp(_)) {
                self.link.asked(now);
            }
            method.write(id, out);
        }
        out.len() > before
    }

    /// Whether unanswered commands leave room for another.
    pub(super) fn may_send_more(&self) -> bool {
        self.slots.len() < MAX_UNANSWERED
    }

    fn wants_to_send(&self, now: Instant) -> bool {
        self.link.own_question(now).is_some() || !self.queue.is_empty()
    }

    /// Counts a command in both windows, unless it has to wait; then says for how long.
    fn claim(&mut self, now: Instant, bulb: &mut Window) -> Duration {
        if self.config.quota == QuotaPolicy::Off {
            return Duration::ZERO;
        }
        let wait = self.quota.wait(now).max(bulb.wait(now));
        if wait.is_zero() {
            self.quota.record(now);
            bulb.record(now);
        }
        wait
    }

    /// There is no room in the quota for so long.
    fn hold_back(&mut self, now: Instant, wait: Duration) {
        self.blocked_until = Some(now + wait);
        if self.config.quota != QuotaPolicy::Refuse {
            return;
        }
        for waiting in self.queue.drain(..) {
            let result = Err(Failure::Quota { retry_after: wait });
            self.events.push_back(Event::Done { tag: waiting.tag, result });
        }
        // Nobody waits for what is not to wait.
        if self.link.forgo_first_read() {
            self.state_is_known();
        }
    }

    /// The session's own question, or else the command whose turn it is.
    fn next_command(&mut self, now: Instant) -> Option<(Method, Owner<T>)> {
        if let Some(question) = self.link.own_question(now) {
            let owner = if question == Question::State { Owner::FirstRead } else { Owner::Own };
            return Some((self.link.ask(now, question, &self.profile), owner));
        }
        let Waiting { key, method, tag, .. } = self.queue.pop_front()?;
        Some((method, Owner::Caller { tag, key }))
    }
}

/// How much is written at once at most, about; one write of more would not be faster.
const BATCH: usize = 32 * 1024;
/// Commands that may be without an answer, those between answered ones too, before the next is sent.
const MAX_UNANSWERED: usize = 4096;
