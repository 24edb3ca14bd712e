//! Rules of things, each broken by a client that is nothing but bytes, and what becomes of answers.

use std::time::Duration;

use iot_home_aliyun::SubDevice;
use iot_home_sim::mqtt::{AnswerFault, ConnectionId, DeviceId, Faults, Violations};
use iot_home_tencent as tencent;
use serde_json::{Value, json};

use super::wire::{Wire, publish};
use super::{KEY, PRODUCT, aliyun_id, both, tencent_id};

const OWN: &str = "/sys/a1X2bEnP82z/lamp-1/thing/";
const SUB: &str = "/sys/a1X2bEnP82z/sub-1/thing/";
const SESSION: &str = "/ext/session/a1X2bEnP82z/lamp-1/combine/";

fn sub() -> iot_home_aliyun::Device {
    iot_home_aliyun::Device::new(KEY, "sub-1", "sub1sub1sub1sub1").unwrap()
}

fn lock() -> tencent::Device {
    tencent::Device::new(PRODUCT, "lock1", "7WmFA/MEs+Fy+32QwJWtYw==").unwrap()
}

fn wire() -> Wire {
    Wire::new(both().aliyun(sub()).tencent(lock()))
}

/// One violation, and no other.
fn only(set: impl FnOnce(&mut Violations)) -> Violations {
    let mut violations = Violations::default();
    set(&mut violations);
    assert_eq!(violations.total(), 1);
    violations
}

fn say(wire: &mut Wire, id: ConnectionId, topic: &str, payload: &Value) -> Vec<Value> {
    wire.send(id, &publish(topic, payload.to_string().as_bytes(), 0));
    let json = |payload: &[u8]| serde_json::from_slice(payload).unwrap();
    wire.publishes(id).into_iter().map(|message| json(&message.payload)).collect()
}

/// What a gateway presents, as the pages of the platform have it.
fn presented(device: &SubDevice, method: &str) -> Value {
    let proof = device.sign(Duration::from_millis(5));
    json!({
        "productKey": KEY, "deviceName": "sub-1", "clientId": proof.client_id, "timestamp": proof.timestamp,
        method: "hmacSha256", "sign": proof.sign.expose(), "cleanSession": "true",
    })
}

#[test]
fn answers_to_what_was_not_asked() {
    for topic in
        ["service/property/set_reply", "service/open_reply", "config/push_reply", "disable_reply"]
    {
        let mut wire = wire();
        let id = wire.aliyun();
        say(&mut wire, id, &format!("{OWN}{topic}"), &json!({"id": "77", "code": 200}));
        assert_eq!(wire.report().violations, only(|broken| broken.unknown_reply = 1), "{topic}");
    }
    let up = "$thing/up/property/YOURPROD01/lamp1";
    let mut wire = wire();
    let id = wire.tencent();
    say(&mut wire, id, up, &json!({"method": "control_reply", "clientToken": "77", "code": 0}));
    say(&mut wire, id, "$thing/up/action/YOURPROD01/lamp1", &json!({"method": "action_reply"}));
    assert_eq!(wire.report().violations.unknown_reply, 2);
    // What another device was asked is no concern of this one; its own it may answer, and again.
    let asked = wire.platform.set_properties(wire.now, &aliyun_id(), &json!({"on": 1})).unwrap();
    let own = wire.platform.set_properties(wire.now, &tencent_id(), &json!({"on": 1})).unwrap();
    say(&mut wire, id, up, &json!({"method": "control_reply", "clientToken": asked, "code": 0}));
    assert_eq!(wire.report().violations.unknown_reply, 3);
    for code in [0, 1] {
        say(
            &mut wire,
            id,
            up,
            &json!({"method": "control_reply", "clientToken": own, "code": code}),
        );
    }
    assert_eq!(wire.platform.answer_to(&own).unwrap()["code"], 0, "the first counts");
    assert_eq!(wire.platform.answer_to(&asked), None);
    assert_eq!(wire.report().violations.total(), 3);
}

