//! How logins end, and what goes wrong on the way.

use crate::web::Outage;

/// How the API says that a login is no longer good. Real ones were seen to say it in each of these ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expiry {
    /// Status 401 and `{"code":3,"message":"auth error"}`.
    #[default]
    Status401,
    /// Status 403.
    Status403,
    /// Status 421.
    Status421,
    /// Status 426 and `{"code":0,"message":"SERVICETOKEN_EXPIRED"}`.
    Status426,
    /// Code 2 and `auth err`.
    Code2,
    /// Code 3 and `serviceToken expired`.
    Code3,
    /// Code 4 and `auth err`.
    Code4,
    /// `{"code":0,"message":"SERVICETOKEN_EXPIRED"}` with status 200.
    Message,
    /// `{"code":0,"message":"invalid signature"}`.
    InvalidSignature,
}

impl Expiry {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Status401,
        Self::Status403,
        Self::Status421,
        Self::Status426,
        Self::Code2,
        Self::Code3,
        Self::Code4,
        Self::Message,
        Self::InvalidSignature,
    ];

    /// Status, code and message.
    pub(crate) const fn answer(self) -> (u16, i64, &'static str) {
        match self {
            Self::Status401 => (401, 3, "auth error"),
            Self::Status403 => (403, 3, "auth error"),
            Self::Status421 => (421, 3, "auth error"),
            Self::Status426 => (426, 0, "SERVICETOKEN_EXPIRED"),
            Self::Code2 => (200, 2, "auth err"),
            Self::Code3 => (200, 3, "serviceToken expired"),
            Self::Code4 => (200, 4, "auth err"),
            Self::Message => (200, 0, "SERVICETOKEN_EXPIRED"),
            Self::InvalidSignature => (200, 0, "invalid signature"),
        }
    }
}

/// What goes wrong. Equal seeds give equal runs.
///
/// ```
/// use iot_home_sim::micloud::{Faults, Outage};
///
/// let faults = Faults::seed(7).share(Outage::Status(503), 0.1).next(Outage::Truncated, 2).below("/app/");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    pub(crate) seed: u64,
    pub(crate) next: Vec<(Outage, u64)>,
    pub(crate) share: Vec<(Outage, f64)>,
    pub(crate) below: Option<String>,
}

impl Faults {
    /// No faults, and the seed for those to come.
    pub fn seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The next so many answers suffer this, after those that were said before; [`u64::MAX`] is always.
    #[must_use]
    pub fn next(mut self, outage: Outage, times: u64) -> Self {
        self.next.push((outage, times));
        self
    }

    /// This share of the answers suffers this, 0 to 1.
    #[must_use]
    pub fn share(mut self, outage: Outage, share: f64) -> Self {
        self.share.push((outage, share));
        self
    }

    /// Only what is asked at paths that begin like this: `/app/` is the API.
    #[must_use]
    pub fn below(mut self, path: impl Into<String>) -> Self {
        self.below = Some(path.into());
        self
    }
}
