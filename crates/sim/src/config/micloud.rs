//! The keys of a device of the kind `cloud`: a Mi cloud, its accounts, homes and devices.

mod accounts;
mod devices;
mod faults;

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_micloud::Region;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::micloud::{Builder, SimCloud};

/// A cloud's keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    sts_listen: Option<SocketAddr>,
    api_listen: Option<SocketAddr>,
    region: Option<String>,
    accounts: Vec<Map<String, Value>>,
    homes: Vec<Map<String, Value>>,
    devices: Vec<Map<String, Value>>,
    gzip: Option<bool>,
    takes_ssecurity: bool,
    nonce_window_s: Option<u64>,
    page: Option<usize>,
    time_ahead_s: i64,
    qr_lifetime_s: Option<u64>,
    faults: Map<String, Value>,
}

/// Reads a cloud.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut builder = SimCloud::builder()
        .gzip(keys.gzip.unwrap_or(true))
        .takes_ssecurity(keys.takes_ssecurity)
        .time_ahead(keys.time_ahead_s)
        .faults(faults::read(keys.faults).map_err(|error| error.within("faults"))?);
    for (at, fields) in keys.accounts.into_iter().enumerate() {
        let account = accounts::read(fields);
        builder =
            builder.account(account.map_err(|error| error.within(&format!("accounts[{at}]")))?);
    }
    for (at, fields) in keys.homes.into_iter().enumerate() {
        let home = devices::home(fields);
        builder = builder.home(home.map_err(|error| error.within(&format!("homes[{at}]")))?);
    }
    for (at, fields) in keys.devices.into_iter().enumerate() {
        let device = devices::device(fields);
        builder = builder.device(device.map_err(|error| error.within(&format!("devices[{at}]")))?);
    }
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    if let Some(listen) = keys.sts_listen {
        builder = builder.sts_listen(listen);
    }
    if let Some(listen) = keys.api_listen {
        builder = builder.api_listen(listen);
    }
    if let Some(name) = keys.region {
        builder = builder.region(region(&name)?);
    }
    if let Some(seconds) = keys.nonce_window_s {
        builder = builder.nonce_window(Duration::from_secs(seconds));
    }
    if let Some(page) = keys.page {
        builder = builder.page(page);
    }
    if let Some(seconds) = keys.qr_lifetime_s {
        builder = builder.qr_lifetime(Duration::from_secs(seconds));
    }
    // What does not fit together is told here, where the cloud can be named.
    builder.clone().build().map_err(|error| ConfigError::new("", error))?;
    Ok(builder)
}

fn region(name: &str) -> Result<Region, ConfigError> {
    name.parse().map_err(|error| ConfigError::new("region", error))
}
