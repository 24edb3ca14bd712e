//! Registering a device by its product's secret.

use alloc::string::{String, ToString as _};
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_mqtt::InvalidField;
use iot_home_mqtt::http::Request;
use iot_home_mqtt::mac::Mac;
use serde::Serialize;

use super::open::{Registered, open};
use super::signed::{JSON, request};
use super::{NotGiven, ProductSecret, Server};
use crate::{DeviceName, ProductId, SignMethod};

/// A device that has its product's secret, and wants a key of its own.
///
/// It can be asked for again until the device first connects. Whether a device that does not exist is made is a setting of
/// its product.
#[derive(Clone, Debug)]
pub struct Registration {
    product_id: ProductId,
    device_name: DeviceName,
    secret: ProductSecret,
    method: SignMethod,
    server: Server,
}

impl Registration {
    /// The device of this name.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_id: impl TryInto<ProductId, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
        secret: impl TryInto<ProductSecret, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_id: product_id.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
            secret: secret.try_into().map_err(Into::into)?,
            method: SignMethod::default(),
            server: Server::default(),
        })
    }

    /// Signs in this way; without it, by HMAC-SHA-256. The old request is signed by HMAC-SHA-1 always.
    #[must_use]
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.method = method;
        self
    }

    /// Asks there; without it, in Guangzhou.
    #[must_use]
    pub fn server(mut self, server: impl Into<Server>) -> Self {
        self.server = server.into();
        self
    }

    /// The request of today, at this time and with this number, which is to be another one each time.
    pub fn request(&self, now: Duration, nonce: u32) -> Request {
        // The names need no escapes.
        let body = [
            "{\"ProductId\":\"",
            self.product_id.as_str(),
            "\",\"DeviceName\":\"",
            self.device_name.as_str(),
            "\"}",
        ]
        .concat();
        let key = self.secret.expose();
        request(&self.server, "/device/register", body, key, self.method, now, nonce)
    }

    /// The request of before, which the official C SDKs make. It has one host for all regions.
    pub fn old_request(&self, now: Duration, nonce: u32) -> Request {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            device_name: &'a str,
            nonce: u32,
            product_id: &'a str,
            timestamp: u64,
            signature: &'a str,
        }
        let (timestamp, number) = (now.as_secs(), nonce.to_string());
        let seconds = timestamp.to_string();
        let (product_id, device_name) = (self.product_id.as_str(), self.device_name.as_str());
        let mac = Mac::new(SignMethod::HmacSha1.algorithm(), self.secret.expose().as_bytes());
        let tag = mac.sign([
            "deviceName=",
            device_name,
            "&nonce=",
            &number,
            "&productId=",
            product_id,
            "&timestamp=",
            &seconds,
        ]);
        // Of the digits, and not of the bytes that they stand for.
        let signature = STANDARD.encode(tag.to_hex());
        let wire = Wire { device_name, nonce, product_id, timestamp, signature: &signature };
        let body: String = serde_json::to_string(&wire).unwrap_or_default();
        Request::post(self.server.old_url("/register/dev"), JSON, body)
    }

    /// What either request was answered with.
    ///
    /// # Errors
    /// If it was refused, cannot be read, or cannot be decrypted.
    pub fn open(&self, answer: &[u8]) -> Result<Registered, NotGiven> {
        open(answer, &self.secret, &self.product_id, &self.device_name)
    }
}
