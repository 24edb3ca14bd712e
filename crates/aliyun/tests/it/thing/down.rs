//! What arrives, against the fixtures.

use std::time::Duration;

use iot_home_aliyun::thing::config::{Config, Desired, LogConfig};
use iot_home_aliyun::thing::ota::Digest;
use iot_home_aliyun::thing::shadow::{Shadow, ShadowCode};
use iot_home_aliyun::thing::{
    Code, Down, Members, Method, Pending, Publication, Registered, Request, Text, Unreadable, What,
};
use iot_home_core::Instant;
use serde_json::{Value, json};

use super::{SECRET, TOKEN, case, cases, payload, topics};

fn name(what: &What<'_>) -> String {
    let debug = format!("{what:?}");
    debug.split(['(', ' ']).next().unwrap().into()
}

fn request<'d, 'a>(what: &'d What<'a>) -> Option<&'d Request<'a>> {
    match what {
        What::PropertySet(request)
        | What::Service(_, request)
        | What::ConfigPush(request)
        | What::LogConfigPush(request)
        | What::TopologyChange(request)
        | What::Disable(request)
        | What::Enable(request)
        | What::Delete(request) => Some(request),
        _ => None,
    }
}

#[test]
fn what_arrives_is_what_the_fixtures_say() {
    let cases = cases("down");
    assert!(cases.len() >= 36);
    for case in &cases {
        let (id, topic) = (case["id"].as_str().unwrap(), case["topic"].as_str().unwrap());
        let payload = payload(&case["payload"]);
        let down = Down::parse(topic, payload.as_bytes()).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(name(&down.what), case["is"].as_str().unwrap(), "{id}");
        assert_eq!(down.topic(), topic);
        let Some(expected) = case.get("answer") else { continue };
        let answer: Publication = match &down.what {
            What::Rrpc(rrpc) => {
                assert_eq!(rrpc.payload, payload.as_bytes());
                rrpc.answer("any answer").unwrap()
            }
            what => request(what).unwrap().answer(Code::SUCCESS, &json!({})).unwrap(),
        };
        assert_eq!(answer.topic, expected["topic"].as_str().unwrap(), "{id}");
        match expected["payload"].as_str() {
            Some(text) => assert_eq!(answer.payload, text.as_bytes()),
            None => {
                let payload: Value = serde_json::from_slice(&answer.payload).unwrap();
                assert_eq!(payload, expected["payload"], "{id}");
            }
        }
    }
}

/// An answer finds the call that it belongs to, once, and no other device's.
#[test]
fn answers_find_their_calls() {
    use iot_home_aliyun::thing::Call;

    let topics = topics();
    let mut pending = Pending::new(4);
    let deadline = Instant::ORIGIN + Duration::from_secs(5);
    let call = Call::report("123", json!({"a": 1})).to(&topics).unwrap();
    pending.insert(call.answer.unwrap(), deadline, "report").unwrap();
    let time =
        iot_home_aliyun::thing::ntp::request(&topics, Duration::from_millis(1_571_724_098_000));
    pending.insert(time.answer.unwrap(), deadline, "time").unwrap();

    let (_, body) = case("down", "reply");
    for other in [
        "/sys/a1X2bEnP82z/lamp-2/thing/event/property/post_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/config/get_reply",
    ] {
        let down = Down::parse(other, body.as_bytes()).unwrap();
        assert_eq!(pending.take(&down.answers().unwrap()), None);
    }
    for (id, kept) in [("reply", "report"), ("ntp-answer", "time")] {
        let (topic, body) = case("down", id);
        let down = Down::parse(&topic, body.as_bytes()).unwrap();
        assert_eq!(pending.take(&down.answers().unwrap()), Some(kept));
        assert_eq!(pending.take(&down.answers().unwrap()), None);
    }
    let (topic, body) = case("down", "property-set");
    assert_eq!(Down::parse(&topic, body.as_bytes()).unwrap().answers(), None);
}

