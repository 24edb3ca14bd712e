//! The keys of a device of the kind `lumi`: a Lumi gateway and its children.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_lumi::{Key, Sid, Version};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, Device, read as read_keys};
use crate::lumi::{Child, SimGateway};

/// A gateway's keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    search: Option<SocketAddr>,
    report_to: Option<SocketAddr>,
    did: Option<String>,
    sid: Option<String>,
    key: Option<String>,
    model: Option<String>,
    version: Option<u8>,
    heartbeat_s: Option<u64>,
    children: Option<Vec<Map<String, Value>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ChildKeys {
    sid: Option<String>,
    preset: Option<Preset>,
    model: Option<String>,
    values: Map<String, Value>,
    writable: Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    Plug,
    Magnet,
}

/// Reads a gateway.
pub(super) fn read(fields: Map<String, Value>) -> Result<Device, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let key = keys.key.ok_or_else(|| ConfigError::new("key", "has to be there"))?;
    let key: Key = key.parse().map_err(|error| ConfigError::new("key", error))?;
    let mut gateway = SimGateway::builder(key);
    if let Some(listen) = keys.listen {
        gateway = gateway.listen(listen);
    }
    if let Some(search) = keys.search {
        gateway = gateway.search_listen(search);
    }
    if let Some(addr) = keys.report_to {
        gateway = gateway.report_to(addr);
    }
    if let Some(text) = keys.sid {
        gateway = gateway.sid(sid(&text)?);
    }
    if let Some(model) = keys.model {
        gateway = gateway.model(model);
    }
    gateway = match keys.version {
        None | Some(1) => gateway,
        Some(2) => gateway.version(Version::V2),
        Some(_) => return Err(ConfigError::new("version", "has to be 1 or 2")),
    };
    if let Some(seconds) = keys.heartbeat_s {
        gateway = gateway.heartbeat(Duration::from_secs(seconds));
    }
    if let Some(children) = keys.children {
        let children = children.into_iter().enumerate().map(|(at, fields)| {
            child(fields).map_err(|error| error.within(&format!("children[{at}]")))
        });
        gateway = gateway.children(children.collect::<Result<Vec<_>, _>>()?);
    }
    let did = keys.did.unwrap_or_else(|| format!("lumi.{}", gateway.sid));
    Ok(Device::Lumi { gateway, did })
}

fn child(fields: Map<String, Value>) -> Result<Child, ConfigError> {
    let keys: ChildKeys = read_keys(fields)?;
    let text = keys.sid.ok_or_else(|| ConfigError::new("sid", "has to be there"))?;
    let sid = sid(&text)?;
    let child = match (keys.preset, keys.model) {
        (Some(_), Some(_)) => return Err(ConfigError::new("model", "is that of the preset")),
        (Some(Preset::Plug), None) => Child::plug(sid),
        (Some(Preset::Magnet), None) => Child::magnet(sid),
        (None, Some(model)) => Child::new(sid, model),
        (None, None) => return Err(ConfigError::new("model", "has to be there, or `preset`")),
    };
    let child =
        keys.values.into_iter().fold(child, |child, (name, value)| child.value(name, value));
    Ok(keys.writable.into_iter().fold(child, |child, (name, value)| child.writable(&name, value)))
}

fn sid(text: &str) -> Result<Sid, ConfigError> {
    text.parse().map_err(|error| ConfigError::new("sid", error))
}
