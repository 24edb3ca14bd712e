//! The keys of a device of the kind `mqtt`: a platform, and who is let in.

mod accounts;
mod faults;
mod products;

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_mqtt::ConnectCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::mqtt::{Builder, ClientCertificates, SimPlatform};

/// A platform's keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    tls_listen: Option<SocketAddr>,
    hosts: Vec<String>,
    client_certificates: Policy,
    http_listen: Option<SocketAddr>,
    aliyun: Vec<Map<String, Value>>,
    products: Vec<Map<String, Value>>,
    tencent: Vec<Map<String, Value>>,
    accounts: Vec<Map<String, Value>>,
    time: Option<u64>,
    bad_login: Option<u8>,
    reconnect_limit: Option<bool>,
    queue: Option<usize>,
    window: Option<usize>,
    faults: Map<String, Value>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Policy {
    #[default]
    Optional,
    Required,
}

/// Reads a platform.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut builder = SimPlatform::builder()
        .client_certificates(match keys.client_certificates {
            Policy::Optional => ClientCertificates::Optional,
            Policy::Required => ClientCertificates::Required,
        })
        .reconnect_limit(keys.reconnect_limit.unwrap_or(true))
        .faults(faults::read(keys.faults).map_err(|error| error.within("faults"))?);
    for (at, fields) in keys.aliyun.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("aliyun[{at}]"));
        builder = accounts::aliyun(builder, fields).map_err(within)?;
    }
    for (at, fields) in keys.tencent.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("tencent[{at}]"));
        builder = accounts::tencent(builder, fields).map_err(within)?;
    }
    for (at, fields) in keys.products.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("products[{at}]"));
        builder = builder.product(products::read(fields).map_err(within)?);
    }
    for (at, fields) in keys.accounts.into_iter().enumerate() {
        let within = |error: ConfigError| error.within(&format!("accounts[{at}]"));
        builder = accounts::plain(builder, fields).map_err(within)?;
    }
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    if let Some(listen) = keys.tls_listen {
        builder = builder.tls_listen(listen);
    }
    if let Some(listen) = keys.http_listen {
        builder = builder.http_listen(listen);
    }
    if let Some(seconds) = keys.time {
        builder = builder.time(Duration::from_secs(seconds));
    }
    if let Some(code) = keys.bad_login {
        if !matches!(code, 4 | 5) {
            return Err(ConfigError::new("bad_login", "has to be 4 or 5"));
        }
        builder = builder.bad_login(ConnectCode::new(code));
    }
    if let Some(messages) = keys.queue {
        builder = builder.queue(messages);
    }
    if let Some(messages) = keys.window {
        if !(1..=1000).contains(&messages) {
            return Err(ConfigError::new("window", "has to be 1 to 1000"));
        }
        builder = builder.window(messages);
    }
    Ok(keys.hosts.into_iter().fold(builder, Builder::host))
}