#[test]
fn replies_and_their_data() {
    let (topic, body) = case("down", "reply-of-a-sub-device");
    let down = Down::parse(&topic, body.as_bytes()).unwrap();
    assert_eq!(down.to.unwrap().device_name, "sub-01");
    assert!(!down.is_for(&topics()));
    let What::Reply(Method::PropertyPost, reply) = down.what else { panic!("{down:?}") };
    assert_eq!(reply.code, Code::BAD_PARAMETER);
    assert_eq!(reply.id.as_ref().map(Text::as_str), Some("7"));

    let (topic, body) = case("down", "desired-reply");
    let What::Reply(_, reply) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    let data: Members<'_> = reply.data().unwrap();
    let power: Desired<'_> = data.get("power").unwrap().parse().unwrap();
    assert_eq!((power.value.parse::<&str>().unwrap(), power.version), ("on", 2));

    for id in ["config-reply", "config-push"] {
        let (topic, body) = case("down", id);
        let config: Config<'_> = match Down::parse(&topic, body.as_bytes()).unwrap().what {
            What::Reply(Method::ConfigGet, reply) => reply.data().unwrap(),
            What::ConfigPush(request) => request.params.parse().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!((config.config_id.as_ref(), config.config_size), ("c1", Some(12)));
        assert!(config.url.expose().ends_with(TOKEN));
        assert_eq!(config.url.origin(), Some("https://files.example"));
    }
    let (topic, body) = case("down", "log-push");
    let What::LogConfigPush(request) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    assert_eq!(request.params.parse::<LogConfig>().unwrap().content.mode, 1);
}

#[test]
fn firmware() {
    let (topic, body) = case("down", "upgrade");
    let What::Upgrade(upgrade) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    assert_eq!(upgrade.code, iot_home_aliyun::thing::ota::Upgrade::THERE);
    assert_eq!(upgrade.id.unwrap().as_str(), "1507707025");
    assert_eq!((upgrade.data.size, upgrade.data.is_diff), (Some(432_945), Some(0)));
    assert_eq!(upgrade.data.digest(), Some(Digest::Md5("abcd".into())));

    let (topic, body) = case("down", "upgrade-of-several-files");
    let What::Upgrade(upgrade) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    let file = &upgrade.data.files[0];
    assert_eq!(file.file_size, 12);
    assert_eq!(upgrade.data.file_digest(file), Some(Digest::Sha256("11".into())));

    let (topic, body) = case("down", "firmware-reply");
    let What::Reply(_, reply) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    assert_eq!(reply.firmware(), Ok(None));
    let with = br#"{"code":200,"data":{"version":"2"}}"#;
    let What::Reply(_, reply) = Down::parse(&topic, with).unwrap().what else { panic!() };
    assert_eq!(reply.firmware().unwrap().unwrap().version, "2");
}

#[test]
fn the_shadow() {
    let read = |id| case("down", id);
    let (topic, body) = read("shadow-refused");
    let What::Shadow(shadow) = Down::parse(&topic, body.as_bytes()).unwrap().what else { panic!() };
    assert_eq!(shadow, Shadow::Refused { code: ShadowCode::VERSION, message: "version".into() });
    let (topic, body) = read("shadow-control");
    let down = Down::parse(&topic, body.as_bytes()).unwrap();
    assert_eq!(down.answers(), None);
    let What::Shadow(Shadow::Control { state, version }) = down.what else { panic!() };
    assert_eq!(version, Some(2));
    let wanted = state.desired.unwrap().members().unwrap();
    assert_eq!(wanted.get("color").unwrap().parse::<&str>().unwrap(), "red");
}

/// A product and a device that are called like the levels of the topic.
#[test]
fn answers_to_calls_keep_their_device() {
    let topic = "/sys/rrpc/request/rrpc/request/7";
    let down = Down::parse(topic, b"").unwrap();
    assert_eq!(down.to.unwrap().device_name, "request");
    let What::Rrpc(rrpc) = down.what else { panic!() };
    assert_eq!(rrpc.answer("").unwrap().topic, "/sys/rrpc/request/rrpc/response/7");
}

