//! Alink, the JSON of Aliyun IoT.

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value, json};

use super::aliyun_gateway::{identity, told};
use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;
use crate::mqtt::thing::keep;

impl Machine {
    pub(super) fn answer_alink(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        let DeviceId::Aliyun { product_key, device_name } = device else { return };
        let own = format!("{product_key}/{device_name}");
        let below = |prefix: &str| message.topic.strip_prefix(&format!("{prefix}{own}"));
        if below("/ext/ntp/") == Some("/request") {
            return self.answer_ntp(now, product_key, device_name, message);
        }
        if below("/shadow/update/") == Some("") {
            return self.answer_shadow(now, device, message);
        }
        if let Some(path) = below("/ext/session/").and_then(|path| path.strip_prefix("/combine/")) {
            return self.answer_session(now, device, path, message);
        }
        for what in ["inform", "progress", "request"] {
            if below(&format!("/ota/device/{what}/")) == Some("") {
                return self.hear_firmware(now, device, what, message);
            }
        }
        let Some(path) = below("/sys/").and_then(|path| path.strip_prefix("/thing/")) else {
            return;
        };
        if let Some(asked) = path.strip_suffix("_reply") {
            // Data of a form of one's own has no id.
            if asked != "model/down_raw" {
                self.hear_reply(device, message);
            }
            return;
        }
        let reply = format!("{}_reply", message.topic);
        if path.starts_with("model/") || !device.receives(&reply) {
            return;
        }
        let Some(request) = self.object(message) else {
            let refusal = json!({
                "id": "0", "code": 400, "data": {}, "message": "request error", "version": "1.0",
            });
            self.say_answer(now, reply, refusal, message.qos);
            return;
        };
        let (code, data) = match request.get("params") {
            Some(params) => self.take_request(device, path, params),
            None => (460, json!({})),
        };
        let wants_none = request.get("sys").and_then(|sys| sys.get("ack")) == Some(&json!(0));
        if wants_none {
            return;
        }
        let method = format!("thing.{}", path.replace('/', "."));
        let answer = json!({
            // Whatever it is, it comes back as it was.
            "id": request.get("id").unwrap_or(&Value::Null),
            "code": code,
            "data": data,
            "message": told(code),
            "method": request.get("method").cloned().unwrap_or_else(|| method.into()),
            "version": "1.0",
        });
        self.say_answer(now, reply, answer, message.qos);
    }

    fn hear_reply(&mut self, device: &DeviceId, message: &Outgoing) {
        let Some(reply) = self.object(message) else { return };
        self.answered(device, reply.get("id"), Value::Object(reply.clone()));
    }

    /// Does what the request says: the code of the answer, and its data.
    fn take_request(&mut self, device: &DeviceId, path: &str, params: &Value) -> (u16, Value) {
        let done = |code| (code, json!({}));
        match (path, params) {
            ("event/property/post", Value::Object(params)) if params.len() > 200 => done(6106),
            ("event/property/post", Value::Object(params)) => {
                self.keep_reported(device, &bare(params));
                done(200)
            }
            ("event/property/post", _) => done(460),
            ("event/property/pack/post", Value::Object(pack)) => done(self.take_pack(device, pack)),
            ("event/property/history/post", _) => done(200),
            ("property/desired/get", Value::Array(names)) => {
                let desired = &self.thing_mut(device).desired;
                let wishes = names.iter().filter_map(Value::as_str).filter_map(|name| {
                    let (value, version) = desired.get(name)?;
                    Some((name.to_owned(), json!({"value": value, "version": version})))
                });
                (200, Value::Object(wishes.collect()))
            }
            ("property/desired/delete", Value::Object(names)) => {
                let desired = &mut self.thing_mut(device).desired;
                for (name, of) in names {
                    let version = of.get("version").and_then(Value::as_u64).unwrap_or(u64::MAX);
                    if desired.get(name).is_some_and(|(_, known)| *known <= version) {
                        desired.remove(name);
                    }
                }
                done(200)
            }
            ("config/get", _) => match self.configs.get(device) {
                Some(config) => (200, config.clone()),
                None => done(6710),
            },
            ("config/log/get", _) => (200, json!({"content": {"mode": 1}})),
            ("log/post", Value::Array(lines)) => {
                for line in lines.iter().filter_map(Value::as_str) {
                    keep(&mut self.thing_mut(device).logs, line.to_owned());
                }
                done(200)
            }
            ("ota/firmware/get", _) => {
                let module = params.get("module").and_then(Value::as_str).unwrap_or_default();
                let offer = self.firmware.get(&(device.clone(), module.to_owned()));
                (200, offer.cloned().unwrap_or_else(|| json!({})))
            }
            ("topo/add" | "topo/delete" | "topo/get" | "list/found", params) => {
                self.change_topology(device, path, params)
            }
            ("sub/register", params) => self.register_below(device, params),
            ("proxy/provisioning/product_register", params) => {
                self.register_proxied(device, params)
            }
            (path, params) => {
                let id = path.strip_prefix("event/").and_then(|path| path.strip_suffix("/post"));
                if let Some(id) = id {
                    let output = params.get("value").unwrap_or(params).clone();
                    keep(&mut self.thing_mut(device).events, (id.to_owned(), output));
                }
                done(200)
            }
        }
    }

