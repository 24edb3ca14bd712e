//! The JSON of Tencent's IoT Explorer and IoT Hub.

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;
use crate::mqtt::thing::keep;

/// Where a device asks, and where it is answered.
const TOPICS: [(&str, &str); 10] = [
    ("$thing/up/property", "$thing/down/property"),
    ("$thing/up/event", "$thing/down/event"),
    ("$thing/up/action", "$thing/down/action"),
    ("$shadow/operation", "$shadow/operation/result"),
    ("$template/operation", "$template/operation/result"),
    ("$ota/report", "$ota/update"),
    ("$gateway/operation", "$gateway/operation/result"),
    ("$sys/operation", "$sys/operation/result"),
    ("$config/report", "$config/update"),
    ("$log/operation", "$log/operation/result"),
];

impl Machine {
    pub(super) fn answer_tencent(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        let DeviceId::Tencent { product_id, device_name } = device else { return };
        let own = format!("/{product_id}/{device_name}");
        let Some(what) = message.topic.strip_suffix(&own) else { return };
        let Some((_, topic)) = TOPICS.into_iter().find(|(up, _)| *up == what) else { return };
        let Some(request) = self.object(message) else { return };
        let topic = format!("{topic}{own}");
        let answer = match what {
            "$thing/up/property" => self.answer_property(device, &request),
            "$thing/up/event" => self.answer_event(device, &request),
            "$thing/up/action" => {
                self.answered(device, request.get("clientToken"), request.clone().into());
                None
            }
            "$shadow/operation" | "$template/operation" => {
                self.answer_document(now, device, &request)
            }
            "$ota/report" => return self.hear_ota(now, device, topic, &request),
            "$gateway/operation" => self.answer_gateway(device, &request),
            "$sys/operation" => self.answer_time(now, &request),
            "$config/report" => self.answer_config(device, &request),
            _ => answer_log(&request),
        };
        if let Some(answer) = answer {
            self.say_answer(now, topic, answer, message.qos);
        }
    }

    fn answer_property(
        &mut self,
        device: &DeviceId,
        request: &Map<String, Value>,
    ) -> Option<Value> {
        let method = request.get("method").and_then(Value::as_str);
        match method {
            Some("report") => {
                let params = request.get("params").and_then(Value::as_object);
                if let Some(params) = params {
                    self.keep_reported(device, params);
                }
                Some(reply("report_reply", request, params.is_some()))
            }
            Some("get_status") => {
                let mut answer = reply("get_status_reply", request, true);
                if let Some(answer) = answer.as_object_mut() {
                    let kind = request.get("type").cloned().unwrap_or_else(|| "report".into());
                    answer.insert("type".into(), kind);
                    let mut data = json!({"reported": self.reported(device)});
                    let wishes = &self.thing_mut(device).desired;
                    if let Some(data) = data.as_object_mut().filter(|_| !wishes.is_empty()) {
                        let wishes =
                            wishes.iter().map(|(name, (value, _))| (name.clone(), value.clone()));
                        data.insert("control".into(), Value::Object(wishes.collect()));
                    }
                    answer.insert("data".into(), data);
                }
                Some(answer)
            }
            Some("report_info") => Some(reply("report_info_reply", request, true)),
            Some("clear_control") => {
                self.thing_mut(device).desired.clear();
                Some(reply("clear_control_reply", request, true))
            }
            Some("control_reply") => {
                self.answered(device, request.get("clientToken"), request.clone().into());
                None
            }
            // The answer to what the cloud asked for; the official Python SDK's names no method.
            None if request.contains_key("code") => {
                self.answered(device, request.get("clientToken"), request.clone().into());
                None
            }
            _ => Some(reply("unknown_reply", request, false)),
        }
    }

    fn answer_event(&mut self, device: &DeviceId, request: &Map<String, Value>) -> Option<Value> {
        let mut note = |event: &Value| {
            let id = event.get("eventId").and_then(Value::as_str);
            let output = event.get("params").cloned().unwrap_or_default();
            if let Some(id) = id {
                keep(&mut self.thing_mut(device).events, (id.to_owned(), output));
            }
            id.is_some()
        };
        match request.get("method").and_then(Value::as_str) {
            Some("event_post") => {
                let is_right = note(&Value::Object(request.clone()));
                Some(reply("event_reply", request, is_right))
            }
            Some("events_post") => {
                let events = request.get("events").and_then(Value::as_array);
                let is_right = events.is_some_and(|events| events.iter().all(note));
                Some(reply("events_reply", request, is_right))
            }
            _ => None,
        }
    }

