//! A request, and where it stands.

use alloc::collections::BTreeSet;
use core::time::Duration;

use iot_home_core::Instant;

use super::RequestKey;
use crate::error::Failure;
use crate::sid::Sid;
use crate::values::Values;

/// A request of the caller's.
pub(super) struct Call {
    pub(super) key: RequestKey,
    pub(super) op: Op,
    pub(super) deadline: Instant,
    /// What it is asking the gateway now.
    pub(super) flight: Option<Flight>,
    /// Datagrams sent for it.
    pub(super) sent: u32,
}

impl Call {
    pub(super) fn new(key: RequestKey, op: Op, deadline: Instant) -> Self {
        Self { key, op, deadline, flight: None, sent: 0 }
    }

    pub(super) fn step(&self) -> Option<Step> {
        self.flight.as_ref().map(|flight| flight.step)
    }

    /// The question that an answer may come to.
    pub(super) fn asked(&self) -> Option<Step> {
        self.flight.as_ref().filter(|flight| flight.tries > 0).map(|flight| flight.step)
    }

    pub(super) fn is_due(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.due)
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        match &self.flight {
            Some(Flight { due: false, next: Some(next), .. }) => self.deadline.min(*next),
            _ => self.deadline,
        }
    }

    /// Why it failed, when its time is up.
    pub(super) fn verdict(&self) -> Failure {
        match &self.flight {
            Some(Flight { step: Step::Write(_), due: false, .. }) => Failure::MaybeExecuted,
            _ if self.sent == 0 => Failure::NeverSent,
            _ => Failure::NoAnswer { sent: self.sent },
        }
    }
}

/// What the caller wants.
pub(super) enum Op {
    Read(Sid),
    Write {
        sid: Sid,
        values: Values,
        /// Whether the gateway was asked for a token because of it, since it was sent last.
        listed: bool,
        /// Whether it was refused and gets its second chance.
        again: bool,
        /// Whether the child was asked for its model.
        asked: bool,
    },
    Children {
        listed: bool,
        /// Who was asked for its model.
        asked: BTreeSet<Sid>,
    },
}

impl Op {
    pub(super) fn write(sid: Sid, values: Values) -> Self {
        Self::Write { sid, values, listed: false, again: false, asked: false }
    }

    pub(super) fn children() -> Self {
        Self::Children { listed: false, asked: BTreeSet::new() }
    }
}

/// One question to the gateway. Answers carry no number: they are told apart by these.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    List,
    Read(Sid),
    Write(Sid),
}

/// A question on its way.
pub(super) struct Flight {
    pub(super) step: Step,
    /// Whether it is to be sent now.
    pub(super) due: bool,
    /// When it is sent again; a write never is.
    pub(super) next: Option<Instant>,
    pub(super) wait: Duration,
    pub(super) tries: u32,
    /// After how many tries the request goes on without an answer.
    pub(super) limit: Option<u32>,
}

impl Flight {
    pub(super) fn new(step: Step, wait: Duration, limit: Option<u32>) -> Self {
        Self { step, due: true, next: None, wait, tries: 0, limit }
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.due = false;
        self.tries = self.tries.saturating_add(1);
        self.next = (!matches!(self.step, Step::Write(_))).then(|| now + self.wait);
        self.wait = self.wait.saturating_mul(2).min(LONGEST_WAIT.max(self.wait));
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(2);
