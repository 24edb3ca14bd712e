//! What is published, against the fixtures.

use std::collections::BTreeMap;
use std::time::Duration;

use iot_home_aliyun::thing::config::Tag;
use iot_home_aliyun::thing::ota::{self, Progress};
use iot_home_aliyun::thing::pack::{Pack, Values};
use iot_home_aliyun::thing::shadow::{self, Change};
use iot_home_aliyun::thing::{
    Address, Call, Event, EventId, Method, Publication, Unwritable, app, ntp,
};
use iot_home_aliyun::{Device, SignMethod, SubDevice, Timestamp};
use serde_json::{Value, json};

use super::{TOKEN, cases, topics};

const NOW: Duration = Duration::from_millis(1_600_000_000_123);
const THEN: Duration = Duration::from_millis(1_524_448_722_000);

fn sub() -> SubDevice {
    let secret = "sub1sub1sub1sub1sub1sub1sub1sub1";
    let sub = Device::new("a1X2bEnP82z", "sub-01", secret).unwrap();
    sub.sub_device().timestamp(Timestamp::Millis)
}

/// The publication that a case is about.
fn build(id: &str) -> Result<Publication, Unwritable> {
    let topics = topics();
    let (key, name) = ("a1SubSubSub".parse().unwrap(), "sub-01".parse().unwrap());
    let below = Address::new(&key, &name);
    let later = THEN + Duration::from_secs(1);
    let values = || {
        let values = Values::new().property("Power", THEN, json!(1))?;
        values.property("Power", later, json!(0))
    };
    let overheated = EventId::new("Overheated").unwrap();
    match id {
        "property-post" => Call::report(
            "123",
            json!({"Power": {"value": "on", "time": 1_524_448_722_000_u64}, "WF": 23.6}),
        )
        .to(&topics),
        "property-post-unanswered" => {
            Call::report("124", json!({"WF": 23.6})).unanswered().to(&topics)
        }
        "event" => {
            Call::event("125", overheated, Event::at(THEN, json!({"temperature": 90}))).to(&topics)
        }
        "event-now" => {
            Call::event("126", EventId::new("lamp:Overheated").unwrap(), Event::now(json!({})))
                .to(&topics)
        }
        "pack" => {
            let own = values()?.event(overheated, THEN, json!({"t": 90}))?;
            let sub = Values::new().property("Power", THEN, json!(1))?;
            Call::pack("127", Pack::new(own).sub_device(below, sub)?).to(&topics)
        }
        "history" => Call::history("128", topics.address(), values()?).to(&topics),
        "desired-get" => Call::desired("129", &["power", "temperature"]).to(&topics),
        "desired-delete" => {
            let wishes = json!({"power": {"version": 1}, "temperature": {}});
            Call::new(Method::DesiredDelete, "130", wishes).to(&topics)
        }
        "tags" => Call::tags("131", &[Tag::new("room", "attic")]).to(&topics),
        "forget-tags" => Call::forget_tags("132", &[Tag::forget("room")]).to(&topics),
        "config" => Call::config("133").to(&topics),
        "log-config" => Call::log_config("134").to(&topics),
        "log" => Call::log("135", &["one", "two"]).to(&topics),
        "topo-add" => Call::topology_add("1", [&sub()], NOW).to(&topics),
        "topo-delete" => Call::topology_delete("2", [below]).to(&topics),
        "topo-get" => Call::topology("3").to(&topics),
        "list-found" => Call::list_found("4", [below]).to(&topics),
        "sub-register" => Call::sub_register("5", [below])?.to(&topics),
        "login" => {
            let sub = sub().client_id("a1X2bEnP82z&sub-01").unwrap();
            Call::login("6", &sub.sign_method(SignMethod::HmacSha1), NOW, true).to(&topics)
        }
        "batch-login" => Call::batch_login("7", &[sub()], NOW, false)?.to(&topics),
        "logout" => Call::logout("8", below).to(&topics),
        "batch-logout" => Call::batch_logout("9", [below])?.to(&topics),
        "ntp" => Ok(ntp::request(&topics, Duration::from_millis(1_571_724_098_000))),
        "ota-inform" => ota::inform(&topics, "1", "1.0.1", Some("MCU")),
        "ota-request" => ota::request(&topics, "2", "1.0.1"),
        "ota-progress" => {
            ota::progress(&topics, "3", Progress::DownloadFailed, "no route", Some("MCU"))
        }
        "firmware-get" => {
            Call::new(Method::FirmwareGet, "4", BTreeMap::from([("module", "MCU")])).to(&topics)
        }
        "shadow-update" => {
            let reported = json!({"color": "red"});
            shadow::change(&topics, &Change::Update { reported, version: 1 })
        }
        "shadow-clear" => shadow::change(&topics, &Change::<()>::ClearDesired { version: 2 }),
        "shadow-get" => Ok(shadow::get(&topics)),
        "shadow-delete" => {
            let reported = json!({"color": "null"});
            shadow::change(&topics, &Change::Delete { reported, version: 2 })
        }
        "app-bind" => app::bind(&topics, "1", "user-1", &String::from(TOKEN).into()),
        other => panic!("{other} has no builder"),
    }
}

#[test]
fn what_is_published_is_what_the_fixtures_have() {
    let cases = cases("up");
    assert!(cases.len() >= 30);
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

#[test]
fn answers_are_known_by_topic_and_id() {
    let report = build("property-post").unwrap().answer.unwrap();
    assert_eq!(report.topic, "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post_reply");
    assert_eq!(report.id, "123");
    assert_eq!(build("property-post-unanswered").unwrap().answer, None);
    assert_eq!(build("ntp").unwrap().answer.unwrap().id, "1571724098000");
    assert_eq!(
        build("shadow-get").unwrap().answer.unwrap().topic,
        "/shadow/get/a1X2bEnP82z/lamp-1"
    );
    let login = build("login").unwrap().answer.unwrap();
    assert_eq!(login.topic, "/ext/session/a1X2bEnP82z/lamp-1/combine/login_reply");
    let bind = build("app-bind").unwrap().answer.unwrap();
    assert_eq!(bind.topic, "/sys/a1X2bEnP82z/lamp-1/app/down/account/bind_reply");
}

/// Each topic that a method publishes to, and each that it is answered on, is read again as that method.
#[test]
fn methods_and_topics_belong_together() {
    use iot_home_aliyun::thing::{Down, What};

    let topics = topics();
    let event = EventId::new("post").unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for method in Method::PLAIN.into_iter().chain([Method::Event(event)]) {
        let topic = format!("{}_reply", topics.of(method));
        assert!(seen.insert(topic.clone()), "{topic}");
        let down = Down::parse(&topic, br#"{"id":"1","code":200}"#).unwrap();
        assert!(down.is_for(&topics));
        let What::Reply(read, _) = down.what else { panic!("{topic}") };
        assert_eq!(read, method);
    }
}
