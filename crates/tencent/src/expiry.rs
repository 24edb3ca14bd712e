//! Until when a login is good.

use core::time::Duration;

/// Until when a login is good. The platform looks at it when a connection is made, by its own clock, and does not end a
/// connection that stands.
///
/// A signer signs anew for each connection, so that [`After`](Self::After) is always fresh. A device whose clock
/// cannot be trusted needs [`Never`](Self::Never): the official C SDKs say it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expiry {
    /// So long after signing.
    After(Duration),
    /// At this time, in seconds since 1970-01-01 00:00 UTC, whenever it is signed.
    At(u64),
    /// At no time that anybody will see: the largest number of 63 bits.
    Never,
}

impl Expiry {
    /// What the documents recommend: an hour.
    pub const HOUR: Self = Self::After(Duration::from_secs(3600));

    /// The number that stands in the login.
    pub(crate) const fn at(self, now: Duration) -> u64 {
        match self {
            Self::After(duration) => now.saturating_add(duration).as_secs(),
            Self::At(seconds) => seconds,
            Self::Never => i64::MAX.unsigned_abs(),
        }
    }
}

impl Default for Expiry {
    fn default() -> Self {
        Self::HOUR
    }
}