/// (server received + server sent + received - sent) / 2
#[test]
fn the_time() {
    let (topic, body) = case("down", "ntp-answer");
    let What::Time(time) = Down::parse(&topic, body.as_bytes()).unwrap().what else { panic!() };
    let received = Duration::from_millis(1_571_724_098_225);
    assert_eq!(time.at(received), Duration::from_millis(1_571_724_098_225));
    // A clock that counts from its start: sent at 1000, received at 1200.
    let body = br#"{"deviceSendTime":"1000","serverRecvTime":"1571724098100","serverSendTime":"1571724098120"}"#;
    let What::Time(time) = Down::parse(&topic, body).unwrap().what else { panic!() };
    assert_eq!(time.at(Duration::from_millis(1200)), Duration::from_millis(1_571_724_098_210));
}

#[test]
fn what_registration_and_certificates_are_answered_with() {
    let (topic, body) = case("down", "register");
    let What::Registered(Registered::Secret(device)) =
        Down::parse(&topic, body.as_bytes()).unwrap().what
    else {
        panic!()
    };
    let ours = iot_home_aliyun::Device::new("a1X2bEnP82z", "lamp-1", SECRET).unwrap();
    assert_eq!(device.tls().sign(Duration::ZERO), ours.tls().sign(Duration::ZERO));
    let (topic, body) = case("down", "regnwl");
    let What::Registered(Registered::Token(device)) =
        Down::parse(&topic, body.as_bytes()).unwrap().what
    else {
        panic!()
    };
    let login = device.tls().sign();
    assert_eq!(login.client_id, "id-1|securemode=-2,authType=connwl|");
    assert_eq!(login.password.unwrap().expose(), TOKEN);
    let (topic, body) = case("down", "identity");
    let What::Identity(identity) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    let login = identity.into_device().tls().sign();
    assert_eq!(login.username.as_deref(), Some("lamp-1&a1X2bEnP82z"));

    for (body, why) in [
        (r#"{"productKey":"a1X2bEnP82z","deviceName":"lamp-1"}"#, "neither"),
        (
            r#"{"productKey":"a","deviceName":"lamp-1","clientId":"i","deviceToken":"t","deviceSecret":"s"}"#,
            "both",
        ),
        (r#"{"productKey":"a","deviceName":"lamp-1","deviceToken":"t"}"#, "no client id"),
        (r#"{"productKey":"a/b","deviceName":"lamp-1","deviceSecret":"s"}"#, "no product key"),
        (r#"{"productKey":"a","deviceName":"lamp-1","deviceSecret":""}"#, "an empty secret"),
    ] {
        assert!(Down::parse("/ext/register", body.as_bytes()).is_err(), "{why}");
    }
}

#[test]
fn what_cannot_be_read() {
    let set = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
    let parse =
        |topic, payload: &'static [u8]| Down::parse(topic, payload).map(|_| ()).unwrap_err();
    assert_eq!(parse(set, b"{\"id\":\"1\""), Unreadable::NotJson { offset: 9 });
    assert_eq!(parse(set, b"\xff"), Unreadable::NotJson { offset: 0 });
    assert!(matches!(parse(set, b"[1,2,3,4]"), Unreadable::Form { .. }));
    // The id may be a text or a number.
    assert!(matches!(parse(set, b"{\"id\":{}}"), Unreadable::Form { .. }));
    let twice = br#"{"id":"1","params":{"P":1,"P":2}}"#;
    let down = Down::parse(set, twice).unwrap();
    let What::PropertySet(request) = down.what else { panic!() };
    assert!(matches!(request.params.members(), Err(Unreadable::Form { .. })));
    assert!(matches!(parse("/sys/+/lamp-1/x", b""), Unreadable::Topic(_)));
    assert!(matches!(parse("", b""), Unreadable::Topic(_)));
    let reply = "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post_reply";
    assert!(matches!(parse(reply, br#"{"id":"1"}"#), Unreadable::Form { .. }), "without a code");
    let long = vec![b' '; 256 * 1024 + 1];
    assert_eq!(
        Down::parse("/a1X2bEnP82z/lamp-1/user/get", &long).map(|_| ()).unwrap_err(),
        Unreadable::Length { length: 262_145, most: 262_144 }
    );
}
