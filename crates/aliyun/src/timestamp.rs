//! The time in a login.

use core::time::Duration;

/// Whether a login holds a time, and which. The platform takes it for a salt and does not look at the clock,
/// so that a captured login stays good with or without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timestamp {
    /// None, and none is signed.
    #[default]
    None,
    /// The time of signing, in milliseconds: what the documents say.
    Millis,
    /// The time of signing, in seconds: what the official Python SDK sends.
    Seconds,
    /// Always this number. The official C SDKs send 2524608000000.
    Fixed(u64),
}

impl Timestamp {
    pub(crate) fn at(self, now: Duration) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Millis => Some(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)),
            Self::Seconds => Some(now.as_secs()),
            Self::Fixed(number) => Some(number),
        }
    }
}
