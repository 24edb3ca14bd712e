//! A device of Tencent Cloud IoT, and a gateway.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::Session;
use iot_home::sim::mqtt::{AnswerFault, DeviceId, Faults, SimPlatform};
use iot_home::tencent::client::{ErrorKind, Event, Events};
use iot_home::tencent::thing::event::{self as tencent, Severity};
use iot_home::tencent::thing::ota::{FailCode, Progress};
use iot_home::tencent::thing::{Code, What};
use iot_home::tencent::{Device, Thing};
use serde_json::{Map, Value, json};

use super::{NEW_YEAR, PSK, SHORT, lock, options, switch, within};

async fn thing(platform: &SimPlatform) -> Thing {
    let addr = platform.tls_addr();
    let login = switch().tls().host(addr.ip().to_string()).unwrap().port(addr.port());
    let session = within(Session::connect(login, options(platform))).await.unwrap();
    within(Thing::with_patience(session, switch().topics(), SHORT * 10)).await.unwrap()
}

async fn event(events: &mut Events) -> Event {
    loop {
        match within(events.next()).await.expect("it goes on").expect("it goes on") {
            Event::Connected { .. } | Event::Disconnected { .. } => {}
            event => return event,
        }
    }
}

fn values(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

#[tokio::test]
async fn it_reports_and_tells_events() {
    let platform = super::platform().await;
    let thing = thing(&platform).await;
    thing.report(&json!({"power_switch": 1})).await.unwrap();
    thing.report_info(&json!({"fw_ver": "1.0"})).await.unwrap();
    thing.event("PowerAlarm", Severity::Fatal, &json!({"volts": 9})).await.unwrap();
    let then = |id, volts| {
        tencent::Event::new(id, Severity::Info, NEW_YEAR, json!({"volts": volts})).unwrap()
    };
    thing.several_events(&[then("Dimmed", 8), then("Dark", 0)]).await.unwrap();
    let state = platform.thing(&switch());
    assert_eq!(Value::Object(state.reported), json!({"power_switch": 1}));
    let told = ["PowerAlarm", "Dimmed", "Dark"].map(String::from).into_iter();
    let told: Vec<_> = told.zip([9, 8, 0].map(|volts| json!({"volts": volts}))).collect();
    assert_eq!(state.events, told);
    let many = vec![then("Dimmed", 8); 400];
    let error = thing.several_events(&many).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput, "longer than 16 KB");
    assert_eq!(thing.report(&5).await.unwrap_err().kind(), ErrorKind::BadInput);

    platform.desire(&switch(), &values(json!({"power_switch": 0}))).unwrap();
    let status = thing.status().await.unwrap();
    assert_eq!(
        (status.reported.as_str(), status.control.as_str()),
        (r#"{"power_switch":1}"#, r#"{"power_switch":0}"#)
    );
    thing.clear_control().await.unwrap();
    assert_eq!(thing.status().await.unwrap().control, "");
    assert_eq!(thing.log_level().await.unwrap(), 3);
    let off = thing.time().await.unwrap().abs_diff(platform.time());
    assert!(off < Duration::from_secs(5) && platform.time() >= NEW_YEAR, "{off:?}");
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

#[tokio::test]
async fn what_is_asked_of_it_is_answered_once() {
    let platform = super::platform().await;
    let thing = thing(&platform).await;
    let mut events = thing.events();
    let id = platform.set_properties(&switch(), &json!({"power_switch": 0})).unwrap();
    let Event::Control(control) = event(&mut events).await else { panic!("it is one") };
    assert_eq!(control.params::<Value>().unwrap(), json!({"power_switch": 0}));
    control.done().await.unwrap();
    let answer = within(platform.answer_to(&id)).await;
    assert_eq!((&answer["method"], &answer["code"]), (&json!("control_reply"), &json!(0)));

    let id = platform.set_properties(&switch(), &json!({"power_switch": 2})).unwrap();
    let Event::Control(control) = event(&mut events).await else { panic!("it is one") };
    control.refuse(Code::new(7), "too much").await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["status"], "too much");
    // Nobody looks at it.
    let id = platform.set_properties(&switch(), &json!({"power_switch": 2})).unwrap();
    drop(event(&mut events).await);
    assert_eq!(within(platform.answer_to(&id)).await["code"], 400);

    let id = platform.call_service(&switch(), "openDoor", &json!({"door": 1})).unwrap();
    let Event::Action(action) = event(&mut events).await else { panic!("it is one") };
    assert_eq!(
        (action.id().as_str(), action.params::<Value>().unwrap()),
        ("openDoor", json!({"door": 1}))
    );
    action.reply(&json!({"is_open": true})).await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["response"], json!({"is_open": true}));
    // What cannot be written is refused.
    let id = platform.call_service(&switch(), "openDoor", &json!({})).unwrap();
    let Event::Action(action) = event(&mut events).await else { panic!("it is one") };
    assert_eq!(action.reply(&5).await.unwrap_err().kind(), ErrorKind::BadInput);
    assert_eq!(within(platform.answer_to(&id)).await["code"], 400);
    let id = platform.call_service(&switch(), "fly", &json!({})).unwrap();
    drop(event(&mut events).await);
    assert_eq!(within(platform.answer_to(&id)).await["code"], 400);

    let switch = switch();
    let asking = platform.rrpc(&switch, "how are you", Duration::from_secs(20));
    let answering = async {
        let Event::Question(question) = event(&mut events).await else { panic!("it is one") };
        assert_eq!(question.payload(), b"how are you");
        question.answer("well").await.unwrap();
    };
    assert_eq!(tokio::join!(asking, answering).0.unwrap(), b"well");
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

#[tokio::test]
async fn shadow_firmware_and_configuration() {
    let platform = super::platform().await;
    let thing = thing(&platform).await;
    let mut events = thing.events();
    assert_eq!(thing.update_shadow(&json!({"color": "red"}), Some(0)).await.unwrap(), Some(1));
    let error = thing.update_shadow(&json!({"color": "blue"}), Some(0)).await.unwrap_err();
    assert_eq!(error.refused(), Some(Code::VERSION_CONFLICT));
    assert_eq!(error.to_string(), "the platform refuses: 5005 (the shadow has another version)");
    platform.desire(&switch(), &values(json!({"color": "green"}))).unwrap();
    assert!(matches!(event(&mut events).await, Event::ShadowDelta(_)));
    let shadow = thing.shadow().await.unwrap();
    assert_eq!(
        (shadow.version, shadow.reported.as_str(), shadow.desired.as_str()),
        (Some(2), r#"{"color":"red"}"#, r#"{"color":"green"}"#)
    );
    thing.take_over_shadow(&json!({"color": "green"}), shadow.version).await.unwrap();
    let kept = platform.thing(&switch()).shadow;
    assert_eq!(
        (kept.version, kept.desired.len(), &kept.reported["color"]),
        (3, 0, &json!("green"))
    );

    let firmware = json!({
        "version": "0.2", "file_size": 708_482, "md5sum": "ab", "url": "https://ota.example/f?sign=private",
    });
    platform.offer_firmware(&switch(), firmware).unwrap();
    thing.firmware_version("0.1").await.unwrap();
    let Event::Firmware(firmware) = event(&mut events).await else { panic!("it is one") };
    assert_eq!(
        (firmware.version.as_str(), firmware.size, firmware.md5.as_str()),
        ("0.2", 708_482, "ab")
    );
    assert!(
        firmware.url.expose().ends_with("private") && !format!("{firmware:?}").contains("private")
    );
    thing.firmware_progress(Progress::Downloading(10), "0.2").await.unwrap();
    thing.firmware_progress(Progress::Fail(FailCode::DIGEST), "0.2").await.unwrap();
    thing.firmware_progress(Progress::Done, "0.2").await.unwrap();
    thing.firmware_version("0.2").await.unwrap();
    let state = platform.thing(&switch());
    assert_eq!(state.progress, ["downloading 10", "fail -4", "done"]);
    assert_eq!(state.versions[""], "0.2");

    assert_eq!(thing.config().await.unwrap_err().refused(), Some(Code::new(1003)));
    platform.push_config(&switch(), json!({"interval": 5})).unwrap();
    assert!(matches!(event(&mut events).await, Event::ConfigPush(_)));
    assert_eq!(thing.config().await.unwrap(), r#"{"interval":5}"#);
    assert_eq!(platform.report().violations.shadow_version, 1);
    assert_eq!((platform.report().violations.total(), thing.strays()), (1, 0));
}

/// Properties in their old form. What is wanted while nobody asked is in the answer, and an event from then on.
#[tokio::test]
async fn old_templates() {
    let platform = super::platform().await;
    let thing = thing(&platform).await;
    let mut events = thing.events();
    platform.desire(&switch(), &values(json!({"power_switch": 1}))).unwrap();
    assert!(matches!(event(&mut events).await, Event::ShadowDelta(_)), "and nothing of the other");
    let template = thing.template().await.unwrap();
    let wanted = r#"{"power_switch":1}"#;
    assert_eq!(
        (template.version, template.reported.as_str()),
        (Some(1), "{}"),
        "nothing was told yet"
    );
    assert_eq!((template.desired.as_str(), template.delta.as_str()), (wanted, wanted));
    let version = thing.take_over_template(&json!({"power_switch": 1}), Some(1)).await.unwrap();
    assert_eq!(version, Some(2));
    assert_eq!(thing.update_template(&json!({"name": "dev01"}), version).await.unwrap(), Some(3));
    let late = thing.update_template(&json!({"name": "late"}), version).await.unwrap_err();
    assert_eq!(late.refused(), Some(Code::VERSION_CONFLICT));
    let kept = platform.thing(&switch()).shadow;
    assert_eq!(
        (json!(kept.reported), kept.desired.len()),
        (json!({"power_switch": 1, "name": "dev01"}), 0)
    );

    platform.desire(&switch(), &values(json!({"power_switch": 0}))).unwrap();
    let mut told = [event(&mut events).await, event(&mut events).await];
    told.sort_by_key(|event| matches!(event, Event::TemplateDelta(_)));
    let [Event::ShadowDelta(_), Event::TemplateDelta(delta)] = told else { panic!("{told:?}") };
    let What::Template(delta) = delta.down().unwrap().what else { panic!("it is one") };
    assert_eq!(delta.payload.unwrap().state.unwrap().text(), r#"{"power_switch":0}"#);
    platform.set_faults(Faults::default().answers(AnswerFault::WrongId, 1));
    assert_eq!(within(thing.template()).await.unwrap_err().kind(), ErrorKind::NoAnswer);
    assert_eq!(thing.template().await.unwrap().delta, r#"{"power_switch":0}"#);
    assert_eq!(platform.report().violations.shadow_version, 1);
    assert_eq!((platform.report().violations.total(), thing.strays()), (1, 1));
}

#[tokio::test]
async fn devices_below_a_gateway() {
    let platform = super::platform().await;
    let gateway = thing(&platform).await;
    let mut events = gateway.events();
    let refused = gateway.gateway().online(&lock().topics()).await.unwrap_err();
    assert_eq!(refused.refused(), Some(Code::new(1)));
    let forged = Device::new("YOURPROD01", "lock1", "AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    assert_eq!(gateway.gateway().bind(&forged).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(platform.report().violations.sub_device_signature, 1);
    gateway.gateway().bind(&lock()).await.unwrap();
    let names = gateway.gateway().list().await.unwrap();
    assert_eq!((names.len(), names[0].device_name.as_str()), (1, "lock1"));

    let sub = gateway.gateway().online(&lock().topics()).await.unwrap();
    sub.report(&json!({"open": 1})).await.unwrap();
    assert_eq!(platform.thing(&lock()).reported["open"], 1);
    let id = platform.set_properties(&lock(), &json!({"open": 0})).unwrap();
    let Event::Control(control) = event(&mut events).await else { panic!("it is one") };
    assert_eq!(control.to().unwrap().device_name, "lock1");
    control.done().await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["code"], 0);
    // Somebody else changes it.
    let push = r#"{"type":"change","payload":{"status":0,"devices":[]}}"#;
    platform.publish("$gateway/operation/result/YOURPROD01/lamp1", push, 1);
    assert!(matches!(event(&mut events).await, Event::GatewayChange(_)));

    gateway.gateway().offline(&sub).await.unwrap();
    let id = DeviceId::from(&switch());
    let filters = platform.look(|platform| platform.subscriptions(&id));
    assert!(!filters.iter().any(|filter| filter.contains("lock1")), "{filters:?}");
    gateway.gateway().unbind([lock().topics().address()]).await.unwrap();
    let state = platform.thing(&switch());
    assert_eq!((state.online.len(), state.sub_devices.len()), (0, 0));
    assert_eq!(platform.report().violations.total(), 2);
    assert!(!format!("{gateway:?} {sub:?}").contains(PSK));
}

#[tokio::test]
async fn answers_that_go_wrong() {
    let platform = super::platform().await;
    let thing = thing(&platform).await;
    platform.set_faults(Faults::default().answers(AnswerFault::Code(429), 1));
    let error = thing.report(&json!({"a": 1})).await.unwrap_err();
    assert_eq!((error.kind(), error.refused()), (ErrorKind::Refused, Some(Code::new(429))));
    platform.set_faults(Faults::default().answers(AnswerFault::Twice, 1));
    thing.report(&json!({"a": 2})).await.unwrap();
    platform.set_faults(Faults::default().answers(AnswerFault::Missing, 1));
    let error = within(thing.report(&json!({"a": 3}))).await.unwrap_err();
    assert_eq!((error.kind(), thing.strays()), (ErrorKind::NoAnswer, 1));
    platform.publish("$thing/down/property/YOURPROD01/lamp1", "torn", 1);
    let mut events = thing.events();
    assert!(matches!(event(&mut events).await, Event::Unreadable { .. }));
    thing.report(&json!({"a": 4})).await.unwrap();
}
