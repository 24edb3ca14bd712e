//! What is refused before it is sent, and when it arrives.

use std::time::Duration;

use iot_home_tencent::thing::event::{Event, Severity};
use iot_home_tencent::thing::{
    Down, MAX_PAYLOAD, Publication, Unreadable, Unwritable, What, property, shadow, template,
};
use serde_json::{Value, json};

use super::topics;

#[test]
fn wildcards_and_separators() {
    let topics = topics();
    for path in ["", "+", "#", "a/+", "a//b", "/a", "a/", "a/#", "a\0b", "a\nb"] {
        assert!(topics.user(path).is_err(), "{path:?}");
    }
    assert_eq!(topics.user("a/b").unwrap(), "YOURPROD01/lamp1/a/b");
    for id in ["", "a/b", "+", "a b", "ü", &"x".repeat(65)] {
        assert!(Event::new(id, Severity::Info, Duration::ZERO, ()).is_err(), "{id:?}");
    }
}

#[test]
fn subscriptions_cover_what_arrives() {
    let filters = topics().subscriptions();
    for filter in &filters {
        iot_home_mqtt::topic::check_filter(filter).unwrap();
        assert!(filter.len() <= 255);
    }
    for case in super::cases("down") {
        let topic = case["topic"].as_str().unwrap();
        let is_free = case["is"] == "Unknown" || case["id"] == "own";
        let covered = filters.iter().any(|filter| iot_home_mqtt::topic::matches(filter, topic));
        assert!(covered || is_free, "{topic}");
    }
}

#[test]
fn sizes() {
    let topics = topics();
    let report =
        |length| property::report(&topics, "1", None, &json!({"text": "x".repeat(length)}));
    let room = MAX_PAYLOAD - report(0).unwrap().payload.len();
    assert_eq!(report(room).unwrap().payload.len(), 16 * 1024);
    assert_eq!(
        report(room + 1).unwrap_err(),
        Unwritable::Length { length: MAX_PAYLOAD + 1, most: MAX_PAYLOAD }
    );
    // What is in front of the values of a shadow and of a template is as long.
    for update in [
        shadow::update as fn(&_, &_, &Value, Option<u64>) -> Result<Publication, Unwritable>,
        shadow::take_over,
        template::update,
        template::take_over,
    ] {
        let told = |length| update(&topics, "1", &json!({"text": "x".repeat(length)}), Some(1));
        let room = MAX_PAYLOAD - told(0).unwrap().payload.len();
        assert_eq!(told(room).unwrap().payload.len(), MAX_PAYLOAD);
        let error = Unwritable::Length { length: MAX_PAYLOAD + 1, most: MAX_PAYLOAD };
        assert_eq!(told(room + 1).unwrap_err(), error);
        for values in [json!([1]), json!(1), json!(null)] {
            let error = update(&topics, "1", &values, None).unwrap_err();
            assert_eq!(error, Unwritable::NoObject { what: "values" });
        }
    }
    for get in [shadow::get, template::get] {
        assert!(get(&topics, &"x".repeat(MAX_PAYLOAD)).is_err());
    }
    let rrpc = Down::parse("$rrpc/rxd/YOURPROD01/lamp1/1", b"").unwrap();
    let What::Rrpc(rrpc) = rrpc.what else { panic!() };
    assert!(rrpc.answer(vec![0; MAX_PAYLOAD]).is_ok());
    assert!(rrpc.answer(vec![0; MAX_PAYLOAD + 1]).is_err());
    let long = vec![0; MAX_PAYLOAD + 1];
    let error = Down::parse("YOURPROD01/lamp1/data", &long).map(|_| ()).unwrap_err();
    assert_eq!(error, Unreadable::Length { length: MAX_PAYLOAD + 1, most: MAX_PAYLOAD });
}

#[test]
fn forms() {
    for params in [json!([1]), json!(1), json!(null)] {
        let error = property::report(&topics(), "1", None, &params).unwrap_err();
        assert_eq!(error, Unwritable::NoObject { what: "properties" });
    }
}
