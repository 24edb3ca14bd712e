//! The keys of `faults`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::config::quirks::Quirks;
use crate::config::{ConfigError, millis, read as read_keys};
use crate::miio::{Beyond, Faults, Silence};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    seed: u64,
    loss: Probability,
    loss_in: Option<Probability>,
    loss_out: Option<Probability>,
    delay_ms: Option<(u64, u64)>,
    duplicate: Probability,
    reorder: Probability,
    garbage: Probability,
    id_memory: usize,
    #[serde(deserialize_with = "present")]
    stamp_window_s: Option<Option<u32>>,
    max_properties: Option<usize>,
    beyond: Option<BeyondKey>,
    beyond_delay_ms: u64,
    quirk: Quirks,
    silence: Option<SilenceKey>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "f64")]
struct Probability(f64);

impl TryFrom<f64> for Probability {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        let fits = (0.0..=1.0).contains(&value);
        fits.then_some(Self(value)).ok_or("a probability is a number from 0 to 1")
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BeyondKey {
    Error,
    Silence,
    Truncated,
    BadChecksum,
    Internal,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SilenceKey {
    Never,
    ToRequests,
    Total,
}

/// Reads the faults.
pub(super) fn read(fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut faults = Faults::seed(keys.seed)
        .loss_in(keys.loss_in.unwrap_or(keys.loss).0)
        .loss_out(keys.loss_out.unwrap_or(keys.loss).0)
        .duplicate(keys.duplicate.0)
        .reorder(keys.reorder.0)
        .garbage(keys.garbage.0)
        .id_memory(keys.id_memory)
        .beyond_delay(Duration::from_millis(keys.beyond_delay_ms))
        .beyond(match keys.beyond {
            None | Some(BeyondKey::Error) => Beyond::Error,
            Some(BeyondKey::Silence) => Beyond::Silence,
            Some(BeyondKey::Truncated) => Beyond::Truncated,
            Some(BeyondKey::BadChecksum) => Beyond::BadChecksum,
            Some(BeyondKey::Internal) => Beyond::Internal,
        })
        .silence(match keys.silence {
            None | Some(SilenceKey::Never) => Silence::Never,
            Some(SilenceKey::ToRequests) => Silence::ToRequests,
            Some(SilenceKey::Total) => Silence::Total,
        });
    if let Some(delay) = keys.delay_ms {
        faults = faults.delay(millis("delay_ms", delay)?);
    }
    match keys.stamp_window_s {
        None => {}
        Some(None) => faults = faults.any_stamp(),
        Some(Some(seconds)) => faults = faults.stamp_window(Duration::from_secs(seconds.into())),
    }
    if let Some(most) = keys.max_properties {
        faults = faults.max_properties(most);
    }
    for quirk in keys.quirk.parse()? {
        faults = faults.quirk(quirk);
    }
    Ok(faults)
}

/// Tells `null` from a key that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
