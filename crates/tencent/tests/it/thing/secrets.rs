//! Nothing of it prints a payload or a link.

use std::time::Duration;

use iot_home_tencent::thing::event::{Event, Severity};
use iot_home_tencent::thing::{Address, Down, gateway, property};
use iot_home_tencent::{Device, SignMethod};
use serde_json::json;

use super::{PSK, cases, payload, topics};

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Vec::new();
    for case in cases("down") {
        let mut message = case["payload"].clone();
        if let Some(object) = message.as_object_mut() {
            object.insert("more".into(), json!(PSK));
            for name in ["params", "data", "payload"] {
                if let Some(inner) = object.get_mut(name).and_then(|inner| inner.as_object_mut()) {
                    inner.insert("secret".into(), json!(PSK));
                }
            }
        }
        let (topic, body) = (case["topic"].as_str().unwrap(), payload(&message));
        let down = Down::parse(topic, body.as_bytes()).unwrap();
        printed.push(format!("{down:?}\n{down:#?}"));
        // Cut off anywhere, the error does not quote it.
        for at in 0..body.len() {
            if let Some(cut) = body.get(..at) {
                let error = Down::parse(topic, cut.as_bytes()).map(|_| ()).err();
                printed.push(error.map(|error| format!("{error} {error:?}")).unwrap_or_default());
            }
        }
    }
    let device = Device::new("YOURPROD01", "lamp1", PSK).unwrap();
    let proof = device.bind_proof(SignMethod::HmacSha256, 1, Duration::ZERO);
    let address = Address::new(device.product_id(), device.device_name());
    let bind = gateway::bind(&topics(), address, &proof).unwrap();
    let sign = proof.signature.expose();
    assert!(String::from_utf8_lossy(&bind.payload).contains(sign.as_str()));
    let report = property::report(&topics(), "1", None, &json!({"secret": PSK})).unwrap();
    let event = Event::new("a", Severity::Info, Duration::ZERO, PSK).unwrap();
    printed.push(format!("{bind:?} {report:?} {event:?}"));
    for text in &printed {
        for secret in [PSK, "7WmFA/MEs", sign] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(printed.len() > 1000);
}
