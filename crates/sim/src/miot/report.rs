//! What a spec server was asked.

use std::collections::BTreeMap;

/// Counts since the server began. A test asserts on them that a client asked once for what it should keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests of all kinds.
    pub requests: u64,
    /// How often the list of models was asked for.
    pub lists: u64,
    /// How often each instance was asked for that there is, by its URN.
    pub instances: BTreeMap<String, u64>,
    /// Requests for what there is not: another path, another method, an instance that is not known.
    pub unknown: u64,
    /// Answers that the faults spoiled.
    pub outages: u64,
}

impl Report {
    /// How often instances were asked for, all of them together.
    pub fn fetched(&self) -> u64 {
        self.instances.values().fold(0, |sum, times| sum.saturating_add(*times))
    }
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
