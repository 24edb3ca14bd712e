//! A device of Aliyun IoT.

use futures_util::StreamExt as _;
use iot_home::aliyun::client::{ErrorKind, Event, Refused};
use iot_home::aliyun::thing::ota::{Digest, Progress};
use iot_home::aliyun::thing::shadow::{Change, ShadowCode};
use iot_home::aliyun::thing::{Call, Code, Event as Output, EventId};
use iot_home::sim::mqtt::DeviceId;
use serde_json::{Map, Value, json};

use super::{NEW_YEAR, ali_event, ali_thing, lamp, within};

fn values(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

#[tokio::test]
async fn it_reports_and_tells_events() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    thing
        .report(&json!({"power": 1, "level": {"value": 7, "time": 1_767_225_600_000_u64}}))
        .await
        .unwrap();
    thing.event("overheated", &json!({"degrees": 80})).await.unwrap();
    thing.log(&["2026-01-01 all is well"]).await.unwrap();
    let state = platform.thing(&lamp());
    assert_eq!(Value::Object(state.reported), json!({"power": 1, "level": 7}));
    assert_eq!(state.events, [("overheated".into(), json!({"degrees": 80}))]);
    assert_eq!(state.logs, ["2026-01-01 all is well"]);

    let error = thing.report(&[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    let error = thing.event("property", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    let many: Map<_, _> = (0..201).map(|at| (format!("p{at}"), json!(at))).collect();
    let error = thing.report(&many).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::TOO_MANY_PROPERTIES_OTHER)));
    assert_eq!(error.to_string(), "the platform refuses: 6106 (more than 200 properties at once)");
    let event = Output::now(json!({"by": "hand"}));
    let call = Call::event(thing.id(), EventId::new("opened").unwrap(), event);
    assert_eq!(thing.call(&call).await.unwrap().get(), "{}");
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

#[tokio::test]
async fn what_is_asked_of_it_is_answered_once() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    let mut events = thing.events();

    let id = platform.set_properties(&lamp(), &json!({"power": 1})).unwrap();
    let Event::PropertySet(set) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!(set.params::<Value>().unwrap(), json!({"power": 1}));
    assert_eq!(set.to().unwrap().device_name, "lamp-1");
    set.done().await.unwrap();
    let answer = within(platform.answer_to(&id)).await;
    assert_eq!(
        (&answer["code"], &answer["data"], &answer["id"]),
        (&json!(200), &json!({}), &json!(id))
    );

    let id = platform.call_service(&lamp(), "blink", &json!({"times": 3})).unwrap();
    let Event::Service(call) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!(call.service(), Some("blink"));
    call.reply(Code::SUCCESS, &json!({"blinked": 3})).await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["data"], json!({"blinked": 3}));

    // Nobody looks at it.
    let id = platform.call_service(&lamp(), "fly", &json!({})).unwrap();
    drop(ali_event(&mut events).await);
    assert_eq!(within(platform.answer_to(&id)).await["code"], 6450);

    // What cannot be written is no reason to say nothing.
    let id = platform.call_service(&lamp(), "blink", &json!({})).unwrap();
    let Event::Service(call) = ali_event(&mut events).await else { panic!("it is one") };
    let error = call.reply(Code::SUCCESS, &[3]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(within(platform.answer_to(&id)).await["code"], 500);

    let id = platform.call_service(&lamp(), "blink", &json!({})).unwrap();
    let Event::Service(call) = ali_event(&mut events).await else { panic!("it is one") };
    call.refuse(Code::new(100_001)).await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["code"], 100_001);

    let lamp = lamp();
    let asking = platform.rrpc(&lamp, "how are you", std::time::Duration::from_secs(20));
    let answering = async {
        let Event::Question(question) = ali_event(&mut events).await else { panic!("it is one") };
        assert_eq!((question.payload(), question.path()), (&b"how are you"[..], None));
        question.answer("well").await.unwrap();
    };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!(answer.unwrap(), b"well");
    let sets = platform.messages();
    let sets =
        sets.iter().filter(|message| message.topic.contains("service/") && message.from.is_some());
    assert_eq!(sets.count(), 5, "one answer to each");
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

#[tokio::test]
async fn desired_values() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    platform.desire(&lamp(), &values(json!({"power": 1, "level": 5}))).unwrap();
    platform.desire(&lamp(), &values(json!({"power": 0}))).unwrap();
    let wishes = thing.desired(&["power", "other"]).await.unwrap();
    assert_eq!(wishes.len(), 1);
    assert_eq!((wishes["power"].value.as_str(), wishes["power"].version), ("0", 2));
    thing.forget_desired(&[("power", 2), ("level", 0)]).await.unwrap();
    let state = platform.thing(&lamp());
    assert_eq!(
        state.desired.keys().collect::<Vec<_>>(),
        ["level"],
        "an older version forgets nothing"
    );
    assert_eq!(platform.report().violations.total(), 0);
}

