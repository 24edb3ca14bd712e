//! What a simulated gateway refuses, counts and tells, each command written by hand.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::{Key, Version};
use iot_home_sim::SimGateway;
use iot_home_sim::lumi::{Builder, Child, Machine, Port, Violations};
use serde_json::{Value, json};

const PLUG: &str = "158d0001a2b3c4";
const MAGNET: &str = "158d0001a2b3c5";
const GATEWAY: &str = "f0b429000001";

fn key() -> Key {
    "0987654321qwerty".parse().unwrap()
}

fn client() -> SocketAddr {
    "192.0.2.7:40000".parse().unwrap()
}

fn sink() -> SocketAddr {
    "224.0.0.50:9898".parse().unwrap()
}

fn at(seconds: u64) -> Instant {
    Instant::from_origin(Duration::from_secs(seconds))
}

fn builder(version: Version) -> Builder {
    SimGateway::builder(key())
        .version(version)
        .sid(GATEWAY.parse().unwrap())
        .children([Child::plug(PLUG.parse().unwrap()), Child::magnet(MAGNET.parse().unwrap())])
        .report_to(sink())
}

/// What it answers to the client, and what it tells everybody.
fn drain(gateway: &mut Machine) -> (Vec<Value>, Vec<Value>) {
    let (mut answers, mut told) = (Vec::new(), Vec::new());
    let mut buffer = Vec::new();
    while let Some((_, to)) = gateway.poll_transmit(&mut buffer) {
        let message = serde_json::from_slice(&buffer).unwrap();
        if to == sink() {
            told.push(message);
        } else {
            assert_eq!(to, client());
            answers.push(message);
        }
    }
    (answers, told)
}

fn ask(gateway: &mut Machine, command: &Value) -> Option<Value> {
    gateway.handle_datagram(at(0), Port::Commands, client(), command.to_string().as_bytes());
    drain(gateway).0.pop()
}

/// The key of a write, of the token that a list tells now.
fn write_key(gateway: &mut Machine, version: Version) -> String {
    let list = if version == Version::V1 { "get_id_list" } else { "discovery" };
    let token = ask(gateway, &json!({"cmd": list})).unwrap()["token"].as_str().unwrap().to_owned();
    key().write_key(&token.parse().unwrap()).expose().to_owned()
}

fn error_of(answer: &Value) -> Value {
    match answer["data"].as_str() {
        Some(data) => serde_json::from_str::<Value>(data).unwrap()["error"].clone(),
        None => answer["params"][0]["error"].clone(),
    }
}

#[test]
fn what_has_no_answer_is_counted() {
    let mut gateway = builder(Version::V1).build();
    let silent = [
        ("", Port::Commands),
        ("[]", Port::Commands),
        ("{\"sid\":\"1\"}", Port::Commands),
        ("{\"cmd\":7}", Port::Commands),
        ("{\"cmd\":\"read\"}", Port::Commands),
        ("{\"cmd\":\"read\",\"sid\":1}", Port::Commands),
        ("{\"cmd\":\"write\",\"sid\":\"1\"}", Port::Commands),
        ("{\"cmd\":\"write\",\"sid\":\"1\",\"data\":\"x\"}", Port::Commands),
        ("{\"cmd\":\"write\",\"sid\":\"1\",\"data\":{\"key\":1}}", Port::Commands),
        ("{\"cmd\":\"write\",\"sid\":\"1\",\"params\":[1]}", Port::Commands),
        ("{\"cmd\":\"whois\"}", Port::Commands),
        ("{\"cmd\":\"get_id_list\"}", Port::Search),
        ("{\"cmd\":\"reboot\"}", Port::Commands),
        ("{\"cmd\":\"discovery\"}", Port::Commands),
    ];
    for (datagram, port) in silent {
        gateway.handle_datagram(at(0), port, client(), datagram.as_bytes());
        assert_eq!(drain(&mut gateway), (vec![], vec![]), "{datagram}");
    }
    let violations = gateway.report().violations;
    assert_eq!(violations.malformed, 10);
    assert_eq!(violations.wrong_port, 2);
    assert_eq!(violations.unknown_command, 1);
    assert_eq!(violations.wrong_version, 1);
    assert_eq!(violations.total(), 14);
    assert_eq!(gateway.report().answers, 0);
}

#[test]
fn each_wrong_write_has_its_counter_and_its_words() {
    type Counter = fn(Violations) -> u64;
    let counters: [(&str, &str, Counter); 7] = [
        ("unknown sid", "No device", |violations| violations.unknown_sid),
        ("wrong key", "Invalid key", |violations| violations.wrong_key),
        ("no key", "Invalid key", |violations| violations.wrong_key),
        ("old token", "Invalid key", |violations| violations.old_token),
        ("no value", "Invalid cmd", |violations| violations.wrong_value),
        ("not writable", "Invalid cmd", |violations| violations.wrong_value),
        ("half", "Invalid cmd", |violations| violations.wrong_value),
    ];
    for version in [Version::V1, Version::V2] {
        for (what, words, counter) in counters {
            let mut gateway = builder(version).build();
            let mut key = Some(write_key(&mut gateway, version));
            let (mut sid, mut values) = (PLUG, json!({"status": "on"}));
            match what {
                "unknown sid" => sid = "158d00ffffffff",
                "wrong key" => key = Some("0".repeat(32)),
                "no key" => key = None,
                "old token" => gateway.roll_token(),
                "no value" => values = json!({}),
                "not writable" => (sid, values) = (MAGNET, json!({"status": "open"})),
                _ => values = json!({"status": "on", "voltage": 1}),
            }
            let answer = ask(&mut gateway, &write(version, sid, &values, key.as_deref())).unwrap();
            assert_eq!(error_of(&answer), words, "{what} {version:?}");
            let report = gateway.report();
            assert_eq!(counter(report.violations), 1, "{what} {version:?}");
            assert_eq!(report.violations.total(), 1, "{what} {version:?}");
            assert!(report.executions.is_empty(), "{what} {version:?}");
            assert_eq!(
                gateway.value(PLUG.parse().unwrap(), "status"),
                Some("off".into()),
                "{what}"
            );
        }
    }
}

