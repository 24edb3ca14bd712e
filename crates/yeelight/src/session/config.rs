//! Settings of a session.

use core::time::Duration;

use crate::method::Limits;
use crate::quota::QuotaPolicy;

/// Settings of a [`Session`](super::Session).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(crate) timeout: Duration,
    pub(crate) settle: Duration,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) quota: QuotaPolicy,
    pub(crate) limits: Limits,
    pub(crate) read_state: bool,
    pub(crate) max_waiting: usize,
}

impl Config {
    /// How long an answer is waited for once the command is sent, and how long a command waits for a
    /// connection; 5 s by default. Waiting for the quota is not counted.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The moment that a bulb gets between a connection and its first command; 100 ms by default, as weak
    /// firmware needs it.
    pub const fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// After how long a silence the bulb is asked whether it is still there; 60 s by default, and a second at
    /// least. Such a question counts against the quota. With `None` it is asked only when a command got no
    /// answer.
    pub const fn keep_alive(mut self, interval: Option<Duration>) -> Self {
        self.keep_alive = match interval {
            Some(interval) if interval.as_secs() == 0 => Some(Duration::from_secs(1)),
            interval => interval,
        };
        self
    }

    /// What becomes of commands beyond the quota; they wait by default.
    pub const fn quota(mut self, policy: QuotaPolicy) -> Self {
        self.quota = policy;
        self
    }

    /// What becomes of values that the bulb does not take; they are refused by default.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the bulb is asked for its state after each connection, and when it forgets to tell of a
    /// change; it is by default. Such questions count against the quota.
    pub const fn read_state(mut self, read: bool) -> Self {
        self.read_state = read;
        self
    }

    /// How many commands may be under way or wait at the same time; 1024 by default.
    pub const fn max_waiting(mut self, commands: usize) -> Self {
        self.max_waiting = commands;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            settle: Duration::from_millis(100),
            keep_alive: Some(Duration::from_secs(60)),
            quota: QuotaPolicy::Wait,
            limits: Limits::Refuse,
            read_state: true,
            max_waiting: 1024,
        }
    }
}