    /// Values of a gateway and of the devices below it: the last of each name.
    fn take_pack(&mut self, gateway: &DeviceId, pack: &Map<String, Value>) -> u16 {
        let subs = pack.get("subDevices").and_then(Value::as_array).cloned().unwrap_or_default();
        if subs.len() > 20 {
            return 6357;
        }
        let last = |of: Option<&Value>| {
            let names = of.and_then(Value::as_object).into_iter().flatten();
            let last = names.map(|(name, value)| {
                let value = value.as_array().and_then(|values| values.last()).unwrap_or(value);
                (name.clone(), value.clone())
            });
            bare(&last.collect())
        };
        self.keep_reported(gateway, &last(pack.get("properties")));
        for sub in &subs {
            let id = sub.get("identity").and_then(identity);
            let Some(id) = id.filter(|id| self.thing_mut(gateway).sub_devices.contains(id)) else {
                count(&mut self.report.violations.no_topology);
                return 6401;
            };
            self.keep_reported(&id, &last(sub.get("properties")));
        }
        200
    }

    fn hear_firmware(&mut self, now: Instant, device: &DeviceId, what: &str, message: &Outgoing) {
        let Some(request) = self.object(message) else { return };
        let params = request.get("params").unwrap_or(&Value::Null);
        let text = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
        let module = text("module").unwrap_or_default();
        if what == "progress" {
            let step = match params.get("step") {
                Some(Value::String(text)) => text.clone(),
                other => other.unwrap_or(&Value::Null).to_string(),
            };
            if !step.parse().is_ok_and(|step: i64| (-4..=100).contains(&step) && step != 0) {
                count(&mut self.report.violations.progress);
            }
            return keep(&mut self.thing_mut(device).progress, step);
        }
        let Some(version) = text("version") else {
            return count(&mut self.report.violations.bad_json);
        };
        let offer = self.firmware.get(&(device.clone(), module.clone())).cloned();
        let versions = &mut self.thing_mut(device).versions;
        if versions.len() < 100 {
            versions.insert(module, version.clone());
        }
        let Some(offer) = offer.filter(|offer| offer.get("version") != Some(&json!(version)))
        else {
            return;
        };
        let DeviceId::Aliyun { product_key, device_name } = device else { return };
        let id = self.next_id();
        let upgrade = json!({"code": "1000", "data": offer, "id": id, "message": "success"});
        let topic = format!("/ota/device/upgrade/{product_key}/{device_name}");
        self.say(now, topic, &upgrade, QoS::AtLeastOnce);
    }

    fn answer_ntp(&mut self, now: Instant, key: &str, name: &str, message: &Outgoing) {
        let Some(request) = self.object(message) else { return };
        let time = self.millis(now).to_string();
        let answer = json!({
            "deviceSendTime": request.get("deviceSendTime").unwrap_or(&Value::Null),
            "serverRecvTime": time,
            "serverSendTime": time,
        });
        self.say_answer(now, format!("/ext/ntp/{key}/{name}/response"), answer, QoS::AtMostOnce);
    }
}

/// Values without their times.
fn bare(params: &Map<String, Value>) -> Map<String, Value> {
    let bare = params.iter().map(|(name, value)| {
        // A value, or a value with its time.
        let inner = value.as_object().filter(|object| object.contains_key("time"));
        let inner = inner.and_then(|object| object.get("value"));
        (name.clone(), inner.unwrap_or(value).clone())
    });
    bare.collect()
}
