//! Gateways of Aliyun IoT, and the devices below them.

use iot_home_aliyun::SignMethod;
use iot_home_core::Instant;
use iot_home_mqtt::mac::{self, Mac};
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::machine::registration::{Denied, algorithm_of};
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;

impl Machine {
    /// What a gateway asks for below `/ext/session/{d}/combine/`.
    pub(super) fn answer_session(
        &mut self,
        now: Instant,
        gateway: &DeviceId,
        path: &str,
        message: &Outgoing,
    ) {
        let Some(request) = self.object(message) else { return };
        if message.qos != rumqttc::mqttbytes::QoS::AtMostOnce {
            count(&mut self.report.violations.session_qos);
        }
        let params = request.get("params").unwrap_or(&Value::Null);
        let listed = |name: &str| params.get(name).and_then(Value::as_array).cloned();
        let code = match path {
            "login" => self.log_in(gateway, std::slice::from_ref(params), None),
            "batch_login" => match (listed("deviceList"), params.get("signMethod")) {
                (Some(devices), method @ Some(_)) if devices.len() <= 50 => {
                    self.log_in(gateway, &devices, method.and_then(Value::as_str))
                }
                _ => 460,
            },
            "logout" => self.log_out(gateway, std::slice::from_ref(params)),
            "batch_logout" => match params.as_array().cloned() {
                Some(devices) if devices.len() <= 50 => self.log_out(gateway, &devices),
                _ => 460,
            },
            _ => return,
        };
        let answer = json!({
            "id": request.get("id").unwrap_or(&Value::Null),
            "code": code, "data": params_without_signs(params), "message": told(code),
        });
        self.say_answer(now, format!("{}_reply", message.topic), answer, message.qos);
    }

    fn log_in(&mut self, gateway: &DeviceId, devices: &[Value], method: Option<&str>) -> u16 {
        let mut ids = Vec::new();
        for device in devices {
            let Some(id) = identity(device) else { return 460 };
            if !self.thing_mut(gateway).sub_devices.contains(&id) {
                count(&mut self.report.violations.no_topology);
                return 6401;
            }
            if !self.is_signed(&id, device, method) {
                count(&mut self.report.violations.sub_device_signature);
                return 6287;
            }
            ids.push(id);
        }
        for id in ids {
            // A device is logged in by one gateway.
            for thing in self.things.values_mut() {
                thing.online.remove(&id);
            }
            self.activated.insert(id.clone());
            self.thing_mut(gateway).online.insert(id);
        }
        200
    }

    fn log_out(&mut self, gateway: &DeviceId, devices: &[Value]) -> u16 {
        for device in devices {
            let Some(id) = identity(device) else { return 460 };
            if !self.thing_mut(gateway).online.remove(&id) {
                return 520;
            }
        }
        200
    }

    /// What a gateway asks for of its topology: the code, and the data.
    pub(super) fn change_topology(
        &mut self,
        gateway: &DeviceId,
        path: &str,
        params: &Value,
    ) -> (u16, Value) {
        let devices = params.as_array().map_or(&[][..], Vec::as_slice);
        let code = match path {
            "topo/get" => {
                let below = self.thing_mut(gateway).sub_devices.clone();
                return (200, below.iter().filter_map(named).collect());
            }
            "topo/add" => devices.iter().try_for_each(|device| {
                let id = identity(device)
                    .filter(|id| self.builder.accounts.knows(id))
                    .ok_or(6100_u16)?;
                if id == *gateway {
                    return Err(6402);
                }
                if !self.is_signed(&id, device, None) {
                    count(&mut self.report.violations.sub_device_signature);
                    return Err(401);
                }
                self.thing_mut(gateway).sub_devices.insert(id);
                Ok(())
            }),
            "topo/delete" => devices.iter().try_for_each(|device| {
                let id = identity(device).ok_or(460_u16)?;
                let thing = self.thing_mut(gateway);
                thing.online.remove(&id);
                if thing.sub_devices.remove(&id) { Ok(()) } else { Err(6401) }
            }),
            _ => Ok(()),
        };
        let code = if params.is_array() { code.err().unwrap_or(200) } else { 460 };
        (code, params_without_signs(params))
    }

    /// A gateway asks for the secrets of devices: all of them are given, or none.
    pub(super) fn register_below(&mut self, gateway: &DeviceId, params: &Value) -> (u16, Value) {
        let devices = params.as_array().map_or(&[][..], Vec::as_slice);
        let given: Result<Vec<_>, u16> = match devices.len() {
            1..=MOST_REGISTRATIONS => {
                devices.iter().map(|device| self.give_below(gateway, device)).collect()
            }
            _ => Err(460),
        };
        match given {
            Ok(given) => {
                given.iter().for_each(|_| count(&mut self.report.registrations));
                (200, given.into())
            }
            Err(code) => {
                count(&mut self.report.violations.bad_registration);
                (code, json!({}))
            }
        }
    }

