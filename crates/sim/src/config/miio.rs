//! The keys of a device of the kind `miio`.

mod access_point;
mod faults;
mod services;

use std::net::SocketAddr;

use iot_home_miio::{Token, TokenError};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::miio::{
    Builder, DeviceClock, DidPolicy, HelloToken, LanPush, PropertyName, SimDevice, UpdateFault,
};

/// A device's keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    did: Option<String>,
    #[serde(deserialize_with = "token")]
    token: Option<Token>,
    hidden: Hidden,
    model: Option<String>,
    preset: Option<Preset>,
    info: Map<String, Value>,
    properties: Map<String, Value>,
    classic: Map<String, Value>,
    services: Vec<Value>,
    unknown_property: Value,
    did_policy: Option<Did>,
    clock: Option<u32>,
    access_point: Option<Map<String, Value>>,
    update_fault: Option<Update>,
    lan_push: bool,
    scenes: bool,
    faults: Map<String, Value>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            listen: None,
            did: None,
            token: None,
            hidden: Hidden::Yes(true),
            model: None,
            preset: None,
            info: Map::new(),
            properties: Map::new(),
            classic: Map::new(),
            services: Vec::new(),
            unknown_property: Value::Null,
            did_policy: None,
            clock: None,
            access_point: None,
            update_fault: None,
            lan_push: false,
            scenes: false,
            faults: Map::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, false or \"zeros\"")]
enum Hidden {
    Yes(bool),
    As(Zeros),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Zeros {
    Zeros,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    Blank,
    Light,
    Plug,
    Humidifier,
    Vacuum,
    Fan,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Did {
    Echo,
    Own,
    Checked,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Update {
    None,
    NoTrailer,
    BrokenOff,
}

/// Reads a device.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    // A device of which nothing is said is a lamp, so that there is something to talk to.
    let described =
        !(keys.properties.is_empty() && keys.classic.is_empty() && keys.services.is_empty());
    let mut builder = match keys.preset {
        None if described => SimDevice::builder(),
        Some(Preset::Blank) => SimDevice::builder(),
        None | Some(Preset::Light) => SimDevice::light(),
        Some(Preset::Plug) => SimDevice::plug(),
        Some(Preset::Humidifier) => SimDevice::humidifier(),
        Some(Preset::Vacuum) => SimDevice::vacuum(),
        Some(Preset::Fan) => SimDevice::fan(),
    };
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    if let Some(did) = keys.did {
        let wrong =
            |_| ConfigError::new("did", "is a decimal number of up to 64 bits, as a string");
        builder = builder.did(did.parse().map_err(wrong)?);
    }
    if let Some(token) = keys.token {
        builder = builder.token(token);
    }
    if let Some(model) = keys.model {
        builder = builder.model(model);
    }
    if let Some(first) = keys.clock {
        builder = builder.clock(clock(first));
    }
    builder = builder
        .hello(match keys.hidden {
            Hidden::Yes(true) => HelloToken::Hidden,
            Hidden::Yes(false) => HelloToken::Shown,
            Hidden::As(Zeros::Zeros) => HelloToken::HiddenAsZeros,
        })
        .unknown_property(keys.unknown_property)
        .did_policy(match keys.did_policy {
            None | Some(Did::Echo) => DidPolicy::Echo,
            Some(Did::Own) => DidPolicy::Own,
            Some(Did::Checked) => DidPolicy::Checked,
        })
        .faults(faults::read(keys.faults).map_err(|error| error.within("faults"))?);
    if let Some(fields) = keys.access_point {
        let read = access_point::read(fields);
        builder = builder.access_point(read.map_err(|error| error.within("access_point"))?);
    }
    builder = builder.update_fault(match keys.update_fault {
        None | Some(Update::None) => UpdateFault::None,
        Some(Update::NoTrailer) => UpdateFault::NoTrailer,
        Some(Update::BrokenOff) => UpdateFault::BrokenOff,
    });
    if keys.lan_push {
        builder = builder.lan_push(LanPush::default());
    }
    if keys.scenes {
        builder = builder.scenes(None);
    }
    for (at, service) in keys.services.into_iter().enumerate() {
        let path = format!("services[{at}]");
        builder = builder.service(services::read(service).map_err(|error| error.within(&path))?);
    }
    for (key, value) in keys.info {
        builder = builder.info(key, value);
    }
    for (name, value) in keys.classic {
        builder = builder.property(PropertyName::Classic(name), value);
    }
    for (name, value) in keys.properties {
        builder = builder.property(name, value);
    }
    // What does not fit together is told here, where the device can be named.
    builder.clone().build().map_err(|error| ConfigError::new("", error))?;
    Ok(builder)
}

fn clock(first: u32) -> DeviceClock {
    match first {
        0 => DeviceClock::Unset,
        first => DeviceClock::From(first),
    }
}

/// A token; the text itself never gets into the error.
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        _ => return Err(D::Error::custom("a token is a string of 32 hexadecimal digits")),
    };
    text.parse().map(Some).map_err(|error: TokenError| D::Error::custom(error))
}