#[test]
fn a_gateway_of_aliyun_and_its_rules() {
    let mut wire = wire();
    let id = wire.aliyun();
    for filter in ["/ext/session/a1X2bEnP82z/lamp-1/combine/+", "/ext/error/a1X2bEnP82z/lamp-1"] {
        wire.subscribe(id, &[(filter, 0)]);
    }
    wire.subscribe(id, &[(&format!("{OWN}topo/add_reply"), 0)]);
    let device = sub().sub_device().timestamp(iot_home_aliyun::Timestamp::Millis);
    let login = json!({"id": "1", "params": presented(&device, "signMethod")});
    let code = |answers: &[Value]| answers[0]["code"].as_u64().unwrap();

    assert_eq!(code(&say(&mut wire, id, &format!("{SESSION}login"), &login)), 6401);
    assert_eq!(wire.report().violations, only(|broken| broken.no_topology = 1));
    let report = json!({"id": "1", "params": {"open": 1}});
    say(&mut wire, id, &format!("{SUB}event/property/post"), &report);
    assert_eq!(wire.report().violations.forbidden_publish, 1, "another's device");

    let mut forged = presented(&device, "signmethod");
    forged["timestamp"] = "6".into();
    let add = format!("{OWN}topo/add");
    assert_eq!(code(&say(&mut wire, id, &add, &json!({"id": "1", "params": [forged]}))), 401);
    assert_eq!(wire.report().violations.sub_device_signature, 1);
    let right = json!({"id": "1", "params": [presented(&device, "signmethod")]});
    assert_eq!(code(&say(&mut wire, id, &add, &right)), 200);

    let told = say(&mut wire, id, &format!("{SUB}event/property/post"), &report);
    assert_eq!((told.len(), code(&told)), (1, 520));
    assert_eq!(wire.report().violations.sub_device_offline, 1);
    assert!(wire.platform.reported(&DeviceId::from(&sub())).is_empty());
    assert_eq!(code(&say(&mut wire, id, &format!("{SESSION}login"), &login)), 200);
    say(&mut wire, id, &format!("{SUB}event/property/post"), &report);
    assert_eq!(wire.platform.reported(&DeviceId::from(&sub()))["open"], 1);
    assert_eq!(wire.report().violations.total(), 4);

    // Sessions are spoken of with quality 0.
    wire.publish(id, &format!("{SESSION}logout"), login.to_string().as_bytes(), 1);
    assert_eq!((wire.report().violations.session_qos, wire.report().violations.total()), (1, 5));
    assert!(wire.platform.thing(&aliyun_id()).online.is_empty());
    // With the gateway all are gone.
    wire.packets(id);
    assert_eq!(code(&say(&mut wire, id, &format!("{SESSION}login"), &login)), 200);
    wire.platform.closed(wire.now, id);
    assert!(wire.platform.thing(&aliyun_id()).online.is_empty());
    assert_eq!(wire.platform.thing(&aliyun_id()).sub_devices.len(), 1);
}

#[test]
fn a_gateway_of_tencent_and_its_rules() {
    let mut wire = wire();
    let id = wire.tencent();
    wire.subscribe(id, &[("$gateway/operation/result/YOURPROD01/lamp1", 1)]);
    let topic = "$gateway/operation/YOURPROD01/lamp1";
    let named = json!({"product_id": PRODUCT, "device_name": "lock1"});
    let tell = |kind: &str, device: &Value| json!({"type": kind, "payload": {"devices": [device]}});
    let result = |answers: &[Value]| answers[0]["payload"]["devices"][0]["result"].as_i64();

    assert_eq!(result(&say(&mut wire, id, topic, &tell("online", &named))), Some(1));
    assert_eq!(wire.report().violations, only(|broken| broken.no_topology = 1));
    let proof = lock().bind_proof(tencent::SignMethod::HmacSha1, 5, Duration::from_secs(9));
    let mut bind = json!({
        "product_id": PRODUCT, "device_name": "lock1", "signature": proof.signature.expose(), "random": 6,
        "timestamp": 9, "signmethod": "hmacsha1", "authtype": "psk",
    });
    assert_eq!(result(&say(&mut wire, id, topic, &tell("bind", &bind))), Some(1));
    assert_eq!(wire.report().violations.sub_device_signature, 1);
    bind["random"] = 5.into();
    assert_eq!(result(&say(&mut wire, id, topic, &tell("bind", &bind))), Some(0));
    let report = json!({"method": "report", "clientToken": "1", "params": {"open": 1}});
    let up = "$thing/up/property/YOURPROD01/lock1";
    assert!(say(&mut wire, id, up, &report).is_empty());
    assert_eq!(wire.report().violations.sub_device_offline, 1);
    assert_eq!(result(&say(&mut wire, id, topic, &tell("online", &named))), Some(0));
    say(&mut wire, id, up, &report);
    assert_eq!(wire.platform.reported(&DeviceId::from(&lock()))["open"], 1);
    assert_eq!(result(&say(&mut wire, id, topic, &tell("unbind", &named))), Some(0));
    let state = wire.platform.thing(&tencent_id());
    assert!(state.online.is_empty() && state.sub_devices.is_empty());
    assert_eq!(wire.report().violations.total(), 3);
}

