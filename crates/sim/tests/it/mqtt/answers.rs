//! What the clouds answer.

use std::time::Duration;

use iot_home_sim::mqtt::{ConnectionId, Output, RrpcError};
use serde_json::{Value, json};

use super::wire::{Wire, publish};
use super::{aliyun_id, both, secs, tencent_id};

const OWN: &str = "/sys/a1X2bEnP82z/lamp-1/thing/";

/// Sends a request and gives the topics and the JSON that came back.
fn ask(wire: &mut Wire, id: ConnectionId, topic: &str, payload: &Value) -> Vec<(String, Value)> {
    wire.send(id, &publish(topic, payload.to_string().as_bytes(), 0));
    let messages = wire.publishes(id);
    let json = |payload: &[u8]| serde_json::from_slice(payload).unwrap();
    messages.into_iter().map(|message| (message.topic, json(&message.payload))).collect()
}

#[test]
fn a_property_report_to_aliyun() {
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    let (post, reply) =
        (format!("{OWN}event/property/post"), format!("{OWN}event/property/post_reply"));
    wire.subscribe(id, &[(&reply, 1)]);
    let request = json!({
        "id": "123", "version": "1.0", "method": "thing.event.property.post",
        "params": {"Power": {"value": "on", "time": 1_524_448_722_000_u64}, "WF": 23.6, "Area": {"value": 1}},
    });
    let expected = json!({
        "id": "123", "code": 200, "data": {}, "message": "success",
        "method": "thing.event.property.post", "version": "1.0",
    });
    assert_eq!(ask(&mut wire, id, &post, &request), [(reply.clone(), expected)]);
    let reported = wire.platform.reported(&aliyun_id());
    assert_eq!(Value::Object(reported), json!({"Power": "on", "WF": 23.6, "Area": {"value": 1}}));

    // Whatever the id is, it comes back; an answer that is not wanted does not.
    let odd = json!({"id": "1|exp-topic|/sys/x", "params": {"WF": 1}});
    assert_eq!(ask(&mut wire, id, &post, &odd)[0].1["id"], "1|exp-topic|/sys/x");
    let quiet = json!({"id": "2", "sys": {"ack": 0}, "params": {"WF": 2}});
    assert_eq!(ask(&mut wire, id, &post, &quiet), []);
    assert_eq!(wire.platform.reported(&aliyun_id())["WF"], 2);

    // What cannot be taken.
    assert_eq!(ask(&mut wire, id, &post, &json!({"id": "3"}))[0].1["code"], 460);
    assert_eq!(ask(&mut wire, id, &post, &json!({"id": "3", "params": 5}))[0].1["code"], 460);
    let many: serde_json::Map<_, _> = (0..201).map(|at| (format!("p{at}"), json!(at))).collect();
    assert_eq!(ask(&mut wire, id, &post, &json!({"id": "4", "params": many}))[0].1["code"], 6106);
    assert_eq!(wire.report().violations.total(), 0);
    assert_eq!(ask(&mut wire, id, &post, &json!([1]))[0].1["code"], 400);
    assert_eq!((wire.report().violations.bad_json, wire.report().violations.total()), (1, 1));
}

#[test]
fn an_event_to_aliyun() {
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    let reply = format!("{OWN}event/alarm/post_reply");
    wire.subscribe(id, &[(&reply, 0)]);
    let request = json!({"id": "7", "params": {"value": {"k": 1}, "time": 5}});
    let answers = ask(&mut wire, id, &format!("{OWN}event/alarm/post"), &request);
    assert_eq!(answers.len(), 1);
    assert_eq!(
        (answers[0].1["method"].as_str(), answers[0].1["code"].as_u64()),
        (Some("thing.event.alarm.post"), Some(200))
    );
    assert!(wire.platform.reported(&aliyun_id()).is_empty());
}