fn write(version: Version, sid: &str, values: &Value, key: Option<&str>) -> Value {
    let mut write = json!({"cmd": "write", "sid": sid});
    if version == Version::V1 {
        let mut data = values.clone();
        if let Some(key) = key {
            data["key"] = key.into();
        }
        write["data"] = data.to_string().into();
    } else {
        write["params"] = json!([values]);
        if let Some(key) = key {
            write["key"] = key.into();
        }
    }
    write
}

#[test]
fn a_write_of_the_other_version_or_to_something_else_is_refused() {
    let mut gateway = builder(Version::V1).build();
    let key = write_key(&mut gateway, Version::V1);
    let other = write(Version::V2, PLUG, &json!({"status": "on"}), Some(&key));
    assert_eq!(error_of(&ask(&mut gateway, &other).unwrap()), "Invalid cmd");
    for (name, value) in [("model", json!("magnet")), ("short_id", json!(1))] {
        let mut wrong = write(Version::V1, PLUG, &json!({"status": "on"}), Some(&key));
        wrong[name] = value;
        assert_eq!(error_of(&ask(&mut gateway, &wrong).unwrap()), "Invalid cmd");
    }
    let violations = gateway.report().violations;
    assert_eq!((violations.wrong_version, violations.wrong_child, violations.total()), (1, 2, 3));
}

#[test]
fn a_write_is_answered_and_reported() {
    for version in [Version::V1, Version::V2] {
        let mut gateway = builder(version).build();
        let key = write_key(&mut gateway, version).to_lowercase();
        let toggle = write(version, PLUG, &json!({"status": "toggle"}), Some(&key));
        gateway.handle_datagram(at(0), Port::Commands, client(), toggle.to_string().as_bytes());
        let (answers, told) = drain(&mut gateway);
        let (answer, report) = if version == Version::V1 {
            (json!("{\"status\":\"on\"}"), "data")
        } else {
            (json!([{"status": "on"}]), "params")
        };
        let end = if version == Version::V1 { "write_ack" } else { "write_rsp" };
        assert_eq!((&answers[0]["cmd"], &answers[0][report]), (&json!(end), &answer));
        assert_eq!((&told[0]["cmd"], &told[0][report]), (&json!("report"), &answer));
        assert_eq!(told[0]["sid"], PLUG);
        assert_eq!(gateway.report().executed(PLUG.parse().unwrap()), 1);
        assert_eq!(gateway.report().violations.total(), 0);
    }
}

#[test]
fn heartbeats_bring_new_tokens_and_children_have_their_own() {
    let mut gateway = builder(Version::V1).build();
    let mut tokens = Vec::new();
    let mut children = Vec::new();
    let mut now = at(0);
    while now < at(3600) {
        now = gateway.poll_timeout();
        gateway.handle_timeout(now);
        for message in drain(&mut gateway).1 {
            assert_eq!(message["cmd"], "heartbeat");
            match message["token"].as_str() {
                Some(token) => {
                    assert_eq!((&message["sid"], token.len()), (&json!(GATEWAY), 16));
                    tokens.push(token.to_owned());
                }
                None => children.push(message["sid"].as_str().unwrap().to_owned()),
            }
        }
    }
    assert_eq!(tokens.len(), 360);
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 360, "each is a new one");
    assert_eq!(children.iter().filter(|sid| *sid == PLUG).count(), 6);
    assert_eq!(children.iter().filter(|sid| *sid == MAGNET).count(), 1);
}

#[test]
fn what_is_to_get_lost_gets_lost() {
    let mut gateway = builder(Version::V1).build();
    let list = json!({"cmd": "get_id_list"});
    gateway.ignore(1);
    assert_eq!(ask(&mut gateway, &list), None);
    gateway.lose_answers(1);
    assert_eq!(ask(&mut gateway, &list), None);
    assert!(ask(&mut gateway, &list).is_some());
    let report = gateway.report();
    assert_eq!((report.ignored, report.lost_answers, report.lists, report.answers), (1, 1, 2, 1));
}

/// A flood of commands whose answers nobody fetches.
#[test]
fn a_flood_does_not_fill_the_memory() {
    let mut gateway = builder(Version::V1).build();
    for _ in 0..5000 {
        gateway.handle_datagram(at(0), Port::Commands, client(), br#"{"cmd":"get_id_list"}"#);
    }
    assert_eq!(drain(&mut gateway).0.len(), 1024);
}