#[test]
fn versions_of_shadows() {
    let mut wire = wire();
    let id = wire.aliyun();
    wire.subscribe(id, &[("/shadow/get/a1X2bEnP82z/lamp-1", 1)]);
    let topic = "/shadow/update/a1X2bEnP82z/lamp-1";
    let code = |answers: &[Value]| answers[0]["payload"]["content"]["errorcode"].clone();
    let update = |version: Value| json!({"method": "update", "state": {"reported": {"a": 1}}, "version": version});
    assert_eq!(code(&say(&mut wire, id, topic, &update(json!(3)))), Value::Null);
    for (request, told) in [
        (update(json!(3)), "409"),
        (update(json!("4")), "403"),
        (json!({"method": "update", "version": 4}), "402"),
        (json!({"method": "update", "version": 4, "state": {}}), "404"),
        (json!({"method": "update", "version": 4, "state": {"reported": {}}}), "405"),
        (json!({"method": "paint", "version": 4}), "401"),
    ] {
        assert_eq!(code(&say(&mut wire, id, topic, &request)), told, "{request}");
    }
    assert_eq!(wire.report().violations, only(|broken| broken.shadow_version = 1));
    assert_eq!(wire.platform.thing(&aliyun_id()).shadow.version, 3);
    // So many values, and a version that begins anew.
    let many = |count: usize, version: i64| {
        let values: serde_json::Map<_, _> =
            (0..count).map(|at| (format!("v{at}"), json!(at))).collect();
        json!({"method": "update", "state": {"reported": values}, "version": version})
    };
    assert_eq!(code(&say(&mut wire, id, topic, &many(129, 4))), "406");
    assert_eq!(code(&say(&mut wire, id, topic, &many(128, -1))), Value::Null);
    assert_eq!(wire.platform.thing(&aliyun_id()).shadow.version, 0);
    assert_eq!(code(&say(&mut wire, id, topic, &update(json!(1)))), Value::Null);
    let wanted = serde_json::Map::from_iter([("a".to_owned(), json!(2))]);
    wire.platform.desire(wire.now, &aliyun_id(), &wanted).unwrap();
    wire.drain();
    wire.packets(id);
    let taken = json!({"method": "update", "state": {"desired": "null"}, "version": 3});
    assert_eq!(code(&say(&mut wire, id, topic, &taken)), Value::Null);
    assert!(wire.platform.thing(&aliyun_id()).shadow.desired.is_empty());
    assert_eq!(wire.report().violations.total(), 1);

    let id = wire.tencent();
    wire.subscribe(id, &[("$shadow/operation/result/YOURPROD01/lamp1", 1)]);
    let topic = "$shadow/operation/YOURPROD01/lamp1";
    let update = |version: u64| json!({"type": "update", "state": {"reported": {"a": 1}}, "version": version, "clientToken": "1"});
    assert_eq!(say(&mut wire, id, topic, &update(0))[0]["result"], 0);
    assert_eq!(say(&mut wire, id, topic, &update(0))[0]["result"], 5005);
    assert_eq!(wire.report().violations.shadow_version, 2);
    assert_eq!(wire.platform.thing(&tencent_id()).shadow.version, 1);
    wire.platform.desire(wire.now, &tencent_id(), &wanted).unwrap();
    wire.drain();
    wire.packets(id);
    let kept = json!({"type": "update", "state": {"reported": {"a": 2}}, "clientToken": "2"});
    say(&mut wire, id, topic, &kept);
    assert_eq!(wire.platform.thing(&tencent_id()).shadow.desired["a"], 2, "nobody said no");
    let taken = json!({"type": "update", "state": {"desired": null}, "clientToken": "3"});
    say(&mut wire, id, topic, &taken);
    assert!(wire.platform.thing(&tencent_id()).shadow.desired.is_empty());
}

