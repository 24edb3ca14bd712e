//! The JSON of Tencent's IoT Explorer, and the time of its IoT Hub.

use iot_home_core::Instant;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::session::Outgoing;

impl Machine {
    pub(super) fn answer_tencent(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        let DeviceId::Tencent { product_id, device_name } = device else { return };
        let own = format!("/{product_id}/{device_name}");
        let Some(what) = message.topic.strip_suffix(&own) else { return };
        let (topic, answer) = match what {
            "$thing/up/property" => {
                let Some(request) = self.object(message) else { return };
                ("$thing/down/property", self.answer_property(device, &request))
            }
            "$thing/up/event" => {
                let Some(request) = self.object(message) else { return };
                ("$thing/down/event", answer_event(&request))
            }
            "$sys/operation" => {
                let Some(request) = self.object(message) else { return };
                ("$sys/operation/result", self.answer_time(now, &request))
            }
            _ => return,
        };
        if let Some(answer) = answer {
            self.say(now, format!("{topic}{own}"), &answer, message.qos);
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
                    let data = json!({"reported": self.reported(device)});
                    answer.insert("data".into(), data);
                }
                Some(answer)
            }
            Some("report_info") => Some(reply("report_info_reply", request, true)),
            Some("clear_control") => Some(reply("clear_control_reply", request, true)),
            // The answer to what the cloud asked for; the official Python SDK's names no method.
            Some("control_reply") => None,
            None if request.contains_key("code") => None,
            _ => Some(reply("unknown_reply", request, false)),
        }
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

fn answer_event(request: &Map<String, Value>) -> Option<Value> {
    match request.get("method").and_then(Value::as_str) {
        Some("event_post") => {
            let is_right = request.get("eventId").is_some_and(Value::is_string);
            Some(reply("event_reply", request, is_right))
        }
        Some("events_post") => {
            let is_right = request.get("events").is_some_and(Value::is_array);
            Some(reply("events_reply", request, is_right))
        }
        _ => None,
    }
}

fn reply(method: &str, request: &Map<String, Value>, is_right: bool) -> Value {
    let token = request.get("clientToken").unwrap_or(&Value::Null);
    let (code, status) = if is_right { (0, "success") } else { (400, "request error") };
    json!({"method": method, "clientToken": token, "code": code, "status": status})
}
