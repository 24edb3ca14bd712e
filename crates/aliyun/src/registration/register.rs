//! Registering a device by its product's secret.

use alloc::string::String;

use iot_home_mqtt::http::Request;
use iot_home_mqtt::mac::Mac;
use iot_home_mqtt::payload;
use serde::Deserialize;

use super::form::{FORM, form};
use super::{AuthCode, Nonce, NotGiven, Server};
use crate::content::content;
use crate::login::{Login, Registering};
use crate::thing::Hidden;
use crate::{
    Device, DeviceName, DeviceSecret, InstanceId, InvalidField, ProductKey, ProductSecret,
    SignMethod,
};

/// The most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

/// A device that has its product's secret, and wants one of its own.
///
/// The device has to exist on the platform, dynamic registration has to be switched on for its product, and it must not
/// have been activated before; or it does not exist, and is registered by [`mqtt_unknown`](Self::mqtt_unknown).
#[derive(Clone, Debug)]
pub struct Registration {
    pub(super) product_key: ProductKey,
    pub(super) device_name: DeviceName,
    secret: ProductSecret,
    pub(super) method: SignMethod,
    server: Server,
}

impl Registration {
    /// The device of this name.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_key: impl TryInto<ProductKey, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
        secret: impl TryInto<ProductSecret, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_key: product_key.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
            secret: secret.try_into().map_err(Into::into)?,
            method: SignMethod::default(),
            server: Server::default(),
        })
    }

    /// Signs in this way; without it, by HMAC-SHA-256.
    #[must_use]
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.method = method;
        self
    }

    /// Asks there, over HTTPS; without it, in Shanghai.
    #[must_use]
    pub fn server(mut self, server: impl Into<Server>) -> Self {
        self.server = server.into();
        self
    }

    /// The request over HTTPS.
    pub fn https(&self, nonce: &Nonce) -> Request {
        let form = form([
            ("productKey", self.product_key.as_str()),
            ("deviceName", self.device_name.as_str()),
            ("random", nonce.as_str()),
            ("sign", &self.sign(nonce)),
            ("signMethod", self.method.as_str()),
        ]);
        Request::post(self.server.url("/auth/register/device"), FORM, form)
    }

    /// What the request over HTTPS was answered with.
    ///
    /// # Errors
    /// If it was refused, cannot be read, or is about another device.
    pub fn open(&self, answer: &[u8]) -> Result<Device, NotGiven> {
        #[derive(Deserialize)]
        struct Wire {
            code: AuthCode,
            #[serde(default)]
            data: Option<Data>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            product_key: String,
            device_name: String,
            device_secret: Hidden,
        }
        let wire: Wire = payload::read(answer, MAX_ANSWER)?;
        let data = match wire {
            Wire { code: AuthCode::SUCCESS, data: Some(data) } => data,
            Wire { code: AuthCode::SUCCESS, data: None } => {
                return Err(payload::Unreadable::Form { offset: answer.len() }.into());
            }
            Wire { code, .. } => return Err(NotGiven::Refused { code }),
        };
        if data.product_key != self.product_key.as_str()
            || data.device_name != self.device_name.as_str()
        {
            return Err(NotGiven::OtherDevice);
        }
        let secret = DeviceSecret::try_from(data.device_secret.0)?;
        Ok(Device::new(self.product_key.clone(), self.device_name.clone(), secret)?)
    }

    /// The request over MQTT, of a device that exists. The answer is pushed as
    /// [`Registered::Secret`](crate::thing::Registered::Secret), without a subscription. Then the connection is to be closed, which
    /// the platform does after 15 seconds, and never made again.
    pub fn mqtt(&self) -> Login<Registering> {
        Login::registering(&self.product_key, &self.device_name, self.mac(), self.method, None)
    }

    /// The request over MQTT, of a device that does not exist; where its product is not in the public instance, with the
    /// instance's id. The answer is pushed as [`Registered::Token`](crate::thing::Registered::Token).
    pub fn mqtt_unknown(&self, instance: Option<InstanceId>) -> Login<Registering> {
        let unknown = Some(instance);
        Login::registering(&self.product_key, &self.device_name, self.mac(), self.method, unknown)
    }

    /// The signature of this device and this random text.
    pub(super) fn sign(&self, nonce: &Nonce) -> String {
        let (key, name) = (self.product_key.as_str(), self.device_name.as_str());
        sign(&self.mac(), key, name, nonce.as_str())
    }

    fn mac(&self) -> Mac {
        Mac::new(self.method.algorithm(), self.secret.expose().as_bytes())
    }
}

/// The signature of a registration, over HTTPS and over MQTT.
pub(crate) fn sign(mac: &Mac, product_key: &str, device_name: &str, random: &str) -> String {
    let fields = [("productKey", product_key), ("deviceName", device_name), ("random", random)];
    mac.sign(content(fields)).to_hex()
}
