//! The shadow of Aliyun IoT.

use iot_home_core::Instant;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;
use crate::mqtt::thing::ShadowDocument;

impl Machine {
    pub(super) fn answer_shadow(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        let DeviceId::Aliyun { product_key, device_name } = device else { return };
        let answer = match self.object(message) {
            Some(request) => change(&mut self.thing_mut(device).shadow, &request),
            None => Err(400),
        };
        if answer == Err(409) {
            count(&mut self.report.violations.shadow_version);
        }
        let payload = match answer {
            Ok(Some(shadow)) => json!({
                "status": "success",
                "state": {"reported": shadow.reported, "desired": shadow.desired},
            }),
            Ok(None) => json!({"status": "success"}),
            Err(code) => json!({
                "status": "error", "content": {"errorcode": code.to_string(), "errormessage": "refused"},
            }),
        };
        let version = self.thing_mut(device).shadow.version;
        let answer = json!({
            "method": "reply", "payload": payload, "version": version, "timestamp": self.time(now).as_secs(),
        });
        self.say_answer(
            now,
            format!("/shadow/get/{product_key}/{device_name}"),
            answer,
            message.qos,
        );
    }
}

/// Does what is asked, and gives the shadow where that was asked for.
fn change(
    shadow: &mut ShadowDocument,
    request: &Map<String, Value>,
) -> Result<Option<ShadowDocument>, u16> {
    let method = request.get("method").and_then(Value::as_str).ok_or(401_u16)?;
    if method == "get" {
        return Ok(Some(shadow.clone()));
    }
    if !matches!(method, "update" | "delete") {
        return Err(401);
    }
    let state = request.get("state").and_then(Value::as_object).ok_or(402_u16)?;
    let version = request.get("version").and_then(Value::as_i64).ok_or(403_u16)?;
    if version != -1 && version <= shadow.version {
        return Err(409);
    }
    if state.get("desired").is_some_and(|desired| desired == "null") {
        shadow.desired.clear();
    } else if method == "update" {
        let reported = state.get("reported").and_then(Value::as_object).ok_or(404_u16)?;
        if reported.is_empty() {
            return Err(405);
        }
        if reported.len() > MOST_VALUES {
            return Err(406);
        }
        for (name, value) in reported {
            shadow.reported.insert(name.clone(), value.clone());
        }
    } else {
        match state.get("reported") {
            Some(Value::String(all)) if all == "null" => shadow.reported.clear(),
            Some(Value::Object(names)) => {
                shadow.reported.retain(|name, _| !names.contains_key(name));
            }
            _ => return Err(404),
        }
    }
    shadow.version = version.max(0);
    Ok(None)
}

/// As many values as the document lets a shadow have.
const MOST_VALUES: usize = 128;