#[test]
fn requests_and_their_codes() {
    let mut wire = Wire::new(both());
    let params = iot_home_aliyun::Params::new().auto_subscribe();
    let (id, ..) = wire.login(&super::aliyun_device().tls().params(params).sign(secs(0)));
    for (path, code) in [
        ("event/property/pack/post", Some(200)),
        ("event/property/history/post", Some(200)),
        ("property/desired/get", Some(200)),
        ("deviceinfo/update", Some(200)),
        ("log/post", Some(200)),
        ("ota/firmware/get", Some(200)),
        ("topo/add", Some(460)),
        ("topo/get", Some(200)),
        ("sub/register", Some(460)),
        ("proxy/provisioning/product_register", Some(460)),
        ("config/get", Some(6710)),
        ("model/up_raw", None),
        ("model/down_raw_reply", None),
    ] {
        let answers =
            ask(&mut wire, id, &format!("{OWN}{path}"), &json!({"id": "1", "params": {}}));
        let told: Vec<_> =
            answers.iter().map(|(topic, json)| (topic.as_str(), json["code"].as_u64())).collect();
        let reply = format!("{OWN}{path}_reply");
        let expected: Vec<_> = code.map(|code| (reply.as_str(), Some(code))).into_iter().collect();
        assert_eq!(told, expected, "{path}");
    }
    let violations = wire.report().violations;
    assert_eq!((violations.bad_registration, violations.total()), (2, 2), "of nobody");
}

#[test]
fn the_time_of_aliyun() {
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    let response = "/ext/ntp/a1X2bEnP82z/lamp-1/response";
    wire.subscribe(id, &[(response, 0)]);
    wire.pass(Duration::from_millis(1500));
    let request = json!({"deviceSendTime": "1571724098000"});
    let answers = ask(&mut wire, id, "/ext/ntp/a1X2bEnP82z/lamp-1/request", &request);
    let expected = json!({
        "deviceSendTime": "1571724098000",
        "serverRecvTime": "1600000001500", "serverSendTime": "1600000001500",
    });
    assert_eq!(answers, [(response.into(), expected)]);
}

#[test]
fn properties_are_set() {
    let mut wire = Wire::new(both());
    let [aliyun, tencent] = [wire.aliyun(), wire.tencent()];
    let set = format!("{OWN}service/property/set");
    let down = "$thing/down/property/YOURPROD01/lamp1";
    wire.subscribe(aliyun, &[(&set, 1)]);
    wire.subscribe(tencent, &[(down, 1)]);
    let params = json!({"PowerSwitch": 1});
    let first = wire.platform.set_properties(wire.now, &aliyun_id(), &params).unwrap();
    let second = wire.platform.set_properties(wire.now, &tencent_id(), &params).unwrap();
    assert_ne!(first, second);
    wire.drain();
    let messages = [wire.publishes(aliyun), wire.publishes(tencent)];
    let json = |payload: &[u8]| serde_json::from_slice::<Value>(payload).unwrap();
    assert_eq!(messages[0][0].topic, set);
    assert_eq!(
        json(&messages[0][0].payload),
        json!({
            "method": "thing.service.property.set", "id": first, "params": params, "version": "1.0.0",
        })
    );
    assert_eq!(messages[1][0].topic, down);
    assert_eq!(
        json(&messages[1][0].payload),
        json!({"method": "control", "clientToken": second, "params": params})
    );
    // Their answers are messages, and get none.
    let reply = json!({"code": 200, "data": {}, "id": first, "message": "success"});
    assert_eq!(ask(&mut wire, aliyun, &format!("{OWN}service/property/set_reply"), &reply), []);
    let reply = json!({"method": "control_reply", "clientToken": second, "code": 0, "status": ""});
    assert_eq!(ask(&mut wire, tencent, "$thing/up/property/YOURPROD01/lamp1", &reply), []);
    let last = wire.platform.messages().next_back().unwrap();
    assert_eq!((last.from.as_ref(), last.json().unwrap()), (Some(&tencent_id()), reply));
    // As the official Python SDK writes it.
    let reply = json!({"clientToken": second, "code": 0, "status": "success"});
    assert_eq!(ask(&mut wire, tencent, "$thing/up/property/YOURPROD01/lamp1", &reply), []);
    assert_eq!(wire.report().violations.total(), 0);
    let nobody = iot_home_sim::mqtt::DeviceId::tencent("YOURPROD01", "lamp9");
    wire.platform.set_properties(wire.now, &nobody, &params).unwrap_err();
}

