//! Who is let in.

use iot_home_aliyun as aliyun;
use iot_home_core::Secret;
use iot_home_tencent as tencent;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::mqtt::Builder;

/// Texts that prove something: what is wrong with them is told without them.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Proof(Value);

impl Proof {
    fn is_there(&self) -> bool {
        !self.0.is_null()
    }

    pub(super) fn text(self, key: &str) -> Result<Secret<String>, ConfigError> {
        match self.0 {
            Value::String(text) => Ok(text.into()),
            Value::Null => Err(ConfigError::new(key, "has to be there")),
            _ => Err(ConfigError::new(key, "has to be a string")),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Aliyun {
    product_key: String,
    device_name: String,
    device_secret: Proof,
    client_id: String,
    device_token: Proof,
    certificate: bool,
}

/// A device of Aliyun: it has one of a secret, a token and a certificate.
pub(super) fn aliyun(builder: Builder, fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Aliyun = read_keys(fields)?;
    let wrong = |error: aliyun::InvalidField| ConfigError::new("", error);
    let (key, name) = (keys.product_key, keys.device_name);
    match (keys.device_secret.is_there(), keys.device_token.is_there(), keys.certificate) {
        (true, false, false) => {
            let secret = keys.device_secret.text("device_secret")?;
            let secret = aliyun::DeviceSecret::try_from(secret).map_err(wrong)?;
            Ok(builder.aliyun(aliyun::Device::new(key, name, secret).map_err(wrong)?))
        }
        (false, true, false) => {
            let token = keys.device_token.text("device_token")?;
            let token = aliyun::DeviceToken::try_from(token).map_err(wrong)?;
            let device = aliyun::TokenDevice::new(key, name, keys.client_id, token);
            Ok(builder.aliyun_token(&device.map_err(wrong)?))
        }
        (false, false, true) => {
            let device = aliyun::CertificateDevice::new(key, name).map_err(wrong)?;
            Ok(builder.aliyun_certificate(&device))
        }
        _ => Err(ConfigError::new(
            "",
            "has to have one of `device_secret`, `device_token` and `\"certificate\": true`",
        )),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tencent {
    product_id: String,
    device_name: String,
    device_secret: Proof,
    certificate: bool,
}

/// A device of Tencent: it has a secret, which is its psk, or a certificate.
pub(super) fn tencent(
    builder: Builder,
    fields: Map<String, Value>,
) -> Result<Builder, ConfigError> {
    let keys: Tencent = read_keys(fields)?;
    let wrong = |error: tencent::InvalidField| ConfigError::new("", error);
    let (id, name) = (keys.product_id, keys.device_name);
    match (keys.device_secret.is_there(), keys.certificate) {
        (true, false) => {
            let psk = keys.device_secret.text("device_secret")?;
            let psk = tencent::Psk::try_from(psk).map_err(wrong)?;
            Ok(builder.tencent(tencent::Device::new(id, name, psk).map_err(wrong)?))
        }
        (false, true) => {
            let device = tencent::CertificateDevice::new(id, name).map_err(wrong)?;
            Ok(builder.tencent_certificate(&device))
        }
        _ => Err(ConfigError::new(
            "",
            "has to have one of `device_secret` and `\"certificate\": true`",
        )),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Plain {
    username: String,
    password: Proof,
}

/// A plain account.
pub(super) fn plain(builder: Builder, fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Plain = read_keys(fields)?;
    if keys.username.is_empty() {
        return Err(ConfigError::new("username", "has to be there"));
    }
    let password = keys.password.text("password")?;
    Ok(builder.account(keys.username, password.expose().as_str()))
}
