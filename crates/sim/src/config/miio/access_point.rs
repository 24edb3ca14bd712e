//! The keys of `access_point`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::miio::{AccessPoint, Acknowledges};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    ssid: Option<String>,
    password: Option<String>,
    acknowledges: Option<Form>,
    plain_characters: bool,
    needs_uid: bool,
    away_ms: Option<u64>,
    /// The code that stands on the device.
    secure: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    Array,
    Text,
    Capitals,
    Zero,
    ZeroInArray,
    Code,
    Never,
}

impl From<Form> for Acknowledges {
    fn from(form: Form) -> Self {
        match form {
            Form::Array => Self::Array,
            Form::Text => Self::Text,
            Form::Capitals => Self::Capitals,
            Form::Zero => Self::Zero,
            Form::ZeroInArray => Self::ZeroInArray,
            Form::Code => Self::Code,
            Form::Never => Self::Never,
        }
    }
}

/// Reads what a device is before it has joined a Wi-Fi.
pub(super) fn read(fields: Map<String, Value>) -> Result<AccessPoint, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut access_point = AccessPoint::new()
        .plain_characters(keys.plain_characters)
        .needs_uid(keys.needs_uid)
        .acknowledges(keys.acknowledges.map_or_else(Acknowledges::default, Into::into));
    if let Some(ms) = keys.away_ms {
        access_point = access_point.away_for(Duration::from_millis(ms));
    }
    match (keys.ssid, keys.password) {
        (Some(ssid), password) => {
            access_point = access_point.network(ssid, password.unwrap_or_default());
        }
        (None, None) => {}
        (None, Some(_)) => return Err(ConfigError::new("password", "belongs to an `ssid`")),
    }
    match keys.secure {
        Some(code) => secure(access_point, code),
        None => Ok(access_point),
    }
}

#[cfg(feature = "provisioning-secure")]
fn secure(access_point: AccessPoint, code: String) -> Result<AccessPoint, ConfigError> {
    Ok(access_point.secure(crate::miio::Secure::new(code, 1)))
}

#[cfg(not(feature = "provisioning-secure"))]
fn secure(_: AccessPoint, _: String) -> Result<AccessPoint, ConfigError> {
    Err(ConfigError::new("secure", "was not built in: the feature is `provisioning-secure`"))
}
