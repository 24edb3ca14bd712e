//! Publishing over HTTPS, without MQTT.

use core::time::Duration;

use alloc::string::String;

use iot_home_mqtt::http::Request;
use iot_home_mqtt::payload::{self, Unwritable};
use iot_home_mqtt::topic;
use serde::{Deserialize, Serialize};

#[cfg(feature = "http")]
use super::RsaKey;
use super::open::Response;
use super::signed::request;
use super::{NotGiven, Server};
#[cfg(feature = "http")]
use crate::CertificateDevice;
use crate::{Device, DeviceName, ProductId, SignMethod};

/// A message that is published over HTTPS. Its `Debug` shows the topic and not the payload.
#[derive(Clone)]
#[non_exhaustive]
pub struct Publish<'a> {
    /// Where it goes: the whole topic.
    pub topic: &'a str,
    /// What it says. The gateway takes texts only.
    pub payload: &'a str,
    /// With which quality of service: 0 or 1.
    pub qos: u8,
    /// Where it is sent.
    pub server: Server,
    /// How it is signed.
    pub sign_method: SignMethod,
}

impl<'a> Publish<'a> {
    /// A message of QoS 1 to Guangzhou, signed by HMAC-SHA-256.
    pub fn new(topic: &'a str, payload: &'a str) -> Self {
        let (server, sign_method) = (Server::default(), SignMethod::default());
        Self { topic, payload, qos: 1, server, sign_method }
    }

    /// The request of this device, at this time and with this number, which is to be another one each time. It is signed with
    /// the text of the psk, and not with the bytes that it stands for.
    ///
    /// # Errors
    /// If the topic is none, or the payload is longer than 16 KB.
    pub fn request(
        &self,
        device: &Device,
        now: Duration,
        nonce: u32,
    ) -> Result<Request, Unwritable> {
        let body = self.body(device.product_id(), device.device_name())?;
        let key = device.psk().expose();
        Ok(request(&self.server, "/device/publish", body, key, self.sign_method, now, nonce))
    }

    /// The request of a device with a certificate, signed with its key: `rsa-sha256`.
    ///
    /// # Errors
    /// As for [`request`](Self::request).
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn certified_request(
        &self,
        device: &CertificateDevice,
        key: &RsaKey,
        now: Duration,
        nonce: u32,
    ) -> Result<Request, Unwritable> {
        let body = self.body(device.product_id(), device.device_name())?;
        // A key that was read signs.
        let sign = |content: &str| key.sign(content).unwrap_or_default();
        let by = ("rsa-sha256", sign);
        Ok(super::signed::request_by(&self.server, "/device/publish", body, by, now, nonce))
    }

    fn body(&self, product_id: &ProductId, device_name: &DeviceName) -> Result<String, Unwritable> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            product_id: &'a str,
            device_name: &'a str,
            topic_name: &'a str,
            payload: &'a str,
            qos: u8,
        }
        topic::check_name(self.topic)?;
        let (length, most) = (self.payload.len(), crate::RULES.payload);
        if length > most {
            return Err(Unwritable::Length { length, most });
        }
        let wire = Wire {
            product_id: product_id.as_str(),
            device_name: device_name.as_str(),
            topic_name: self.topic,
            payload: self.payload,
            qos: self.qos.min(1),
        };
        serde_json::to_string(&wire).map_err(|_| Unwritable::NotJson { what: "message" })
    }
}

impl core::fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Publish")
            .field("topic", &self.topic)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("qos", &self.qos)
            .field("server", &self.server)
            .field("sign_method", &self.sign_method)
            .finish()
    }
}

/// What publishing was answered with.
///
/// # Errors
/// If it was refused, or the answer cannot be read.
pub fn published(answer: &[u8]) -> Result<(), NotGiven> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, rename = "Response")]
        response: Response<'a>,
    }
    let wire: Wire<'_> = payload::read(answer, crate::RULES.payload)?;
    match wire.response.error {
        Some(error) => Err(NotGiven::refused(&error.code)),
        None => Ok(()),
    }
}
