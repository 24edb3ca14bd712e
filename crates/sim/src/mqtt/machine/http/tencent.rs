//! The gateway of Tencent.

use std::time::Duration;

use ::http::Request;
use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use iot_home_core::Instant;
use iot_home_mqtt::mac::{self, Algorithm, Mac};
use iot_home_tencent as tencent;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::header;
use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::machine::registration::Denied;
use crate::mqtt::product::{Key, secret};
use crate::mqtt::report::count;

impl Machine {
    /// A device asks for its key.
    pub(super) fn register_tencent(&mut self, now: Instant, request: &Request<Bytes>) -> Value {
        let Some([product, name]) = texts(request, ["ProductId", "DeviceName"]) else {
            return self.bad_request(error("InvalidParameter"));
        };
        let Some(key) = self.tencent_product_secret(&product) else {
            return self.bad_request(error("ResourceNotFound.ProductNotExist"));
        };
        if let Err(refused) = self.signed(now, request, &key) {
            return self.bad_request(error(refused));
        }
        match self.give_tencent_key(&product, &name) {
            Ok(given) => {
                let (length, payload) = seal(&given, &key);
                json!({"Response": {"Len": length, "Payload": payload, "RequestId": self.next_id().to_string()}})
            }
            Err(denied) => {
                count(&mut self.report.violations.bad_registration);
                error(match denied {
                    Denied::NoProduct => "ResourceNotFound.ProductNotExist",
                    Denied::NoDevice => "ResourceNotFound.DeviceNotExist",
                    Denied::Off => "UnauthorizedOperation.ProductNotSupportDynReg",
                    Denied::Active => "FailedOperation.DeviceAlreadyActive",
                })
            }
        }
    }

    /// The same, as the C SDKs ask.
    pub(super) fn register_tencent_as_before(
        &mut self,
        now: Instant,
        request: &Request<Bytes>,
    ) -> Value {
        let names = ["deviceName", "nonce", "productId", "timestamp", "signature"];
        let Some([name, nonce, product, timestamp, signature]) = texts(request, names) else {
            return self.bad_request(number(1001));
        };
        let Some(key) = self.tencent_product_secret(&product) else {
            return self.bad_request(number(1002));
        };
        let content = [
            "deviceName=",
            &name,
            "&nonce=",
            &nonce,
            "&productId=",
            &product,
            "&timestamp=",
            &timestamp,
        ];
        let tag = Mac::new(Algorithm::Sha1, key.as_bytes()).sign(content);
        // Of the digits.
        if !mac::equal(&STANDARD.encode(tag.to_hex()), &signature) {
            return self.bad_request(number(1003));
        }
        if !self.is_fresh(now, &timestamp, &nonce) {
            return self.bad_request(number(1004));
        }
        match self.give_tencent_key(&product, &name) {
            Ok(given) => {
                let (length, payload) = seal(&given, &key);
                json!({"code": 0, "message": "", "len": length, "payload": payload, "requestId": "1"})
            }
            Err(_) => {
                count(&mut self.report.violations.bad_registration);
                number(1020)
            }
        }
    }

    /// A device publishes.
    pub(super) fn publish_tencent(&mut self, now: Instant, request: &Request<Bytes>) -> Value {
        let names = ["ProductId", "DeviceName", "TopicName", "Payload"];
        let Some([product, name, topic, payload]) = texts(request, names) else {
            return self.bad_request(error("InvalidParameter"));
        };
        let id = DeviceId::tencent(product, name);
        let device = self.builder.accounts.tencent.iter().find(|one| DeviceId::from(*one) == id);
        let Some(device) = device else {
            return self.bad_request(error("ResourceNotFound.DeviceNotExist"));
        };
        // The text, and not the bytes that it stands for.
        let key = device.psk().expose().to_owned();
        if let Err(refused) = self.signed(now, request, &key) {
            return self.bad_request(error(refused));
        }
        if payload.len() > tencent::RULES.payload {
            count(&mut self.report.violations.payload_size);
            return error("InvalidParameterValue.PayloadOverLimit");
        }
        if self.publish_for(now, &id, &topic, Bytes::from(payload)) {
            json!({"Response": {"RequestId": self.next_id().to_string()}})
        } else {
            error("UnauthorizedOperation.TopicNotAuthorized")
        }
    }