    /// A gateway shows that it knows the secrets of devices' products: what comes of it is told of each.
    pub(super) fn register_proxied(&mut self, gateway: &DeviceId, params: &Value) -> (u16, Value) {
        let devices = params.get("proxieds").and_then(Value::as_array);
        let devices = devices.map_or(&[][..], Vec::as_slice);
        if !(1..=MOST_REGISTRATIONS).contains(&devices.len()) {
            count(&mut self.report.violations.bad_registration);
            return (460, json!({}));
        }
        let (mut successes, mut failures) = (Vec::new(), Vec::new());
        for device in devices {
            let proved = self.is_proxied(device);
            match proved.and_then(|()| self.give_below(gateway, device)) {
                Ok(given) => {
                    count(&mut self.report.registrations);
                    successes.push(given);
                }
                Err(code) => {
                    count(&mut self.report.violations.bad_registration);
                    failures.push(json!({
                        "productKey": device.get("productKey"), "deviceName": device.get("deviceName"),
                        "code": code, "errorMessage": told(code),
                    }));
                }
            }
        }
        (200, json!({"successes": successes, "failures": failures}))
    }

    /// Whether it is signed with its product's secret, with a text that was not there before.
    fn is_proxied(&mut self, device: &Value) -> Result<(), u16> {
        let text = |name: &str| device.get(name).and_then(Value::as_str).ok_or(460_u16);
        let (key, name, random) = (text("productKey")?, text("deviceName")?, text("random")?);
        let method = sign_method(text("signMethod")?).ok_or(6292_u16)?;
        let secret = self.aliyun_product_secret(key).ok_or(6100_u16)?;
        let mac = Mac::new(algorithm_of(method), secret.expose().as_bytes());
        let tag = mac.sign(["deviceName", name, "productKey", key, "random", random]);
        if !mac::equal(&tag.to_hex(), &text("sign")?.to_ascii_lowercase()) {
            return Err(6600);
        }
        if self.is_new(random) { Ok(()) } else { Err(460) }
    }

    fn give_below(&mut self, gateway: &DeviceId, device: &Value) -> Result<Value, u16> {
        let id = identity(device).ok_or(460_u16)?;
        let DeviceId::Aliyun { product_key, device_name } = &id else { return Err(460) };
        let mut others = self.things.iter().filter(|(other, _)| *other != gateway);
        if others.any(|(_, thing)| thing.sub_devices.contains(&id)) {
            return Err(6619);
        }
        let secret = self.give_aliyun_secret(product_key, device_name).map_err(Denied::code)?;
        Ok(json!({
            "iotId": format!("{product_key}.{device_name}"),
            "productKey": product_key, "deviceName": device_name, "deviceSecret": secret,
        }))
    }

    /// Whether it is signed with the device's secret: everything but the signature, how it is made, and what is asked for.
    fn is_signed(&self, id: &DeviceId, device: &Value, method: Option<&str>) -> bool {
        let known = self.builder.accounts.aliyun.iter().find(|known| DeviceId::from(*known) == *id);
        let (Some(known), Some(fields)) = (known, device.as_object()) else { return false };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let method = method.or_else(|| text("signMethod")).or_else(|| text("signmethod"));
        let Some(method) = method.and_then(sign_method) else { return false };
        // The official Node SDK's time is a number.
        let told: Vec<_> = fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name.as_str(), text.clone()),
                other => (name.as_str(), other.to_string()),
            })
            .collect();
        let told = told.iter().map(|(name, text)| (*name, text.as_str()));
        text("sign").is_some_and(|sign| known.is_proved_by(method, told, sign))
    }
}

/// By its name, as any of the SDKs writes it.
fn sign_method(name: &str) -> Option<SignMethod> {
    Some(match name.to_ascii_lowercase().as_str() {
        "hmacsha1" => SignMethod::HmacSha1,
        "hmacmd5" => SignMethod::HmacMd5,
        "hmacsha256" | "sha256" => SignMethod::HmacSha256,
        _ => return None,
    })
}

pub(super) fn identity(device: &Value) -> Option<DeviceId> {
    let text = |name: &str| device.get(name).and_then(Value::as_str);
    Some(DeviceId::aliyun(text("productKey")?, text("deviceName")?))
}

fn named(device: &DeviceId) -> Option<Value> {
    match device {
        DeviceId::Aliyun { product_key, device_name } => {
            Some(json!({"productKey": product_key, "deviceName": device_name}))
        }
        _ => None,
    }
}

/// Which devices it is about.
fn params_without_signs(params: &Value) -> Value {
    let one = |device: &Value| identity(device).as_ref().and_then(named);
    match params {
        Value::Array(devices) => devices.iter().filter_map(one).collect(),
        other => match other.get("deviceList").and_then(Value::as_array) {
            Some(devices) => devices.iter().filter_map(one).collect(),
            None => one(other).unwrap_or_else(|| Map::new().into()),
        },
    }
}

pub(super) const fn told(code: u16) -> &'static str {
    match code {
        200 => "success",
        401 | 6287 => "invalid sign",
        520 => "device no session",
        6100 => "device not found",
        6106 => "too many properties",
        6288 => "dynamic registration is off",
        6289 => "device already active",
        6292 => "sign method not supported",
        6401 => "topo relation not exist",
        6600 => "invalid sign",
        6619 => "device bound to another gateway",
        6710 => "no remote configuration",
        _ => "request parameter error",
    }
}

/// So many devices may be registered at once.
const MOST_REGISTRATIONS: usize = 30;
