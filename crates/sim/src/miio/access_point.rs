//! What a device is before it has joined a Wi-Fi.

use std::fmt;
use std::time::Duration;

use iot_home_core::Secret;
use serde_json::{Value, json};

/// A device as its own access point: it shows its token, takes one Wi-Fi by `miIO.config_router`, is away for a while and
/// comes back with its token hidden; or it comes back as it was, where it could not join.
///
/// ```
/// use std::time::Duration;
/// use iot_home_sim::SimDevice;
/// use iot_home_sim::miio::{Acknowledges, AccessPoint};
///
/// let vacuum = SimDevice::vacuum().access_point(
///     AccessPoint::new()
///         .network("home", "correct horse")
///         .acknowledges(Acknowledges::Zero)
///         .needs_uid(true)
///         .away_for(Duration::from_millis(200)),
/// );
/// ```
#[derive(Clone)]
pub struct AccessPoint {
    pub(crate) network: Option<(String, Secret<String>)>,
    pub(crate) acknowledges: Acknowledges,
    pub(crate) plain_characters: bool,
    pub(crate) needs_uid: bool,
    pub(crate) away_for: Duration,
    #[cfg(feature = "provisioning-secure")]
    pub(crate) secure: Option<crate::miio::pairing::Secure>,
}

impl AccessPoint {
    /// An access point that takes any Wi-Fi, acknowledges by `["ok"]` and is away for two seconds.
    pub fn new() -> Self {
        Self {
            network: None,
            acknowledges: Acknowledges::default(),
            plain_characters: false,
            needs_uid: false,
            away_for: Duration::from_secs(2),
            #[cfg(feature = "provisioning-secure")]
            secure: None,
        }
    }

    /// The only Wi-Fi in reach: with another name or password joining fails, and the device tells why by
    /// `miIO.wifi_assoc_state`.
    #[must_use]
    pub fn network(mut self, ssid: impl Into<String>, password: impl Into<String>) -> Self {
        self.network = Some((ssid.into(), Secret::new(password.into())));
        self
    }

    /// In which form it acknowledges.
    #[must_use]
    pub fn acknowledges(mut self, form: Acknowledges) -> Self {
        self.acknowledges = form;
        self
    }

    /// Whether it refuses the characters that the firmware of vacuums cannot take.
    #[must_use]
    pub fn plain_characters(mut self, plain: bool) -> Self {
        self.plain_characters = plain;
        self
    }

    /// Whether it refuses the uid 0.
    #[must_use]
    pub fn needs_uid(mut self, needs: bool) -> Self {
        self.needs_uid = needs;
        self
    }

    /// How long it is away while it joins.
    #[must_use]
    pub fn away_for(mut self, duration: Duration) -> Self {
        self.away_for = duration;
        self
    }
}

impl Default for AccessPoint {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for AccessPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessPoint")
            .field("network", &self.network.as_ref().map(|(ssid, _)| ssid))
            .field("acknowledges", &self.acknowledges)
            .finish_non_exhaustive()
    }
}

/// The forms in which devices acknowledge a Wi-Fi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acknowledges {
    /// `["ok"]`
    #[default]
    Array,
    /// `"ok"`
    Text,
    /// `"OK"`
    Capitals,
    /// `0`
    Zero,
    /// `[0]`
    ZeroInArray,
    /// `{"code":0}`
    Code,
    /// Not at all: the answer is lost while the radio changes over.
    Never,
}

impl Acknowledges {
    /// What it answers, if anything.
    pub(crate) fn result(self) -> Option<Value> {
        Some(match self {
            Self::Array => json!(["ok"]),
            Self::Text => json!("ok"),
            Self::Capitals => json!("OK"),
            Self::Zero => json!(0),
            Self::ZeroInArray => json!([0]),
            Self::Code => json!({"code": 0}),
            Self::Never => return None,
        })
    }
}