/// What is wanted is wanted until the device says so of that version, or of whatever there is.
#[test]
fn wishes_are_forgotten() {
    let mut wire = wire();
    let id = wire.aliyun();
    let wanted = serde_json::Map::from_iter([("a".to_owned(), json!(2))]);
    for _ in 0..2 {
        wire.platform.desire(wire.now, &aliyun_id(), &wanted).unwrap();
    }
    let topic = format!("{OWN}property/desired/delete");
    for (version, left) in [(json!({"version": 1}), 1), (json!({"version": 2}), 0)] {
        say(&mut wire, id, &topic, &json!({"id": "1", "params": {"a": version}}));
        assert_eq!(wire.platform.thing(&aliyun_id()).desired.len(), left);
    }
    wire.platform.desire(wire.now, &aliyun_id(), &wanted).unwrap();
    say(&mut wire, id, &topic, &json!({"id": "1", "params": {"a": {}}}));
    assert!(wire.platform.thing(&aliyun_id()).desired.is_empty());

    let id = wire.tencent();
    wire.platform.desire(wire.now, &tencent_id(), &wanted).unwrap();
    let up = "$thing/up/property/YOURPROD01/lamp1";
    say(&mut wire, id, up, &json!({"method": "get_status", "clientToken": "1"}));
    assert_eq!(wire.platform.thing(&tencent_id()).desired.len(), 1);
    say(&mut wire, id, up, &json!({"method": "clear_control", "clientToken": "2"}));
    assert!(wire.platform.thing(&tencent_id()).desired.is_empty());
}

/// The Explorer's properties in their old form: the shadow on other topics.
#[test]
fn old_templates() {
    let mut wire = wire();
    let id = wire.tencent();
    let (up, down) =
        ("$template/operation/YOURPROD01/lamp1", "$template/operation/result/YOURPROD01/lamp1");
    wire.subscribe(id, &[(down, 1)]);
    let update = |version: u64| json!({"type": "update", "state": {"reported": {"a": 1}}, "version": version, "clientToken": "7"});
    let answer = &say(&mut wire, id, up, &update(0))[0];
    assert_eq!((&answer["type"], &answer["result"]), (&json!("update"), &json!(0)));
    assert_eq!((&answer["clientToken"], &answer["payload"]["version"]), (&json!("7"), &json!(1)));
    let answer = &say(&mut wire, id, up, &json!({"type": "get", "clientToken": "8"}))[0];
    assert_eq!(answer["payload"]["state"]["reported"], json!({"a": 1}));
    let wanted = serde_json::Map::from_iter([("a".to_owned(), json!(2))]);
    wire.platform.desire(wire.now, &tencent_id(), &wanted).unwrap();
    wire.drain();
    let told = wire.publishes(id);
    assert_eq!((told.len(), told[0].topic.as_str()), (1, down));
    let delta: Value = serde_json::from_slice(&told[0].payload).unwrap();
    assert_eq!((&delta["type"], &delta["payload"]["state"]), (&json!("delta"), &json!({"a": 2})));
    let state = |wire: &mut Wire, request: &Value| {
        say(wire, id, up, request)[0]["payload"]["state"].clone()
    };
    let get = json!({"type": "get", "clientToken": "9"});
    let wishes = json!({"reported": {"a": 1}, "desired": {"a": 2}, "delta": {"a": 2}});
    assert_eq!(state(&mut wire, &get), wishes);
    let told = json!({"type": "update", "state": {"reported": {"a": 2}}, "clientToken": "10"});
    let wanted_still = json!({"reported": {"a": 2}, "desired": {"a": 2}});
    assert_eq!(state(&mut wire, &told), wanted_still, "it is so, and nobody said no");
    let taken = json!({"type": "update", "state": {"desired": null}, "clientToken": "11"});
    assert_eq!(state(&mut wire, &taken), json!({"reported": {"a": 2}, "desired": {}}));
    assert_eq!(wire.report().violations.total(), 0);

    // What the rules are against.
    assert_eq!(say(&mut wire, id, up, &update(0))[0]["result"], 5005);
    assert_eq!(wire.report().violations, only(|broken| broken.shadow_version = 1));
    assert!(say(&mut wire, id, up, &json!(["get"])).is_empty());
    assert_eq!(wire.report().violations.bad_json, 1);
    assert!(say(&mut wire, id, down, &update(2)).is_empty());
    assert!(say(&mut wire, id, "$template/operation/YOURPROD01/lock1", &update(2)).is_empty());
    assert_eq!(wire.report().violations.forbidden_publish, 2);
    assert_eq!(wire.platform.thing(&tencent_id()).shadow.version, 4);
    assert_eq!(wire.report().violations.total(), 4);
}

