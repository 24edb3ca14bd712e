//! How many commands a bulb takes.

use std::collections::VecDeque;
use std::time::Duration;

use iot_home_core::Instant;

/// How many commands a bulb takes within any minute; more get the error `client quota exceeded`.
/// Music connections and UDP sessions are exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub(crate) per_connection: Option<usize>,
    pub(crate) in_total: Option<usize>,
}

impl Quota {
    /// So many on one connection, and so many on all together.
    pub const fn new(per_connection: usize, in_total: usize) -> Self {
        Self { per_connection: Some(per_connection), in_total: Some(in_total) }
    }

    /// Any number.
    pub const fn off() -> Self {
        Self { per_connection: None, in_total: None }
    }
}

impl Default for Quota {
    /// 60 and 144, as the document says.
    fn default() -> Self {
        Self::new(60, 144)
    }
}

/// The commands of the last minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window(VecDeque<Instant>);

impl Window {
    /// Whether one more fits in.
    pub(crate) fn has_room(&mut self, now: Instant, most: Option<usize>) -> bool {
        let Some(most) = most else { return true };
        while self.0.front().is_some_and(|first| *first + MINUTE <= now) {
            self.0.pop_front();
        }
        self.0.len() < most
    }

    pub(crate) fn enter(&mut self, now: Instant, most: Option<usize>) {
        if most.is_some() {
            self.0.push_back(now);
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
