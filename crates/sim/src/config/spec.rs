//! The keys of a device of the kind `spec`: a server of MIoT-Spec.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::miot::{Builder, SimSpecServer};

/// A server's keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    samples: Option<bool>,
    instances: Vec<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InstanceKeys {
    model: Option<String>,
    instance: Option<Map<String, Value>>,
}

/// Reads a server.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut builder = SimSpecServer::builder();
    if keys.samples.unwrap_or(true) {
        builder = builder.samples();
    }
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    for (at, fields) in keys.instances.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("instances[{at}]"));
        let keys: InstanceKeys = read_keys(fields).map_err(within)?;
        let missing = |key| within(ConfigError::new(key, "has to be there"));
        let model = keys.model.ok_or_else(|| missing("model"))?;
        let instance = keys.instance.ok_or_else(|| missing("instance"))?;
        builder = builder.instance(model, Value::from(instance).to_string());
    }
    // What does not fit together is told here, where the server can be named.
    builder.clone().build().map_err(|error| ConfigError::new("", error))?;
    Ok(builder)
}
