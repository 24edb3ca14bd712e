//! The two messages that a subscribed device sends.

use alloc::boxed::Box;
use alloc::vec::Vec;

use iot_home_core::{Did, EventId, Piid, PropertyId};
use serde_json::Value;

use super::{Change, Event, Occurrence};
use crate::json::Lenient;
use crate::message::DeviceRequest;

/// Whether this is a message that subscribers get.
pub(crate) fn is_uplink(request: &DeviceRequest) -> bool {
    matches!(request.method.as_str(), CHANGED | OCCURRED)
}

/// What a message tells, and whether all of it could be read.
pub(super) fn read(request: &DeviceRequest) -> (Option<Event>, bool) {
    match request.method.as_str() {
        CHANGED => {
            let items = request.params.as_array().map(Vec::as_slice).unwrap_or_default();
            let changes: Vec<_> = items.iter().take(MAX_ITEMS).filter_map(change).collect();
            let whole = changes.len() == items.len() && !changes.is_empty();
            (Some(changes).filter(|changes| !changes.is_empty()).map(Event::Changed), whole)
        }
        OCCURRED => {
            // One bare object; an array of one is taken as well.
            let params = match &request.params {
                Value::Array(items) => items.first().unwrap_or(&Value::Null),
                params => params,
            };
            match occurrence(params) {
                Some((occurrence, whole)) => (Some(Event::Occurred(Box::new(occurrence))), whole),
                None => (None, false),
            }
        }
        _ => (None, false),
    }
}

/// The did that a message is about, to tell it from others with its id.
pub(super) fn did(request: &DeviceRequest) -> Option<Did> {
    let item = match &request.params {
        Value::Array(items) => items.first()?,
        params => params,
    };
    did_of(item)
}

fn change(item: &Value) -> Option<Change> {
    let id = PropertyId::new(number(item, "siid")?, number(item, "piid")?);
    Some(Change { did: did_of(item)?, id, value: item.get("value")?.clone() })
}

fn occurrence(params: &Value) -> Option<(Occurrence, bool)> {
    let id = EventId::new(number(params, "siid")?, number(params, "eiid")?);
    let given = match params.get("arguments") {
        Some(Value::Array(given)) => given.as_slice(),
        _ => &[],
    };
    let argument =
        |item: &Value| Some((Piid::new(number(item, "piid")?), item.get("value")?.clone()));
    let arguments: Vec<_> = given.iter().take(MAX_ITEMS).filter_map(argument).collect();
    let whole = arguments.len() == given.len();
    Some((Occurrence { did: did_of(params)?, id, arguments }, whole))
}

fn did_of(item: &Value) -> Option<Did> {
    match item.get("did")? {
        Value::String(did) => did.parse().ok(),
        // A number where a string belongs.
        Value::Number(did) => Some(Did::from(did.as_u64()?)),
        _ => None,
    }
}

fn number(item: &Value, key: &str) -> Option<u32> {
    u32::try_from(item.get(key)?.to_i64()?).ok()
}

/// The texts by which a device names its messages. The second one has one r less than it should.
const CHANGED: &str = "properties_changed";
const OCCURRED: &str = "event_occured";
/// What is read of one message; a packet of 64 KiB holds more than any device has.
const MAX_ITEMS: usize = 256;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use serde_json::json;

    use super::*;

    fn request(method: &str, params: Value) -> DeviceRequest {
        DeviceRequest { id: 1, method: method.into(), params }
    }

    #[test]
    fn both_messages_are_read() {
        let changed = request(CHANGED, json!([{"did": "7", "siid": 2, "piid": 1, "value": true}]));
        assert!(is_uplink(&changed));
        let change = Change { did: 7.into(), id: (2, 1).into(), value: json!(true) };
        assert_eq!(read(&changed), (Some(Event::Changed(vec![change])), true));
        let params = json!({"did": "lumi.1", "siid": 3, "eiid": 1,
            "arguments": [{"piid": 1, "value": 5}]});
        let occurred = request(OCCURRED, params);
        let occurrence = Occurrence {
            did: "lumi.1".parse().unwrap(),
            id: (3, 1).into(),
            arguments: vec![(Piid::new(1), json!(5))],
        };
        assert_eq!(read(&occurred), (Some(Event::Occurred(Box::new(occurrence))), true));
        assert!(!is_uplink(&request("event_occurred", json!({}))), "the wire has one r");
    }

    #[test]
    fn what_is_readable_of_a_damaged_message_is_read() {
        let good = json!({"did": "7", "siid": 2, "piid": 1, "value": 1});
        for bad in [
            json!({"did": "7", "siid": 2, "value": 1}),
            json!({"did": "7", "siid": -2, "piid": 1, "value": 1}),
            json!({"did": "7", "siid": 2, "piid": 1}),
            json!({"did": "", "siid": 2, "piid": 1, "value": 1}),
            json!({"did": 1.5, "siid": 2, "piid": 1, "value": 1}),
            json!(null),
        ] {
            let (event, whole) = read(&request(CHANGED, json!([bad, good])));
            let Some(Event::Changed(changes)) = event else { panic!("{bad}") };
            assert_eq!((changes.len(), whole), (1, false), "{bad}");
            assert_eq!(read(&request(CHANGED, json!([bad]))), (None, false));
        }
        for bad in [json!([]), json!({}), json!("x"), json!({"did": "7", "siid": 1})] {
            assert_eq!(read(&request(OCCURRED, bad.clone())), (None, false), "{bad}");
        }
        let many = vec![good; 300];
        let (Some(Event::Changed(changes)), false) = read(&request(CHANGED, json!(many))) else {
            panic!("a part of it")
        };
        assert_eq!(changes.len(), MAX_ITEMS);
    }
}