/// An event without an id is none, and neither are those beside it.
#[test]
fn events_of_tencent() {
    let mut wire = wire();
    let id = wire.tencent();
    wire.subscribe(id, &[("$thing/down/event/YOURPROD01/lamp1", 0)]);
    let up = "$thing/up/event/YOURPROD01/lamp1";
    let event = |id: &str| json!({"eventId": id, "params": {"a": 1}});
    for (request, code) in [
        (json!({"method": "event_post", "eventId": "hot", "params": {"a": 1}}), 0),
        (json!({"method": "event_post", "params": {"a": 1}}), 400),
        (json!({"method": "events_post", "events": [event("cold"), event("wet")]}), 0),
        (json!({"method": "events_post", "events": [{"params": {}}, event("dry")]}), 400),
        (json!({"method": "events_post"}), 400),
    ] {
        assert_eq!(say(&mut wire, id, up, &request)[0]["code"], code, "{request}");
    }
    let events = wire.platform.thing(&tencent_id()).events;
    let ids: Vec<_> = events.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["hot", "cold", "wet"]);
}

#[test]
fn steps_of_upgrades() {
    let mut wire = wire();
    let id = wire.aliyun();
    let topic = "/ota/device/progress/a1X2bEnP82z/lamp-1";
    for (step, broken) in
        [("1", 0), ("100", 0), ("-4", 0), ("0", 1), ("101", 2), ("-5", 3), ("half", 4)]
    {
        say(&mut wire, id, topic, &json!({"id": "1", "params": {"step": step}}));
        assert_eq!(wire.report().violations.progress, broken, "{step}");
    }
    let id = wire.tencent();
    let topic = "$ota/report/YOURPROD01/lamp1";
    let progress = |progress: Value| json!({"type": "report_progress", "report": {"progress": progress, "version": "2"}});
    for (told, broken) in [
        (json!({"state": "downloading", "percent": "10", "result_code": "0"}), 4),
        (json!({"state": "fail", "result_code": "-4"}), 4),
        (json!({"state": "downloading", "percent": 10, "result_code": "0"}), 5),
        (json!({"state": "downloading", "percent": "101", "result_code": "0"}), 6),
        (json!({"state": "eating", "result_code": "0"}), 7),
    ] {
        say(&mut wire, id, topic, &progress(told));
        assert_eq!(wire.report().violations.progress, broken);
    }
    assert_eq!(wire.platform.thing(&tencent_id()).progress, ["downloading 10", "fail -4"]);
    assert_eq!(wire.report().violations.total(), 7);
}

#[test]
fn what_becomes_of_answers() {
    let mut wire = wire();
    let id = wire.aliyun();
    wire.subscribe(id, &[(&format!("{OWN}event/+/post_reply"), 0)]);
    let topic = format!("{OWN}event/property/post");
    let mut number = 0;
    let mut ask = |wire: &mut Wire, fault: Option<AnswerFault>| {
        number += 1;
        if let Some(fault) = fault {
            wire.platform.set_faults(Faults::default().answers(fault, 1));
        }
        let request = json!({"id": number.to_string(), "params": {"a": 1}});
        wire.send(id, &publish(&topic, request.to_string().as_bytes(), 0));
        let told = wire.publishes(id).into_iter();
        let told = told.map(|message| match serde_json::from_slice::<Value>(&message.payload) {
            Ok(json) => format!("{} {}", json["id"].as_str().unwrap(), json["code"]),
            Err(_) => "torn".to_owned(),
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut wire, None), ["1 200"]);
    assert!(ask(&mut wire, Some(AnswerFault::Missing)).is_empty());
    assert_eq!(ask(&mut wire, Some(AnswerFault::Twice)), ["3 200", "3 200"]);
    assert_eq!(ask(&mut wire, Some(AnswerFault::WrongId)), ["no-such-id 200"]);
    assert_eq!(ask(&mut wire, Some(AnswerFault::Code(429))), ["5 429"]);
    assert_eq!(ask(&mut wire, Some(AnswerFault::Malformed)), ["torn"]);
    assert!(ask(&mut wire, Some(AnswerFault::Overtaken)).is_empty());
    assert_eq!(ask(&mut wire, None), ["8 200", "7 200"]);
    assert!(ask(&mut wire, Some(AnswerFault::Late(Duration::from_secs(3)))).is_empty());
    wire.pass(Duration::from_millis(2999));
    assert!(wire.publishes(id).is_empty());
    wire.pass(Duration::from_millis(1));
    assert_eq!(wire.publishes(id).len(), 1);
    assert_eq!(ask(&mut wire, None), ["10 200"], "the fault is over");
}
