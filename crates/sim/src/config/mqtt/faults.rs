//! The keys of a platform's `faults`.

use iot_home_mqtt::ConnectCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, millis, read as read_keys};
use crate::mqtt::{Faults, Silence};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    seed: u64,
    delay_ms: Option<(u64, u64)>,
    refuse: Option<Refuse>,
    cut_at_input: Option<u64>,
    cut_at_output: Option<u64>,
    lost_acks: u64,
    cut_files: Option<(usize, u64)>,
    wrong_files: u64,
    silence: SilenceKey,
}

/// A code for ever, or so often.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "expected a CONNACK code, or [code, times]")]
enum Refuse {
    Always(u8),
    Times(u8, u64),
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SilenceKey {
    #[default]
    Never,
    Output,
    Total,
}

/// Reads the faults.
pub(super) fn read(fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut faults = Faults::seed(keys.seed)
        .lost_acks(keys.lost_acks)
        .wrong_files(keys.wrong_files)
        .silence(match keys.silence {
            SilenceKey::Never => Silence::Never,
            SilenceKey::Output => Silence::Output,
            SilenceKey::Total => Silence::Total,
        });
    if let Some(delay) = keys.delay_ms {
        faults = faults.delay(millis("delay_ms", delay)?);
    }
    if let Some(refuse) = keys.refuse {
        let (code, times) = match refuse {
            Refuse::Always(code) => (code, u64::MAX),
            Refuse::Times(code, times) => (code, times),
        };
        if code == 0 {
            return Err(ConfigError::new("refuse", "0 is no refusal"));
        }
        faults = faults.refuse(ConnectCode::new(code), times);
    }
    if let Some(bytes) = keys.cut_at_input {
        faults = faults.cut_at_input(bytes);
    }
    if let Some(bytes) = keys.cut_at_output {
        faults = faults.cut_at_output(bytes);
    }
    if let Some((bytes, times)) = keys.cut_files {
        faults = faults.cut_files(bytes, times);
    }
    Ok(faults)
}
