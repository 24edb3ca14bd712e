//! Simulated devices from a JSON file.
//!
//! ```
//! use iot_home_sim::config::{Config, Device};
//!
//! let config = Config::from_json(
//!     r#"{"devices": [{
//!         "kind": "miio",
//!         "listen": "127.0.0.1:0",
//!         "did": "123",
//!         "token": "00112233445566778899aabbccddeeff",
//!         "model": "acme.lamp.v1",
//!         "properties": {"power": "on", "2.1": true},
//!         "faults": {"seed": 7, "loss": 0.05, "id_memory": 32, "quirk": "double-comma"}
//!     }, {
//!         "kind": "yeelight",
//!         "model": "ceiling10",
//!         "properties": {"bright": 30},
//!         "faults": {"close": {"unanswered": 3}, "quirk": ["split-segments"]}
//!     }, {
//!         "kind": "mqtt",
//!         "tencent": [{"product_id": "YOURPROD01", "device_name": "lamp1", "certificate": true}]
//!     }]}"#,
//! )?;
//! for device in config.devices {
//!     // With sockets: `builder.spawn().await?`.
//!     match device {
//!         Device::Miio(builder) => assert_eq!(builder.build()?.did(), 123.into()),
//!         Device::Yeelight(builder) => assert_eq!(builder.build()?.model(), "ceiling10"),
//!         _ => {}
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The keys are described by `docs/sim-config.schema.json` and `docs/simulator.md` in the repository.

#[cfg(feature = "home")]
mod home;
#[cfg(feature = "lumi")]
mod lumi;
#[cfg(feature = "micloud")]
mod micloud;
#[cfg(feature = "miio")]
mod miio;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(any(feature = "miio", feature = "yeelight"))]
mod quirks;
#[cfg(feature = "miot")]
mod spec;
#[cfg(feature = "yeelight")]
mod yeelight;

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

/// All devices of a file, ready to be started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// In the order of the file.
    pub devices: Vec<Device>,
}

/// One device, by its `kind`.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "a file has a handful of them, and they are read once"
)]
pub enum Device {
    /// `"kind": "cloud"`.
    #[cfg(feature = "micloud")]
    Cloud(crate::micloud::Builder),
    /// `"kind": "lumi"`, with its number in the cloud.
    #[cfg(feature = "lumi")]
    Lumi {
        /// The gateway and its children.
        gateway: crate::lumi::Builder,
        /// Its number in the cloud.
        did: String,
    },
    /// `"kind": "miio"`.
    #[cfg(feature = "miio")]
    Miio(crate::miio::Builder),
    /// `"kind": "mqtt"`.
    #[cfg(feature = "mqtt")]
    Mqtt(crate::mqtt::Builder),
    /// `"kind": "spec"`.
    #[cfg(feature = "miot")]
    Spec(crate::miot::Builder),
    /// `"kind": "yeelight"`.
    #[cfg(feature = "yeelight")]
    Yeelight(crate::yeelight::Builder),
}

impl Config {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no JSON, a key is unknown, or a value makes no sense; the error names the device, the
    /// key, and what would be right.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let file: Value = serde_json::from_str(text).map_err(|error| ConfigError {
            path: String::new(),
            // The parser's message holds a position and no contents.
            problem: format!("is not JSON: {error}"),
        })?;
        let file = file.as_object().ok_or_else(|| ConfigError::new("", "is not a JSON object"))?;
        if let Some(unknown) =
            file.keys().find(|key| !matches!(key.as_str(), "devices" | "$schema"))
        {
            return Err(ConfigError::new(unknown, "unknown key, expected `devices`"));
        }
        let devices = file.get("devices").and_then(Value::as_array);
        let devices = devices.ok_or_else(|| ConfigError::new("devices", "has to be an array"))?;
        let devices = devices.iter().enumerate().map(|(at, device)| {
            device_of(device).map_err(|error| error.within(&format!("devices[{at}]")))
        });
        Ok(Self { devices: devices.collect::<Result<_, _>>()? })
    }
}

fn device_of(device: &Value) -> Result<Device, ConfigError> {
    let mut fields =
        device.as_object().cloned().ok_or_else(|| ConfigError::new("", "is not a JSON object"))?;
    match fields.remove("kind").as_ref().and_then(Value::as_str) {
        #[cfg(feature = "micloud")]
        Some("cloud") => micloud::read(fields).map(Device::Cloud),
        #[cfg(feature = "lumi")]
        Some("lumi") => lumi::read(fields),
        #[cfg(feature = "miio")]
        Some("miio") => miio::read(fields).map(Device::Miio),
        #[cfg(feature = "mqtt")]
        Some("mqtt") => mqtt::read(fields).map(Device::Mqtt),
        #[cfg(feature = "miot")]
        Some("spec") => spec::read(fields).map(Device::Spec),
        #[cfg(feature = "yeelight")]
        Some("yeelight") => yeelight::read(fields).map(Device::Yeelight),
        Some(kind) => {
            Err(ConfigError::new("kind", format!("`{kind}` is unknown, expected {}", kinds())))
        }
        None => Err(ConfigError::new("kind", format!("has to be there and be {}", kinds()))),
    }
}

/// Those that the features switch on, in words.
fn kinds() -> String {
    let kinds = [
        (cfg!(feature = "micloud"), "`cloud`"),
        (cfg!(feature = "lumi"), "`lumi`"),
        (cfg!(feature = "miio"), "`miio`"),
        (cfg!(feature = "mqtt"), "`mqtt`"),
        (cfg!(feature = "miot"), "`spec`"),
        (cfg!(feature = "yeelight"), "`yeelight`"),
    ];
    let kinds: Vec<_> = kinds.into_iter().filter(|(on, _)| *on).map(|(_, kind)| kind).collect();
    match &kinds[..] {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        kinds => kinds.concat(),
    }
}

/// What is wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The place, such as `devices[0].faults.loss`; empty for the file as a whole.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl ConfigError {
    fn new(path: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { path: path.into(), problem: problem.to_string() }
    }

    fn within(self, outer: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{outer}{dot}{}", self.path), ..self }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the configuration" } else { &self.path };
        write!(f, "{place}: {}", self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Reads an object by serde and, where that fails, finds the key that is to blame: the one that fails
/// when it stands alone. Every key of such an object is optional.
fn read<T: serde::de::DeserializeOwned>(fields: Map<String, Value>) -> Result<T, ConfigError> {
    let error = match serde_json::from_value(Value::Object(fields.clone())) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    let culprit = fields.into_iter().find_map(|(key, value)| {
        let alone = Map::from_iter([(key.clone(), value)]);
        let error = serde_json::from_value::<T>(Value::Object(alone)).err()?;
        Some(ConfigError::new(key, error))
    });
    Err(culprit.unwrap_or_else(|| ConfigError::new("", error)))
}

/// The least and the most that something takes.
fn millis(key: &str, (low, high): (u64, u64)) -> Result<RangeInclusive<Duration>, ConfigError> {
    if low > high {
        return Err(ConfigError::new(key, "the first number is the smaller one"));
    }
    Ok(Duration::from_millis(low)..=Duration::from_millis(high))
}
