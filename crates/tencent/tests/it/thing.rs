//! Topics and payloads, against the fixtures, and against anything at all.

mod any;
mod down;
mod limits;
mod secrets;
mod up;

use std::path::Path;

use iot_home_tencent::Device;
use iot_home_tencent::thing::Topics;
use serde_json::Value;

pub(crate) const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";

pub(crate) fn topics() -> Topics {
    Device::new("YOURPROD01", "lamp1", PSK).unwrap().topics()
}

pub(crate) fn cases(section: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/tencent-thing.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap();
    file[section].as_array().unwrap().clone()
}

/// A text as it is, and JSON as text.
pub(crate) fn payload(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

pub(crate) fn case(section: &str, id: &str) -> (String, String) {
    let cases = cases(section);
    let case = cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("{id}"));
    (case["topic"].as_str().unwrap().into(), payload(&case["payload"]))
}
