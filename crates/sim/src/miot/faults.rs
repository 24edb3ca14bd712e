//! What goes wrong at a spec server.

use crate::web::Outage;

/// What becomes of the next answers.
///
/// ```
/// use iot_home_sim::miot::{Faults, Outage};
///
/// // Two errors, then a torn answer; after that nothing goes wrong.
/// let faults = Faults::default().next(Outage::Status(503), 2).next(Outage::Truncated, 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    next: Vec<(Outage, u64)>,
}

impl Faults {
    /// The next so many answers suffer this, after those that were said before; [`u64::MAX`] is always.
    #[must_use]
    pub fn next(mut self, outage: Outage, times: u64) -> Self {
        self.next.push((outage, times));
        self
    }

    /// What becomes of this answer.
    pub(crate) fn take(&mut self) -> Option<Outage> {
        let (outage, left) = self.next.iter_mut().find(|(_, left)| *left > 0)?;
        if *left != u64::MAX {
            *left = left.saturating_sub(1);
        }
        Some(*outage)
    }
}
