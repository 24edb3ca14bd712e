//! The keys of homes and devices.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::region;
use crate::config::{ConfigError, miio, read as read_keys};
use crate::micloud::{CloudDevice, Home, Scene};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HomeKeys {
    id: Option<u64>,
    name: String,
    region: Option<String>,
    owner: Option<u64>,
    shared_with: Vec<u64>,
    rooms: Vec<(u64, String)>,
    scenes: Vec<(u64, String)>,
}

/// Reads a home.
pub(super) fn home(fields: Map<String, Value>) -> Result<Home, ConfigError> {
    let keys: HomeKeys = read_keys(fields)?;
    let id = keys.id.ok_or_else(|| ConfigError::new("id", "has to be there, a number"))?;
    let mut home = Home::new(id, keys.name);
    if let Some(name) = keys.region {
        home = home.region(region(&name)?);
    }
    if let Some(owner) = keys.owner {
        home = home.owner(owner);
    }
    for user_id in keys.shared_with {
        home = home.shared_with(user_id);
    }
    for (id, name) in keys.rooms {
        home = home.room(id, name);
    }
    for (id, name) in keys.scenes {
        home = home.scene(Scene::new(id, name));
    }
    Ok(home)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DeviceKeys {
    did: Option<String>,
    miio: Option<Map<String, Value>>,
    name: Option<String>,
    region: Option<String>,
    owner: Option<u64>,
    shared_with: Vec<u64>,
    home: Option<u64>,
    room: Option<u64>,
    beacon_key: Option<String>,
    keys: Vec<(String, String)>,
    record: Map<String, Value>,
}

/// Reads a device: a simulated one of the kind `miio`, or a record alone.
pub(super) fn device(fields: Map<String, Value>) -> Result<CloudDevice, ConfigError> {
    let keys: DeviceKeys = read_keys(fields)?;
    let mut device = match (keys.miio, keys.did) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::new("did", "stands in `miio` where that is there"));
        }
        (Some(fields), None) => {
            CloudDevice::of(miio::read(fields).map_err(|error| error.within("miio"))?)
        }
        (None, Some(did)) => CloudDevice::new(did),
        (None, None) => return Err(ConfigError::new("did", "has to be there, or `miio`")),
    };
    if let Some(name) = keys.name {
        device = device.name(name);
    }
    if let Some(name) = keys.region {
        device = device.region(region(&name)?);
    }
    if let Some(owner) = keys.owner {
        device = device.owner(owner);
    }
    for user_id in keys.shared_with {
        device = device.shared_with(user_id);
    }
    if let Some(home) = keys.home {
        device = device.home(home);
    }
    if let Some(room) = keys.room {
        device = device.room(room);
    }
    if let Some(key) = keys.beacon_key {
        device = device.beacon_key(key);
    }
    for (id, name) in keys.keys {
        device = device.key(id, name);
    }
    for (key, value) in keys.record {
        device = device.field(key, value);
    }
    Ok(device)
}
