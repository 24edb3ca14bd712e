//! What is published, against the fixtures.

use std::time::Duration;

use iot_home_tencent::thing::event::{self, Event, Severity};
use iot_home_tencent::thing::gateway::{self, Operation};
use iot_home_tencent::thing::ota::{self, FailCode, Progress};
use iot_home_tencent::thing::{
    Address, Publication, Unwritable, config, log, property, shadow, template, time,
};
use iot_home_tencent::{Device, SignMethod};
use serde_json::{Value, json};

use super::{cases, topics};

/// The publication that a case is about.
fn build(id: &str) -> Result<Publication, Unwritable> {
    let topics = topics();
    let (product, name) = ("YOURPROD01".parse().unwrap(), "sub1".parse().unwrap());
    let below = Address::new(&product, &name);
    let then = Duration::from_secs(1_212_121_221);
    let switch = json!({"power_switch": 1});
    let alarm = |severity, time, output| Event::new("PowerAlarm", severity, time, output).unwrap();
    match id {
        "report" => property::report(&topics, "123", Some(then), &switch),
        "report-now" => property::report(&topics, "123", None, &switch),
        "report-info" => {
            let info = json!({"fw_ver": "1.0", "module_hardinfo": "x"});
            property::report_info(&topics, "124", &info)
        }
        "get-status" => property::get_status(&topics, "1"),
        "clear-control" => property::clear_control(&topics, "2"),
        "event" => {
            event::post(&topics, "1", &alarm(Severity::Fatal, then, json!({"Voltage": 2.8})))
        }
        "events" => {
            let later = then + Duration::from_secs(1);
            let events =
                [alarm(Severity::Info, then, json!({})), alarm(Severity::Alert, later, json!({}))];
            event::post_several(&topics, "1", &events)
        }
        "shadow-get" => shadow::get(&topics, "pid-0"),
        "shadow-update" => shadow::update(&topics, "pid-1", &json!({"a": 1}), Some(1)),
        "shadow-take-over" => shadow::take_over(&topics, "pid-2", &json!({"a": 1}), Some(1)),
        "template-get" => template::get(&topics, "explorer-0"),
        "template-update" => {
            let now = json!({"power_switch": 0, "name": "dev01"});
            template::update(&topics, "explorer-1", &now, None)
        }
        "template-take-over" => template::take_over(&topics, "explorer-2", &switch, Some(402)),
        "time" => Ok(time::request(&topics)),
        "ota-version" => ota::report_version(&topics, "0.1"),
        "ota-downloading" => ota::report_progress(&topics, Progress::Downloading(10), "0.2"),
        "ota-fail" => ota::report_progress(&topics, Progress::Fail(FailCode::DIGEST), "0.2"),
        "ota-done" => ota::report_progress(&topics, Progress::Done, "0.2"),
        "online" => gateway::tell(&topics, Operation::Online, [below]),
        "unbind" => gateway::tell(&topics, Operation::Unbind, [below]),
        "bind" => {
            let sub = Device::new("YOURPROD01", "sub1", "c3Vic3Vic3Vic3Vic3Vicw==").unwrap();
            let now = Duration::from_secs(1_600_000_000);
            gateway::bind(&topics, below, &sub.bind_proof(SignMethod::HmacSha1, 123_456, now))
        }
        "describe" => gateway::describe(&topics),
        "config" => Ok(config::get(&topics)),
        "log-level" => log::get_level(&topics, "1"),
        other => panic!("{other} has no builder"),
    }
}

#[test]
fn what_is_published_is_what_the_fixtures_have() {
    let cases = cases("up");
    assert!(cases.len() >= 24);
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let built = build(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(built.topic, case["topic"].as_str().unwrap(), "{id}");
        let payload: Value = serde_json::from_slice(&built.payload).unwrap();
        assert_eq!(payload, case["payload"], "{id}");
        assert_eq!(u64::from(built.qos), case["qos"], "{id}");
        iot_home_mqtt::topic::check_name(&built.topic).unwrap();
    }
}

/// Each of these is answered by one of the fixtures' messages, and by no other.
#[test]
fn answers_are_known() {
    use iot_home_tencent::thing::{Down, Pending};

    for (asked, answered) in [
        ("report", "report-reply"),
        ("report", "report-reply-of-other-kinds"),
        ("report-info", "report-info-reply"),
        ("get-status", "get-status-reply"),
        ("clear-control", "clear-control-reply"),
        ("event", "event-reply"),
        ("events", "events-reply"),
        ("shadow-get", "shadow-get-reply"),
        ("shadow-update", "shadow-conflict"),
        ("template-get", "template-get-reply"),
        ("template-update", "template-update-reply"),
        ("template-take-over", "template-conflict"),
        ("time", "time-reply"),
        ("ota-version", "ota-heard"),
        ("online", "online-reply"),
        ("describe", "describe-reply"),
        ("config", "config-reply"),
        ("log-level", "log-reply"),
    ] {
        let mut pending = Pending::new(1);
        let key = build(asked).unwrap().answer.unwrap();
        pending.insert(key, iot_home_core::Instant::ORIGIN, ()).unwrap();
        let others =
            ["config-push", "shadow-delta", "template-delta", "control", "change", "ota-update"];
        for (other, taken) in
            others.map(|other| (other, false)).into_iter().chain([(answered, true)])
        {
            let (topic, body) = super::case("down", other);
            let down = Down::parse(&topic, body.as_bytes()).unwrap();
            let found = down.answers().and_then(|key| pending.take(&key));
            assert_eq!(found.is_some(), taken, "{asked} by {other}");
        }
    }
    for unanswered in ["ota-downloading", "ota-fail"] {
        assert_eq!(build(unanswered).unwrap().answer, None);
    }
}
