//! What arrives, against the fixtures.

use std::time::Duration;

use iot_home_tencent::thing::ota::Ota;
use iot_home_tencent::thing::shadow::{Shadow, State};
use iot_home_tencent::thing::{Asked, Code, Down, Text, Unreadable, What};
use serde_json::{Value, json};

use super::{case, cases, payload, topics};

fn name(what: &What<'_>) -> String {
    let debug = format!("{what:?}");
    let word = debug.split(['(', ' ']).next().unwrap();
    if word == "Level" { "Log".into() } else { word.into() }
}

#[test]
fn what_arrives_is_what_the_fixtures_say() {
    let topics = topics();
    let cases = cases("down");
    assert!(cases.len() >= 38);
    for case in &cases {
        let (id, topic) = (case["id"].as_str().unwrap(), case["topic"].as_str().unwrap());
        let payload = payload(&case["payload"]);
        let down = Down::parse(topic, payload.as_bytes()).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(name(&down.what), case["is"].as_str().unwrap(), "{id}");
        assert!(down.is_for(&topics), "{id}");
        let key = down.answers();
        assert_eq!(key.as_ref().map(|key| key.id.as_str()), case["answers"].as_str(), "{id}");
        assert!(key.is_none_or(|key| key.topic == topic));
        let Some(expected) = case.get("answer") else { continue };
        let answer = match &down.what {
            What::Rrpc(rrpc) => {
                assert_eq!((rrpc.process_id, rrpc.payload), ("1234", payload.as_bytes()));
                rrpc.answer("any answer").unwrap()
            }
            What::Control(control) => control.answer(&topics, Code::SUCCESS, "").unwrap(),
            What::Action(action) => {
                let response = json!({"Code": 0});
                action.answer(&topics, Code::SUCCESS, "done", &response).unwrap()
            }
            other => panic!("{other:?}"),
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

/// By the document it is `report`, by the SDKs `reported` and `control`.
#[test]
fn what_the_platform_remembers() {
    for (id, wanted) in [("get-status-reply", None), ("get-status-reply-sdk", Some(0))] {
        let (topic, body) = case("down", id);
        let down = Down::parse(&topic, body.as_bytes()).unwrap();
        let What::Reply(Asked::GetStatus, reply) = down.what else { panic!() };
        let status = reply.status().unwrap();
        let value = |json: iot_home_tencent::thing::Json<'_>| {
            json.members().unwrap().get("power_switch").unwrap().parse::<u8>().unwrap()
        };
        assert_eq!(status.report.map(value), Some(1), "{id}");
        assert_eq!(status.control.map(value), wanted, "{id}");
    }
}

#[test]
fn actions_shadows_and_firmware() {
    let (topic, body) = case("down", "action");
    let What::Action(action) = Down::parse(&topic, body.as_bytes()).unwrap().what else { panic!() };
    assert_eq!((&*action.action_id, action.timestamp), ("openDoor", Some(1_212_121_221)));
    assert_eq!(action.client_token.as_ref().map(Text::as_str), Some("20a4"));

    let (topic, body) = case("down", "shadow-conflict");
    let What::Shadow(shadow) = Down::parse(&topic, body.as_bytes()).unwrap().what else { panic!() };
    assert_eq!(shadow.result, Some(Code::VERSION_CONFLICT));
    assert_eq!(shadow.payload.unwrap().version, Some(3));
    let (topic, body) = case("down", "shadow-delta");
    let What::Shadow(shadow) = Down::parse(&topic, body.as_bytes()).unwrap().what else { panic!() };
    assert!(shadow.is_delta());
    let wanted = shadow.payload.unwrap().state.unwrap().members().unwrap();
    assert_eq!(wanted.get("a").unwrap().text(), "2");

    let (topic, body) = case("down", "ota-update");
    let What::Ota(Ota::Update(firmware)) = Down::parse(&topic, body.as_bytes()).unwrap().what
    else {
        panic!()
    };
    assert_eq!((&*firmware.version, firmware.file_size), ("0.2", 708_482));
    assert!(firmware.url.expose().ends_with("7WmFA/MEs"));

    let (topic, body) = case("down", "online-reply");
    let What::Gateway(gateway) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    assert_eq!(gateway.devices[0].result, Some(Code::SUCCESS));
    let (topic, body) = case("down", "change");
    let What::Gateway(gateway) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    assert_eq!((gateway.status, gateway.devices[0].result), (Some(1), None));
}

/// Properties in their old form are read as the shadow is, and answer nothing of the shadow's.
#[test]
fn old_templates() {
    let template = |id: &str, check: &dyn Fn(Shadow<'_>)| {
        let (topic, body) = case("down", id);
        let What::Template(template) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
            panic!("{id}")
        };
        check(template);
    };
    let switch = |json: Option<iot_home_tencent::thing::Json<'_>>| {
        json.map(|json| json.members().unwrap().get("power_switch").unwrap().text().to_owned())
    };
    template("template-get-reply", &|template| {
        assert_eq!((&*template.kind, template.result), ("get", Some(Code::SUCCESS)));
        let remembered = template.payload.unwrap();
        assert_eq!(
            (remembered.version, remembered.timestamp),
            (Some(401), Some(1_568_776_522_035))
        );
        let state: State<'_> = remembered.state.unwrap().parse().unwrap();
        assert_eq!(switch(state.reported).as_deref(), Some("0"));
        assert_eq!((state.desired, state.delta), (None, None));
    });
    template("template-get-reply-wishes", &|template| {
        let state: State<'_> = template.payload.unwrap().state.unwrap().parse().unwrap();
        let values = [state.reported, state.desired, state.delta].map(switch);
        assert_eq!(values.each_ref().map(Option::as_deref), [Some("0"), Some("1"), Some("1")]);
    });
    template("template-conflict", &|template| {
        assert_eq!(template.result, Some(Code::VERSION_CONFLICT));
    });
    template("template-delta", &|template| {
        assert!(template.is_delta() && template.result.is_none());
        assert_eq!(switch(template.payload.unwrap().state).as_deref(), Some("1"));
    });
    // The same token asked of the one is no answer to the other.
    let (topic, body) = case("down", "template-get-reply");
    let of_shadow = topic.replace("$template", "$shadow");
    let keys =
        [&topic, &of_shadow].map(|topic| Down::parse(topic, body.as_bytes()).unwrap().answers());
    assert!(keys[0].is_some() && keys[1].is_some() && keys[0] != keys[1]);
    for bad in
        ["any bytes", "{}", "[]", r#"{"type":1}"#, r#"{"type":"get","payload":{"version":-1}}"#]
    {
        assert!(Down::parse(&topic, bad.as_bytes()).is_err(), "{bad}");
    }
    for no_device in ["YOURPROD01/la+mp", "YOURPROD01/lamp1/more", "short/lamp1", "YOURPROD01/"] {
        let topic = format!("$template/operation/result/{no_device}");
        let down = Down::parse(&topic, body.as_bytes());
        assert!(down.is_err() || matches!(down.unwrap().what, What::Unknown(_)), "{topic}");
    }
}

/// (heard + answered + received - sent) / 2
#[test]
fn the_time() {
    let topic = "$sys/operation/result/YOURPROD01/lamp1";
    let body =
        br#"{"type":"get","time":1571724098,"ntptime1":1571724098100,"ntptime2":1571724098120}"#;
    let What::Time(time) = Down::parse(topic, body).unwrap().what else { panic!() };
    let (sent, received) = (Duration::from_millis(1000), Duration::from_millis(1200));
    assert_eq!(time.at(sent, received), Duration::from_millis(1_571_724_098_210));
    let What::Time(time) = Down::parse(topic, br#"{"time":"1571724098"}"#).unwrap().what else {
        panic!()
    };
    assert_eq!(time.at(sent, received), Duration::from_secs(1_571_724_098));
}

#[test]
fn what_cannot_be_read() {
    let property = "$thing/down/property/YOURPROD01/lamp1";
    let parse =
        |topic, payload: &'static [u8]| Down::parse(topic, payload).map(|_| ()).unwrap_err();
    assert_eq!(parse(property, b"{"), Unreadable::NotJson { offset: 1 });
    assert!(matches!(parse(property, b"{}"), Unreadable::Form { .. }), "without a method");
    for body in [
        &br#"{"method":"control","clientToken":"1"}"#[..],
        br#"{"method":"report_reply","clientToken":"1"}"#,
        br#"{"method":"action","params":{}}"#,
        br#"{"method":"report_reply","code":0.5}"#,
        br#"{"method":"report_reply","code":0,"code":1}"#,
        br#"{"method":"report_reply","code":"zero"}"#,
    ] {
        let error = Down::parse(property, body).map(|_| ()).unwrap_err();
        assert!(matches!(error, Unreadable::Form { .. }), "{}", String::from_utf8_lossy(body));
    }
    let ota = "$ota/update/YOURPROD01/lamp1";
    assert!(matches!(
        parse(ota, br#"{"type":"update_firmware","version":"1","url":"u","md5sum":"m"}"#),
        Unreadable::Form { .. }
    ));
    assert!(matches!(
        parse(
            ota,
            br#"{"type":"update_firmware","version":"1","url":"u","md5sum":"m","file_size":-1}"#
        ),
        Unreadable::Form { .. }
    ));
    assert!(matches!(parse("$rrpc/rxd/YOURPROD01/lamp1/#", b""), Unreadable::Topic(_)));
}