    /// Whether a request is signed by its headers with this key.
    fn signed(
        &mut self,
        now: Instant,
        request: &Request<Bytes>,
        key: &str,
    ) -> Result<(), &'static str> {
        const UNSIGNED: &str = "AuthFailure.SignatureFailure";
        if header(request, "content-type") != "application/json; charset=utf-8" {
            return Err("InvalidParameter.ContentType");
        }
        let name = header(request, "x-tc-algorithm");
        let algorithm = match name {
            "hmacsha256" => Algorithm::Sha256,
            "hmacsha1" => Algorithm::Sha1,
            _ => return Err("InvalidParameter.Algorithm"),
        };
        let timestamp = header(request, "x-tc-timestamp");
        let nonce = header(request, "x-tc-nonce");
        let host = header(request, "host");
        let path = request.uri().path();
        let digest: String =
            Sha256::digest(request.body()).iter().map(|byte| format!("{byte:02x}")).collect();
        let content = format!("POST\n{host}\n{path}\n\n{name}\n{timestamp}\n{nonce}\n{digest}");
        let tag = Mac::new(algorithm, key.as_bytes()).sign([content.as_str()]);
        let ours = tag.with_bytes(|bytes| STANDARD.encode(bytes));
        if !mac::equal(&ours, header(request, "x-tc-signature")) {
            return Err(UNSIGNED);
        }
        let fresh = self.is_fresh(now, timestamp, nonce);
        if fresh { Ok(()) } else { Err("AuthFailure.SignatureExpire") }
    }

    /// Whether the time is about now, and the number another one than before.
    fn is_fresh(&mut self, now: Instant, timestamp: &str, nonce: &str) -> bool {
        let theirs = timestamp.parse().map(Duration::from_secs);
        let is_now = theirs.is_ok_and(|theirs| self.time(now).abs_diff(theirs) <= FIVE_MINUTES);
        is_now
            && nonce.bytes().all(|b| b.is_ascii_digit())
            && !nonce.is_empty()
            && self.is_new(nonce)
    }

    fn tencent_product_secret(&self, product_id: &str) -> Option<String> {
        self.builder.products.iter().find_map(|product| match &product.key {
            Key::Tencent(ours, secret) if ours.as_str() == product_id => {
                Some(secret.expose().to_owned())
            }
            _ => None,
        })
    }

    /// The key of a device that has never connected; the same each time.
    fn give_tencent_key(&mut self, product_id: &str, name: &str) -> Result<String, Denied> {
        let device = DeviceId::tencent(product_id, name);
        let product = self.builder.products.iter_mut().find(
            |product| matches!(&product.key, Key::Tencent(ours, _) if ours.as_str() == product_id),
        );
        let product = product.ok_or(Denied::NoProduct)?;
        if !product.registration {
            return Err(Denied::Off);
        }
        if !product.devices.iter().any(|known| known == name) {
            if !product.makes_devices {
                return Err(Denied::NoDevice);
            }
            product.devices.push(name.to_owned());
        }
        if self.activated.contains(&device) {
            return Err(Denied::Active);
        }
        let accounts = &mut self.builder.accounts.tencent;
        let psk = match accounts.iter().find(|old| DeviceId::from(*old) == device) {
            Some(old) => old.psk().expose().to_owned(),
            None => {
                let psk = STANDARD.encode(secret(&mut self.random, 16));
                let made = tencent::Device::new(product_id, name, psk.as_str());
                accounts.push(made.map_err(|_| Denied::NoDevice)?);
                psk
            }
        };
        count(&mut self.report.registrations);
        Ok(json!({"encryptionType": 2, "psk": psk}).to_string())
    }
}

/// Fields of a JSON object, numbers as digits.
fn texts<const N: usize>(request: &Request<Bytes>, names: [&str; N]) -> Option<[String; N]> {
    let body: Value = serde_json::from_slice(request.body()).ok()?;
    let found = names.map(|name| match body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    });
    found.iter().all(|text| !text.is_empty()).then_some(found)
}

/// AES-128-CBC with zero bytes behind the end, and none where a block ends there.
fn seal(plain: &str, key: &str) -> (usize, String) {
    let mut bytes = plain.as_bytes().to_vec();
    bytes.resize(plain.len().next_multiple_of(16), 0);
    let length = bytes.len();
    let Some(key) = key.as_bytes().first_chunk::<16>() else { return (0, String::new()) };
    let sealed = cbc::Encryptor::<Aes128>::new(key.into(), b"0000000000000000".into())
        .encrypt_padded::<NoPadding>(&mut bytes, length)
        .map(|sealed| STANDARD.encode(sealed));
    (plain.len(), sealed.unwrap_or_default())
}

fn error(code: &str) -> Value {
    json!({"Response": {"Error": {"Code": code, "Message": "refused"}, "RequestId": "1"}})
}

fn number(code: u16) -> Value {
    json!({"code": code, "message": "refused", "requestId": "1"})
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);
