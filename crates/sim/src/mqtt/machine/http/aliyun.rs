//! The servers of Aliyun.

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::Request;
use bytes::Bytes;
use iot_home_aliyun as aliyun;
use iot_home_core::Instant;
use iot_home_mqtt::mac::{self, Algorithm, Mac};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{form, header};
use crate::mqtt::DeviceId;
use crate::mqtt::login::Guided;
use crate::mqtt::machine::Machine;
use crate::mqtt::machine::registration::algorithm_of;
use crate::mqtt::product::secret;
use crate::mqtt::report::count;

type Fields = BTreeMap<String, String>;

impl Machine {
    /// A device asks for its secret.
    pub(super) fn register_aliyun(&mut self, request: &Request<Bytes>) -> Value {
        let Some(fields) = form::read(request) else { return self.bad_request(code(460)) };
        let names = ["deviceName", "productKey", "random"];
        let Some([name, key, random]) = texts(&fields, names) else {
            return self.bad_request(code(460));
        };
        let Some(algorithm) = algorithm(&fields, "signMethod") else {
            return self.bad_request(code(6292));
        };
        let Some(product_secret) = self.aliyun_product_secret(key) else {
            return self.bad_request(code(6100));
        };
        let mac = Mac::new(algorithm, product_secret.expose().as_bytes());
        let tag = mac.sign(["deviceName", name, "productKey", key, "random", random]);
        if !mac::equal(&tag.to_hex(), &sign_of(&fields)) {
            return self.bad_request(code(6600));
        }
        // Whoever shows the same text twice has none that is random.
        if !self.is_new(random) {
            return self.bad_request(code(460));
        }
        match self.give_aliyun_secret(key, name) {
            Ok(secret) => {
                count(&mut self.report.registrations);
                let data = json!({"productKey": key, "deviceName": name, "deviceSecret": secret});
                json!({"code": 200, "data": data, "message": "success"})
            }
            Err(denied) => {
                count(&mut self.report.violations.bad_registration);
                code(denied.code())
            }
        }
    }

    /// The old way in: a user name and a password for MQTT.
    pub(super) fn guide_aliyun(&mut self, now: Instant, request: &Request<Bytes>) -> Value {
        let Some(fields) = form::read(request) else { return self.bad_request(code(460)) };
        let device = match self.proved(now, &fields, "signmethod") {
            Ok(device) => device,
            Err(refused) => return self.bad_request(code(refused)),
        };
        let (iot_id, token) = (secret(&mut self.random, 20), secret(&mut self.random, 32));
        let client_id = fields.get("clientId").cloned().unwrap_or_default();
        let expires = self.time(now).saturating_add(WEEK);
        let guided = Guided {
            device,
            client_id,
            iot_id: iot_id.clone(),
            token: token.clone().into(),
            expires,
        };
        self.builder.accounts.guide(guided);
        let mqtt = json!({"host": self.builder.guides_to.0, "port": self.builder.guides_to.1});
        let data = json!({"iotId": iot_id, "iotToken": token, "resources": {"mqtt": mqtt}});
        json!({"code": 200, "data": data, "message": "success"})
    }

    /// The access over HTTP: a token.
    pub(super) fn authenticate_aliyun(&mut self, now: Instant, request: &Request<Bytes>) -> Value {
        let body = serde_json::from_slice::<Fields>(request.body()).ok();
        let Some(fields) = body else { return self.bad_request(code(10001)) };
        if fields.get("version").is_none_or(|version| version != "default") {
            return self.bad_request(code(10001));
        }
        match self.proved(now, &fields, "signmethod") {
            Ok(device) => {
                let token = secret(&mut self.random, 32);
                if self.tokens.len() >= MOST_TOKENS {
                    self.tokens.pop_front();
                }
                self.tokens.push_back((token.clone(), device));
                json!({"code": 0, "message": "success", "info": {"token": token}})
            }
            Err(_) => self.bad_request(code(20000)),
        }
    }

    /// The access over HTTP: a message.
    pub(super) fn publish_aliyun(
        &mut self,
        now: Instant,
        topic: &str,
        request: &Request<Bytes>,
    ) -> Value {
        let token = header(request, "password");
        if token.is_empty() {
            return self.bad_request(code(20002));
        }
        let known = self.tokens.iter().find(|(known, _)| known == token);
        let Some((_, device)) = known.cloned() else {
            return self.bad_request(code(20003));
        };
        let topic = percent_decode_str(topic).decode_utf8_lossy();
        let is_binary = header(request, "content-type") == "application/octet-stream";
        if !is_binary {
            return self.bad_request(code(10001));
        }
        if request.body().len() > aliyun::registration::access::MAX_PAYLOAD {
            count(&mut self.report.violations.payload_size);
            return code(10001);
        }
        if self.publish_for(now, &device, &topic, request.body().clone()) {
            let id = self.next_id();
            json!({"code": 0, "message": "success", "info": {"messageId": id}})
        } else {
            code(30001)
        }
    }

    /// Who signed this with a device's secret: everything but four fields is signed, in the order of the names.
    fn proved(&self, now: Instant, fields: &Fields, method: &str) -> Result<DeviceId, u16> {
        let [key, name, _] =
            texts(fields, ["productKey", "deviceName", "clientId"]).ok_or(460_u16)?;
        let algorithm = algorithm(fields, method).ok_or(460_u16)?;
        if let Some(timestamp) = fields.get("timestamp") {
            let theirs = timestamp.parse().map(Duration::from_millis).map_err(|_| 460_u16)?;
            if self.time(now).abs_diff(theirs) > Duration::from_secs(15 * 60) {
                return Err(401);
            }
        }
        let id = DeviceId::aliyun(key, name);
        let device = self.builder.accounts.aliyun.iter().find(|one| DeviceId::from(*one) == id);
        let device = device.ok_or(6200_u16)?;
        let unsigned = ["version", "sign", "resources", method];
        let signed = fields.iter().filter(|(name, _)| !unsigned.contains(&name.as_str()));
        let content = signed.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let tag = Mac::new(algorithm, device.secret().expose().as_bytes()).sign(content);
        if mac::equal(&tag.to_hex(), &sign_of(fields)) { Ok(id) } else { Err(401) }
    }
}

fn texts<'a, const N: usize>(fields: &'a Fields, names: [&str; N]) -> Option<[&'a str; N]> {
    let found = names.map(|name| fields.get(name).map_or("", String::as_str));
    found.iter().all(|text| !text.is_empty()).then_some(found)
}

/// HMAC-MD5 unless something else is said.
fn algorithm(fields: &Fields, name: &str) -> Option<Algorithm> {
    fields.get(name).map_or("hmacmd5", String::as_str).parse().ok().map(algorithm_of)
}

/// Capital digits are taken as well.
fn sign_of(fields: &Fields) -> String {
    fields.get("sign").map(|sign| sign.to_ascii_lowercase()).unwrap_or_default()
}

fn code(code: u16) -> Value {
    json!({"code": code, "message": "refused"})
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const MOST_TOKENS: usize = 1000;
