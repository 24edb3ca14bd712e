//! The old way in: HTTPS first, which tells where to connect and as whom.

use alloc::string::String;
use core::time::Duration;

use iot_home_core::Secret;
use iot_home_mqtt::http::Request;
use iot_home_mqtt::payload::{self, Unreadable, lenient};
use iot_home_mqtt::{Host, MqttLogin};
use serde::Deserialize;

use super::form::{FORM, form};
use super::register::MAX_ANSWER;
use super::{AuthCode, NotGiven, Server};
use crate::thing::Hidden;
use crate::{ClientId, SubDevice};

/// Asks where to connect and as whom, for this device at this time. What is signed is what a gateway presents for a device:
/// [`Device::sub_device`](crate::Device::sub_device).
pub fn guide(server: &Server, device: &SubDevice, now: Duration) -> Request {
    let (product_key, device_name) = device.names();
    let proof = device.sign(now);
    let timestamp = proof.timestamp.as_deref().map(|timestamp| ("timestamp", timestamp));
    let fields = [
        ("productKey", product_key.as_str()),
        ("deviceName", device_name.as_str()),
        ("clientId", &proof.client_id),
        ("sign", proof.sign.expose()),
        ("signmethod", proof.sign_method.as_str()),
        ("version", "default"),
        ("resources", "mqtt"),
    ];
    let form = form(fields.into_iter().chain(timestamp));
    Request::post(server.url("/auth/devicename"), FORM, form)
}

/// Where to connect and as whom, for seven days.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Guided {
    /// `iotId`, the user name.
    pub iot_id: String,
    /// `iotToken`, the password.
    pub iot_token: Secret<String>,
    /// Where to connect.
    pub host: Host,
    /// And the port.
    pub port: u16,
}

impl Guided {
    /// Reads the answer.
    ///
    /// # Errors
    /// If it was refused, or cannot be read.
    pub fn open(answer: &[u8]) -> Result<Self, NotGiven> {
        let wire: Wire = payload::read(answer, MAX_ANSWER)?;
        if wire.code != AuthCode::SUCCESS {
            return Err(NotGiven::Refused { code: wire.code });
        }
        let data = wire.data.ok_or(Unreadable::Form { offset: answer.len() })?;
        let Place { host, port } = data.resources.mqtt;
        Ok(Self {
            iot_id: data.iot_id,
            iot_token: data.iot_token.0,
            host: host.as_str().try_into()?,
            port,
        })
    }

    /// The login. Its client id has no ext params. A token that is too old is answered by CONNACK 3.
    pub fn login(&self, client_id: &ClientId, tls: bool) -> MqttLogin {
        let mut login = MqttLogin::new(self.host.as_str(), self.port, client_id.as_str());
        login.tls = tls;
        login.username = Some(self.iot_id.clone());
        login.password = Some(self.iot_token.clone());
        login.keep_alive = 300;
        login
    }
}

#[derive(Deserialize)]
struct Wire {
    code: AuthCode,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    iot_id: String,
    iot_token: Hidden,
    resources: Resources,
}

#[derive(Deserialize)]
struct Resources {
    mqtt: Place,
}

#[derive(Deserialize)]
struct Place {
    host: String,
    #[serde(deserialize_with = "lenient::integer")]
    port: u16,
}