#[test]
fn a_question_to_a_device() {
    let mut wire = Wire::new(both());
    let now = wire.now;
    for (id, request, response, device) in [
        (
            wire.aliyun(),
            "/sys/a1X2bEnP82z/lamp-1/rrpc/request/",
            "/sys/a1X2bEnP82z/lamp-1/rrpc/response/",
            aliyun_id(),
        ),
        (
            wire.tencent(),
            "$rrpc/rxd/YOURPROD01/lamp1/",
            "$rrpc/txd/YOURPROD01/lamp1/",
            tencent_id(),
        ),
    ] {
        let ask = |wire: &mut Wire| wire.platform.rrpc(now, &device, b"ping", secs(5));
        assert_eq!(ask(&mut wire), Err(RrpcError::NotReceived), "nobody listens");
        wire.subscribe(id, &[(&format!("{request}+"), 0)]);
        let call = ask(&mut wire).unwrap();
        let Some(Output::Write { bytes, .. }) = wire.platform.poll_output(now) else { panic!() };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (_, number) = text.split_once(request).unwrap();
        let number = number.strip_suffix("ping").unwrap();
        // An answer to another question is none.
        let mut bytes = bytes::BytesMut::new();
        publish(&format!("{response}{number}0"), b"no", 0).write(&mut bytes, 1000).unwrap();
        publish(&format!("{response}{number}"), b"pong", 0).write(&mut bytes, 1000).unwrap();
        wire.platform.handle_bytes(now, id, &bytes);
        let answered = Output::Answered { call, answer: Ok(b"pong".to_vec()) };
        assert_eq!(wire.platform.poll_output(now), Some(answered));
        assert_eq!(wire.platform.poll_output(now), None);

        let call = ask(&mut wire).unwrap();
        while wire.platform.poll_output(now).is_some() {}
        assert_eq!(wire.platform.poll_timeout().unwrap(), now + secs(5));
        wire.platform.handle_timeout(now + secs(5));
        let late = Output::Answered { call, answer: Err(RrpcError::Timeout) };
        assert_eq!(wire.platform.poll_output(now + secs(5)), Some(late));
        wire.platform.closed(now, id);
        assert_eq!(ask(&mut wire), Err(RrpcError::NotReceived), "nobody is there");
    }
    assert_eq!(wire.report().violations.total(), 0);
}

#[test]
fn a_question_is_answered_by_the_device_that_was_asked() {
    let other = iot_home_aliyun::Device::new(super::KEY, "lamp-2", super::SECRET).unwrap();
    let mut wire = Wire::new(both().aliyun(other.clone()));
    let asked = wire.aliyun();
    wire.subscribe(asked, &[("/sys/a1X2bEnP82z/lamp-1/rrpc/request/+", 0)]);
    let (stranger, ..) = wire.login(&other.tls().sign(secs(0)));
    wire.platform.rrpc(wire.now, &aliyun_id(), b"ping", secs(5)).unwrap();
    wire.drain();
    let topic = wire.publishes(asked)[0].topic.clone();
    let number = topic.rsplit('/').next().unwrap();
    // Anything but a write or an end would fail the test.
    wire.publish(stranger, &format!("/sys/a1X2bEnP82z/lamp-2/rrpc/response/{number}"), b"no", 0);
    assert_eq!(wire.report().violations.total(), 0);
}

