//! Alink, the JSON of Aliyun IoT.

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::session::Outgoing;

impl Machine {
    pub(super) fn answer_alink(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        let DeviceId::Aliyun { product_key, device_name } = device else { return };
        if message.topic == format!("/ext/ntp/{product_key}/{device_name}/request") {
            return self.answer_ntp(now, product_key, device_name, message);
        }
        let system = format!("/sys/{product_key}/{device_name}/thing/");
        let reply = format!("{}_reply", message.topic);
        let Some(path) = message.topic.strip_prefix(&system) else { return };
        if !is_answered(path) || !device.receives(&reply) {
            return;
        }
        let Some(request) = self.object(message) else {
            let refusal = json!({
                "id": "0", "code": 400, "data": {}, "message": "request error", "version": "1.0",
            });
            self.say(now, reply, &refusal, message.qos);
            return;
        };
        let code = self.take_request(device, path, &request);
        let wants_none = request.get("sys").and_then(|sys| sys.get("ack")) == Some(&json!(0));
        if wants_none {
            return;
        }
        let told = match code {
            200 => "success",
            6106 => "too many properties",
            _ => "request parameter error",
        };
        let method = format!("thing.{}", path.replace('/', "."));
        let answer = json!({
            // Whatever it is, it comes back as it was.
            "id": request.get("id").unwrap_or(&Value::Null),
            "code": code,
            "data": {},
            "message": told,
            "method": request.get("method").cloned().unwrap_or_else(|| method.into()),
            "version": "1.0",
        });
        self.say(now, reply, &answer, message.qos);
    }

    /// Does what the request says; the code of the answer.
    fn take_request(&mut self, device: &DeviceId, path: &str, request: &Map<String, Value>) -> u16 {
        let Some(params) = request.get("params") else { return 460 };
        match (path, params) {
            ("event/property/post", Value::Object(params)) if params.len() > 200 => 6106,
            ("event/property/post", Value::Object(params)) => {
                let bare = params.iter().map(|(name, value)| {
                    // A value, or a value with its time.
                    let inner = value.as_object().filter(|object| object.contains_key("time"));
                    let inner = inner.and_then(|object| object.get("value"));
                    (name.clone(), inner.unwrap_or(value).clone())
                });
                self.keep_reported(device, &bare.collect());
                200
            }
            ("event/property/post", _) => 460,
            _ => 200,
        }
    }

    fn answer_ntp(&mut self, now: Instant, key: &str, name: &str, message: &Outgoing) {
        let Some(request) = self.object(message) else { return };
        let time = self.millis(now).to_string();
        let answer = json!({
            "deviceSendTime": request.get("deviceSendTime").unwrap_or(&Value::Null),
            "serverRecvTime": time,
            "serverSendTime": time,
        });
        self.say(now, format!("/ext/ntp/{key}/{name}/response"), &answer, QoS::AtMostOnce);
    }
}

/// Whether success is all that there is to tell. Devices below gateways, remote configurations and raw messages take
/// more than that.
fn is_answered(path: &str) -> bool {
    let simple = ["event/", "deviceinfo/", "property/desired/", "log/", "ota/"];
    simple.into_iter().any(|simple| path.starts_with(simple))
}
