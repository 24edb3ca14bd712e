//! The keys of a cloud's `faults`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::micloud::{Faults, Outage};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    seed: u64,
    below: Option<String>,
    outages: Vec<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OutageKeys {
    what: Option<What>,
    status: Option<u16>,
    bytes: Option<usize>,
    ms: Option<u64>,
    times: Option<u64>,
    share: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Status,
    Page,
    Closed,
    Unanswered,
    Truncated,
    Delayed,
    Slow,
}

/// Reads the faults.
pub(super) fn read(fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut faults = Faults::seed(keys.seed);
    if let Some(path) = keys.below {
        faults = faults.below(path);
    }
    for (at, fields) in keys.outages.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("outages[{at}]"));
        faults = outage(faults, fields).map_err(within)?;
    }
    Ok(faults)
}

fn outage(faults: Faults, fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: OutageKeys = read_keys(fields)?;
    let what = keys.what.ok_or_else(|| ConfigError::new("what", "has to be there"))?;
    let wait = Duration::from_millis(keys.ms.unwrap_or(100));
    let outage = match what {
        What::Status => Outage::Status(keys.status.unwrap_or(503)),
        What::Page => Outage::Page,
        What::Closed => Outage::Closed,
        What::Unanswered => Outage::Unanswered,
        What::Truncated => Outage::Truncated,
        What::Delayed => Outage::Delayed(wait),
        What::Slow => Outage::Slow(keys.bytes.unwrap_or(100), wait),
    };
    match (keys.times, keys.share) {
        (Some(_), Some(_)) => Err(ConfigError::new("share", "stands in the place of `times`")),
        (None, Some(share)) if (0.0..=1.0).contains(&share) => Ok(faults.share(outage, share)),
        (None, Some(_)) => Err(ConfigError::new("share", "has to be 0 to 1")),
        (times, None) => Ok(faults.next(outage, times.unwrap_or(u64::MAX))),
    }
}