    /// The Hub's shadow, or the Explorer's properties in their old form, which is the same one.
    fn answer_document(
        &mut self,
        now: Instant,
        device: &DeviceId,
        request: &Map<String, Value>,
    ) -> Option<Value> {
        let kind = request.get("type").and_then(Value::as_str)?;
        let shadow = &mut self.thing_mut(device).shadow;
        let mut result = 0;
        match kind {
            "get" => {}
            "update" => {
                let version = request.get("version").and_then(Value::as_i64);
                if version.is_some_and(|version| version != shadow.version) {
                    result = 5005;
                } else {
                    let state = request.get("state").unwrap_or(&Value::Null);
                    for (name, value) in
                        state.get("reported").and_then(Value::as_object).into_iter().flatten()
                    {
                        shadow.reported.insert(name.clone(), value.clone());
                    }
                    if state.get("desired").is_some_and(Value::is_null) {
                        shadow.desired.clear();
                    }
                    shadow.version = shadow.version.saturating_add(1);
                }
            }
            _ => return None,
        }
        let shadow = shadow.clone();
        let mut state = json!({"reported": shadow.reported, "desired": shadow.desired});
        let unlike = |(name, value): &(String, Value)| shadow.reported.get(name) != Some(value);
        let delta: Map<_, _> = shadow.desired.clone().into_iter().filter(unlike).collect();
        if let Some(state) = state.as_object_mut().filter(|_| !delta.is_empty()) {
            state.insert("delta".into(), delta.into());
        }
        if result != 0 {
            count(&mut self.report.violations.shadow_version);
        }
        let millis = self.millis(now);
        Some(json!({
            "type": kind, "result": result, "clientToken": request.get("clientToken").unwrap_or(&Value::Null),
            "timestamp": millis,
            "payload": {"state": state, "version": shadow.version, "timestamp": millis},
        }))
    }

    fn hear_ota(
        &mut self,
        now: Instant,
        device: &DeviceId,
        topic: String,
        request: &Map<String, Value>,
    ) {
        let report = request.get("report").unwrap_or(&Value::Null);
        let version = report.get("version").and_then(Value::as_str);
        match (request.get("type").and_then(Value::as_str), version) {
            (Some("report_version"), Some(version)) => {
                self.thing_mut(device).versions.insert(String::new(), version.to_owned());
                let heard = json!({
                    "type": "report_version_rsp", "result_code": 0, "result_msg": "success",
                });
                self.say_answer(now, topic.clone(), heard, QoS::AtLeastOnce);
                let offer = self.firmware.get(&(device.clone(), String::new())).cloned();
                if let Some(Value::Object(mut offer)) = offer
                    && offer.get("version").and_then(Value::as_str) != Some(version)
                {
                    offer.insert("type".into(), "update_firmware".into());
                    self.say(now, topic, &offer.into(), QoS::AtLeastOnce);
                }
            }
            (Some("report_progress"), Some(_)) => {
                let progress = report.get("progress").unwrap_or(&Value::Null);
                // Numbers are texts here.
                let text = |name: &str| progress.get(name).and_then(Value::as_str);
                let code = text("result_code").and_then(|code| code.parse::<i64>().ok());
                let percent = text("percent").and_then(|percent| percent.parse::<u8>().ok());
                let step = match (text("state"), percent, code) {
                    (Some("downloading"), Some(percent @ 0..=100), Some(_)) => {
                        Some(format!("downloading {percent}"))
                    }
                    (Some(state @ ("burning" | "done")), _, Some(_)) => Some(state.to_owned()),
                    (Some("fail"), _, Some(code)) => Some(format!("fail {code}")),
                    _ => None,
                };
                match step {
                    Some(step) => keep(&mut self.thing_mut(device).progress, step),
                    None => count(&mut self.report.violations.progress),
                }
            }
            _ => count(&mut self.report.violations.bad_json),
        }
    }

    fn answer_config(&mut self, device: &DeviceId, request: &Map<String, Value>) -> Option<Value> {
        (request.get("type")? == "get").then(|| match self.configs.get(device) {
            Some(config) => json!({"type": "reply", "result": 0, "payload": config}),
            None => json!({"type": "reply", "result": 1003, "payload": {}}),
        })
    }

    fn answer_time(&self, now: Instant, request: &Map<String, Value>) -> Option<Value> {
        let asked = request.get("resource").and_then(Value::as_array)?;
        let is_time = request.get("type").is_some_and(|kind| kind == "get")
            && asked.iter().any(|resource| resource == "time");
        let millis = self.millis(now);
        is_time.then(|| {
            json!({"type": "get", "time": millis / 1000, "ntptime1": millis, "ntptime2": millis})
        })
    }
}

fn answer_log(request: &Map<String, Value>) -> Option<Value> {
    (request.get("type")? == "get_log_level").then(|| {
        let token = request.get("clientToken").unwrap_or(&Value::Null);
        json!({"type": "get_log_level", "clientToken": token, "log_level": 3, "timestamp": 0, "result": 0})
    })
}

fn reply(method: &str, request: &Map<String, Value>, is_right: bool) -> Value {
    let token = request.get("clientToken").unwrap_or(&Value::Null);
    let (code, status) = if is_right { (0, "success") } else { (400, "request error") };
    json!({"method": method, "clientToken": token, "code": code, "status": status})
}