#[tokio::test]
async fn the_shadow_and_its_versions() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    let mut events = thing.events();
    let update = |version| Change::Update { reported: json!({"color": "red"}), version };
    assert_eq!(thing.change_shadow(&update(1)).await.unwrap(), Some(1));
    platform.desire(&lamp(), &values(json!({"color": "green"}))).unwrap();
    let Event::ShadowControl(wish) = ali_event(&mut events).await else { panic!("it is one") };
    assert!(wish.down().is_ok());
    let shadow = thing.shadow().await.unwrap();
    assert_eq!(
        (shadow.version, shadow.reported.as_str(), shadow.desired.as_str()),
        (Some(2), r#"{"color":"red"}"#, r#"{"color":"green"}"#)
    );

    let error = thing.change_shadow(&update(2)).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Shadow(ShadowCode::VERSION)));
    assert_eq!(platform.report().violations.shadow_version, 1);
    thing.change_shadow(&Change::ClearDesired::<Value> { version: 3 }).await.unwrap();
    thing.change_shadow(&Change::Delete { reported: "null", version: 4 }).await.unwrap();
    let kept = platform.thing(&lamp()).shadow;
    assert_eq!((kept.version, kept.reported.len(), kept.desired.len()), (4, 0, 0));
    // From the beginning.
    thing.change_shadow(&update(-1)).await.unwrap();
    thing.change_shadow(&update(1)).await.unwrap();
    assert_eq!(platform.report().violations.total(), 1);
}

#[tokio::test]
async fn firmware_configuration_and_time() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    let mut events = thing.events();
    assert_eq!(thing.firmware(None).await.unwrap(), None);
    let firmware = json!({
        "size": 432_945, "version": "2.0.0", "isDiff": 0, "url": "https://ota.example/f?sign=private",
        "signMethod": "SHA256", "sign": "ab", "md5": "cd",
    });
    platform.offer_firmware(&lamp(), firmware).unwrap();
    thing.firmware_version("1.0.0", None).await.unwrap();
    let Event::Firmware(pushed) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!((pushed.version.as_str(), pushed.files[0].size), ("2.0.0", Some(432_945)));
    assert_eq!(pushed.files[0].digest, Some(Digest::Sha256("ab".into())));
    assert_eq!(pushed.files[0].url.expose(), "https://ota.example/f?sign=private");
    assert!(!format!("{pushed:?}").contains("private"));
    assert_eq!(thing.firmware(None).await.unwrap(), Some(pushed));
    thing.firmware_progress(Progress::Percent(50), "", None).await.unwrap();
    thing.firmware_progress(Progress::VerifyFailed, "the digest is another", None).await.unwrap();
    thing.firmware_version("2.0.0", None).await.unwrap();
    let state = platform.thing(&lamp());
    assert_eq!(
        (state.progress, &state.versions[""]),
        (vec!["50".into(), "-3".into()], &"2.0.0".into())
    );

    let error = thing.config().await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::new(6710))));
    let config = json!({"configId": "1", "configSize": 9, "url": "https://c.example/1"});
    platform.push_config(&lamp(), config.clone()).unwrap();
    let Event::ConfigPush(push) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!(push.params::<Value>().unwrap(), config);
    push.done().await.unwrap();
    let asked: Value = serde_json::from_str(thing.config().await.unwrap().get()).unwrap();
    assert_eq!(asked, config);

    let time = thing.time().await.unwrap();
    let off = time.abs_diff(platform.time());
    assert!(time >= NEW_YEAR && off < std::time::Duration::from_secs(5), "{off:?}");
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

#[tokio::test]
async fn nothing_that_arrives_is_the_end() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    let mut events = thing.events();
    let own = "/sys/a1X2bEnP82z/lamp-1/thing";
    platform.publish(&format!("{own}/service/property/set"), "{not json", 1);
    let Event::Unreadable { message, .. } = ali_event(&mut events).await else { panic!("it is") };
    assert_eq!(message.payload, "{not json");
    platform.publish("/broadcast/a1X2bEnP82z/news", "hello", 1);
    assert!(matches!(ali_event(&mut events).await, Event::Broadcast(_)));
    thing.session().subscribe("/a1X2bEnP82z/lamp-1/user/get", Default::default()).await.unwrap();
    platform.publish("/a1X2bEnP82z/lamp-1/user/get", "hello", 1);
    let Event::Other(own) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!(own.message().payload, "hello");
    thing.report(&json!({"power": 1})).await.unwrap();

    // It ends when it is closed, and then every call.
    thing.close().await;
    assert!(within(events.next()).await.is_none());
    let error = thing.report(&json!({"power": 1})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Session);
    platform.until(|platform| !platform.is_connected(&DeviceId::from(&lamp()))).await;
}
