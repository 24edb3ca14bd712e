//! What goes wrong between a client and a device.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::miio::quirk::Quirk;

/// How the link and the device misbehave. Equal seeds give equal runs.
///
/// Without further words nothing goes wrong, and the device takes stamps up to 60 s off its clock and
/// remembers no ids.
///
/// ```
/// use std::time::Duration;
/// use iot_home_sim::{Faults, Quirk};
///
/// let faults = Faults::seed(7)
///     .loss(0.05)
///     .delay(Duration::from_millis(5)..=Duration::from_millis(50))
///     .id_memory(32)
///     .quirk(Quirk::DoubleComma);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    pub(crate) seed: u64,
    pub(crate) loss_in: f64,
    pub(crate) loss_out: f64,
    pub(crate) delay: RangeInclusive<Duration>,
    pub(crate) duplicate: f64,
    pub(crate) reorder: f64,
    pub(crate) garbage: f64,
    pub(crate) stamp_window: Option<Duration>,
    pub(crate) id_memory: usize,
    pub(crate) max_properties: Option<usize>,
    pub(crate) beyond: Beyond,
    pub(crate) beyond_delay: Duration,
    pub(crate) quirks: Vec<Quirk>,
    pub(crate) silence: Silence,
}

impl Faults {
    /// No faults, and the seed for those to come.
    pub fn seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The probability that a datagram gets lost, in either direction.
    #[must_use]
    pub fn loss(self, probability: f64) -> Self {
        self.loss_in(probability).loss_out(probability)
    }

    /// The probability that a datagram gets lost on its way to the device.
    #[must_use]
    pub fn loss_in(mut self, probability: f64) -> Self {
        self.loss_in = probability;
        self
    }

    /// The probability that a datagram gets lost on its way from the device: what it asked for is done.
    #[must_use]
    pub fn loss_out(mut self, probability: f64) -> Self {
        self.loss_out = probability;
        self
    }

    /// How long each datagram takes, in either direction.
    #[must_use]
    pub fn delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.delay = delay;
        self
    }

    /// The probability that a datagram arrives twice, in either direction.
    #[must_use]
    pub fn duplicate(mut self, probability: f64) -> Self {
        self.duplicate = probability;
        self
    }

    /// The probability that a datagram is held back for 5 to 50 ms, in either direction, so that those
    /// sent after it overtake it.
    #[must_use]
    pub fn reorder(mut self, probability: f64) -> Self {
        self.reorder = probability;
        self
    }

    /// The probability that the device sends random bytes before an answer.
    #[must_use]
    pub fn garbage(mut self, probability: f64) -> Self {
        self.garbage = probability;
        self
    }

    /// How far a stamp may be from the device's clock, in whole seconds. Real devices allow 2 to 60.
    #[must_use]
    pub fn stamp_window(mut self, window: Duration) -> Self {
        self.stamp_window = Some(window);
        self
    }

    /// Any stamp will do.
    #[must_use]
    pub fn any_stamp(mut self) -> Self {
        self.stamp_window = None;
        self
    }

    /// How many of the latest ids the device remembers and ignores when they come again.
    #[must_use]
    pub fn id_memory(mut self, ids: usize) -> Self {
        self.id_memory = ids;
        self
    }

    /// How many properties one request may name; more meet [`beyond`](Self::beyond).
    #[must_use]
    pub fn max_properties(mut self, properties: usize) -> Self {
        self.max_properties = Some(properties);
        self
    }

    /// What a request with too many properties gets; [`Beyond::Error`] by default.
    #[must_use]
    pub fn beyond(mut self, beyond: Beyond) -> Self {
        self.beyond = beyond;
        self
    }

    /// How long the device thinks before it says that there were too many; not at all by default, and
    /// some 4 s on real devices.
    #[must_use]
    pub fn beyond_delay(mut self, delay: Duration) -> Self {
        self.beyond_delay = delay;
        self
    }

    /// One more thing that the device writes wrongly.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    /// What the device does not even look at.
    #[must_use]
    pub fn silence(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }

    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            loss_in: 0.0,
            loss_out: 0.0,
            delay: Duration::ZERO..=Duration::ZERO,
            duplicate: 0.0,
            reorder: 0.0,
            garbage: 0.0,
            stamp_window: Some(Duration::from_secs(60)),
            id_memory: 0,
            max_properties: None,
            beyond: Beyond::default(),
            beyond_delay: Duration::ZERO,
            quirks: Vec::new(),
            silence: Silence::default(),
        }
    }
}

/// What a request gets that names more properties than the device takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Beyond {
    /// The error -9999, "user ack timeout"; nothing is done.
    #[default]
    Error,
    /// No answer; nothing is done.
    Silence,
    /// An answer that ends in the middle; everything is done.
    Truncated,
    /// An answer with a wrong checksum; everything is done.
    BadChecksum,
    /// The code -4004 for each property (`get_prop`: an empty array); nothing is done.
    Internal,
}

/// What a device does not even look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// It looks at everything.
    #[default]
    Never,
    /// Hellos are answered and nothing else, as across a router.
    ToRequests,
    /// Nothing is answered, as if it were switched off.
    Total,
}