#[test]
fn properties_of_tencent() {
    let mut wire = Wire::new(both());
    let id = wire.tencent();
    let (up, down) =
        ("$thing/up/property/YOURPROD01/lamp1", "$thing/down/property/YOURPROD01/lamp1");
    wire.subscribe(id, &[(down, 1)]);
    let report = json!({
        "method": "report", "clientToken": "123", "timestamp": 1, "params": {"power_switch": 1, "color": 2},
    });
    let reply =
        json!({"method": "report_reply", "clientToken": "123", "code": 0, "status": "success"});
    assert_eq!(ask(&mut wire, id, up, &report), [(down.into(), reply)]);
    ask(&mut wire, id, up, &json!({"method": "report", "params": {"color": 3}}));
    let reported = wire.platform.reported(&tencent_id());
    assert_eq!(Value::Object(reported), json!({"power_switch": 1, "color": 3}));

    let get = json!({"method": "get_status", "clientToken": "1", "type": "report", "showmeta": 0});
    let status = &ask(&mut wire, id, up, &get)[0].1;
    assert_eq!((&status["method"], &status["code"]), (&json!("get_status_reply"), &json!(0)));
    assert_eq!(status["data"], json!({"reported": {"power_switch": 1, "color": 3}}));
    for (method, answer) in
        [("report_info", "report_info_reply"), ("clear_control", "clear_control_reply")]
    {
        let told = ask(&mut wire, id, up, &json!({"method": method, "clientToken": "2"}));
        assert_eq!(told[0].1["method"], answer);
    }
    assert_ne!(ask(&mut wire, id, up, &json!({"method": "report"}))[0].1["code"], 0);
    assert_eq!(wire.report().violations.total(), 0);
    assert_eq!(ask(&mut wire, id, up, &json!("report")), []);
    assert_eq!(wire.report().violations.bad_json, 1);
}

#[test]
fn events_and_the_time_of_tencent() {
    let mut wire = Wire::new(both());
    let id = wire.tencent();
    wire.subscribe(id, &[("$thing/down/event/YOURPROD01/lamp1", 1)]);
    wire.subscribe(id, &[("$sys/operation/result/YOURPROD01/lamp1", 1)]);
    let event = json!({
        "method": "event_post", "clientToken": "1", "version": "1.0", "eventId": "PowerAlarm",
        "type": "fatal", "timestamp": 1, "params": {},
    });
    let told = ask(&mut wire, id, "$thing/up/event/YOURPROD01/lamp1", &event);
    let answer = &told[0].1;
    assert_eq!((&answer["method"], &answer["code"]), (&json!("event_reply"), &json!(0)));
    let events = json!({"method": "events_post", "clientToken": "2", "events": []});
    let told = ask(&mut wire, id, "$thing/up/event/YOURPROD01/lamp1", &events);
    assert_eq!(told[0].1["method"], "events_reply");

    wire.platform.set_time(wire.now, Duration::from_millis(1_700_000_000_250));
    let time = json!({"type": "get", "resource": ["time"]});
    let told = ask(&mut wire, id, "$sys/operation/YOURPROD01/lamp1", &time);
    let expected = json!({
        "type": "get", "time": 1_700_000_000, "ntptime1": 1_700_000_000_250_u64, "ntptime2": 1_700_000_000_250_u64,
    });
    assert_eq!(told, [("$sys/operation/result/YOURPROD01/lamp1".into(), expected)]);
}

#[test]
fn messages_are_kept_and_not_without_end() {
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    let topic = "/a1X2bEnP82z/lamp-1/user/update";
    wire.pass(secs(3));
    for at in 0_u32..1005 {
        wire.publish(id, topic, at.to_string().as_bytes(), 0);
    }
    let messages: Vec<_> = wire.platform.messages().collect();
    assert_eq!(messages.len(), 1000);
    let first = messages[0];
    assert_eq!((first.text(), first.qos, first.permitted), (Some("5"), 0, true));
    assert_eq!((first.from.as_ref(), first.time), (Some(&aliyun_id()), super::TIME + secs(3)));
    for _ in 0..40 {
        wire.publish(id, topic, &vec![0; 256 << 10], 0);
    }
    let bytes: usize = wire.platform.messages().map(|message| message.payload.len()).sum();
    assert!(bytes <= 4 << 20 && bytes > 3 << 20, "{bytes}");
}
