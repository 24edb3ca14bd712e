//! What is refused before it is sent.

use std::time::Duration;

use iot_home_aliyun::thing::pack::{Pack, Values};
use iot_home_aliyun::thing::{Address, Call, Down, EventId, MAX_PAYLOAD, Unwritable, What};
use serde_json::json;

use super::topics;

#[test]
fn wildcards_and_separators() {
    let topics = topics();
    for path in ["", "+", "#", "a/+", "a//b", "/a", "a/", "a/#", "a\0b", "a\nb"] {
        assert!(topics.user(path).is_err(), "{path:?}");
    }
    for path in ["", "+", "a/#", "/a", "a//b"] {
        assert!(topics.calls_of(path).is_err(), "{path:?}");
    }
    assert_eq!(topics.user("a/b").unwrap(), "/a1X2bEnP82z/lamp-1/user/a/b");
    assert!(topics.user(&"x".repeat(201)).is_err());
    for id in ["", "property", "a/b", "+", "#", "a b", "ü", &"x".repeat(129)] {
        assert!(EventId::new(id).is_err(), "{id:?}");
    }
    let error = EventId::new("property").unwrap_err().to_string();
    assert!(error.starts_with("the event id is a name"), "{error}");
    for filter in topics.subscriptions() {
        iot_home_mqtt::topic::check_filter(&filter).unwrap();
    }
}

/// Whatever the fixtures have for a device to receive, is subscribed to, but what needs no subscription.
#[test]
fn subscriptions_cover_what_arrives() {
    let own = topics().calls_of("a1X2bEnP82z/lamp-1/user/get").unwrap();
    let filters: Vec<_> = topics().subscriptions().into_iter().chain([own]).collect();
    for case in super::cases("down") {
        let topic = case["topic"].as_str().unwrap();
        let free = ["Unknown", "User", "App", "Secret", "Token", "Identity"];
        let is_free = free.contains(&case["is"].as_str().unwrap()) || topic.contains("a1SubSubSub");
        let covered = filters.iter().any(|filter| iot_home_mqtt::topic::matches(filter, topic));
        assert!(covered || is_free, "{topic}");
    }
}

#[test]
fn sizes() {
    let topics = topics();
    let fitting = |length| json!({"text": "x".repeat(length)});
    let built = Call::report("1", fitting(262_060)).to(&topics).unwrap();
    assert!(built.payload.len() <= MAX_PAYLOAD);
    let room = MAX_PAYLOAD - built.payload.len();
    let full = Call::report("1", fitting(262_060 + room)).to(&topics).unwrap();
    assert_eq!(full.payload.len(), MAX_PAYLOAD);
    assert_eq!(
        Call::report("1", fitting(262_061 + room)).to(&topics).unwrap_err(),
        Unwritable::Length { length: MAX_PAYLOAD + 1, most: MAX_PAYLOAD }
    );
    let rrpc = Down::parse("/sys/a1X2bEnP82z/lamp-1/rrpc/request/1", b"").unwrap();
    let What::Rrpc(rrpc) = rrpc.what else { panic!() };
    assert!(rrpc.answer(vec![0; MAX_PAYLOAD]).is_ok());
    assert!(rrpc.answer(vec![0; MAX_PAYLOAD + 1]).is_err());
}

#[test]
fn forms() {
    let topics = topics();
    for params in [json!([1]), json!(1), json!("{"), json!(null)] {
        let error = Call::report("1", params).to(&topics).unwrap_err();
        assert_eq!(error, Unwritable::NoObject { what: "properties" });
    }
    let nested = std::collections::HashMap::from([((1, 2), 3)]);
    let error = Call::report("1", nested).to(&topics).unwrap_err();
    assert_eq!(error, Unwritable::NotJson { what: "properties" });
}

#[test]
fn counts() {
    let full = |count: usize| {
        (0..count).try_fold(Values::new(), |values, at| {
            values.property(at.to_string(), Duration::ZERO, 1)
        })
    };
    assert!(full(200).is_ok());
    assert_eq!(
        full(201).unwrap_err(),
        Unwritable::TooMany { what: "properties", count: 201, most: 200 }
    );
    let (key, name) = ("a1".parse().unwrap(), "sub-01".parse().unwrap());
    let sub = Address::new(&key, &name);
    let pack = |count: usize| {
        (0..count)
            .try_fold(Pack::new(Values::<u8>::new()), |pack, _| pack.sub_device(sub, Values::new()))
    };
    assert!(pack(20).is_ok() && pack(21).is_err());
    assert!(Call::sub_register("1", vec![sub; 30]).is_ok());
    assert!(Call::sub_register("1", vec![sub; 31]).is_err());
    assert!(Call::batch_logout("1", vec![sub; 50]).is_ok());
    assert!(Call::batch_logout("1", vec![sub; 51]).is_err());
    let device = iot_home_aliyun::Device::new("a1", "sub-01", "s").unwrap().sub_device();
    let logins = |count| Call::batch_login("1", &vec![device.clone(); count], Duration::ZERO, true);
    assert!(logins(50).is_ok() && logins(51).is_err());
}
