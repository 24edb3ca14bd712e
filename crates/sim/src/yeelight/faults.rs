//! What goes wrong between a client and a bulb.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::yeelight::quirk::Quirk;

/// How a bulb misbehaves. Equal seeds give equal runs.
///
/// Commands are counted over all connections since the faults were set; what is to happen at the nth
/// happens once.
///
/// ```
/// use std::time::Duration;
/// use iot_home_sim::yeelight::{Close, Faults, Quirk};
///
/// let faults = Faults::seed(7)
///     .delay(Duration::from_millis(5)..=Duration::from_millis(50))
///     .close(Close::Unanswered(3))
///     .quirk(Quirk::SplitSegments);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    pub(crate) seed: u64,
    pub(crate) delay: RangeInclusive<Duration>,
    pub(crate) search_delay: RangeInclusive<Duration>,
    pub(crate) lost_searches: u64,
    pub(crate) silence: Silence,
    pub(crate) close: Option<Close>,
    pub(crate) quota_error: Option<u64>,
    pub(crate) error: Option<(i32, String)>,
    pub(crate) quirks: Vec<Quirk>,
}

impl Faults {
    /// No faults, and the seed for those to come.
    pub fn seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// How long the bulb takes for each answer. Answers on one connection stay in their order.
    #[must_use]
    pub fn delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.delay = delay;
        self
    }

    /// How long the bulb takes for each search answer.
    #[must_use]
    pub fn search_delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.search_delay = delay;
        self
    }

    /// How many searches get lost before the first one arrives.
    #[must_use]
    pub fn lost_searches(mut self, searches: u64) -> Self {
        self.lost_searches = searches;
        self
    }

    /// What the bulb says nothing to.
    #[must_use]
    pub fn silence(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }

    /// When a connection is closed.
    #[must_use]
    pub fn close(mut self, close: Close) -> Self {
        self.close = Some(close);
        self
    }

    /// The nth command gets the error `client quota exceeded`, whatever the quota.
    #[must_use]
    pub fn quota_error(mut self, nth: u64) -> Self {
        self.quota_error = Some(nth);
        self
    }

    /// Each command gets this error; nothing is done.
    #[must_use]
    pub fn error(mut self, code: i32, message: impl Into<String>) -> Self {
        self.error = Some((code, message.into()));
        self
    }

    /// One more thing that the bulb gets wrong.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
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
            delay: Duration::ZERO..=Duration::ZERO,
            search_delay: Duration::ZERO..=Duration::ZERO,
            lost_searches: 0,
            silence: Silence::default(),
            close: None,
            quota_error: None,
            error: None,
            quirks: Vec::new(),
        }
    }
}

/// What a bulb says nothing to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// It answers everything.
    #[default]
    Never,
    /// Commands are carried out and clients are told what changed, and nothing is answered: some
    /// firmware.
    Answers,
    /// Commands are not carried out; connections stand, searches are answered.
    Commands,
    /// Nothing is answered, as if the bulb had lost its network; connections stand and lead nowhere.
    Total,
}

/// When a connection is closed: at the nth command, counted from 1, or at a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Close {
    /// The nth command is not carried out; the connection that it came on is closed.
    Before(u64),
    /// The nth command is carried out and not answered; the connection is closed.
    Unanswered(u64),
    /// Right behind the answer to the nth command.
    After(u64),
    /// A tenth of a second behind the answer to the nth command.
    Between(u64),
    /// When the bulb has written so many bytes, over all connections: the connection that they would
    /// have gone on with.
    AtByte(u64),
}
