//! The keys of a bulb's `faults`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::quirks::Quirks;
use crate::config::{ConfigError, millis, read as read_keys};
use crate::yeelight::{Close, Faults, Silence};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    seed: u64,
    delay_ms: Option<(u64, u64)>,
    search_delay_ms: Option<(u64, u64)>,
    lost_searches: u64,
    silence: Option<SilenceKey>,
    close: Option<CloseKey>,
    quota_error: Option<u64>,
    error: Option<(i32, String)>,
    quirk: Quirks,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SilenceKey {
    Never,
    Answers,
    Commands,
    Total,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CloseKey {
    Before(u64),
    Unanswered(u64),
    After(u64),
    Between(u64),
    AtByte(u64),
}

/// Reads the faults.
pub(super) fn read(fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut faults =
        Faults::seed(keys.seed).lost_searches(keys.lost_searches).silence(match keys.silence {
            None | Some(SilenceKey::Never) => Silence::Never,
            Some(SilenceKey::Answers) => Silence::Answers,
            Some(SilenceKey::Commands) => Silence::Commands,
            Some(SilenceKey::Total) => Silence::Total,
        });
    if let Some(delay) = keys.delay_ms {
        faults = faults.delay(millis("delay_ms", delay)?);
    }
    if let Some(delay) = keys.search_delay_ms {
        faults = faults.search_delay(millis("search_delay_ms", delay)?);
    }
    if let Some(close) = keys.close {
        faults = faults.close(match close {
            CloseKey::Before(nth) => Close::Before(nth),
            CloseKey::Unanswered(nth) => Close::Unanswered(nth),
            CloseKey::After(nth) => Close::After(nth),
            CloseKey::Between(nth) => Close::Between(nth),
            CloseKey::AtByte(byte) => Close::AtByte(byte),
        });
    }
    if let Some(nth) = keys.quota_error {
        faults = faults.quota_error(nth);
    }
    if let Some((code, message)) = keys.error {
        faults = faults.error(code, message);
    }
    for quirk in keys.quirk.parse()? {
        faults = faults.quirk(quirk);
    }
    Ok(faults)
}
