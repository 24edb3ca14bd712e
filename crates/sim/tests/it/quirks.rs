//! Each quirk, as it stands on the wire, and what a client makes of it.

use iot_home_miio::{Failure, MessageError, Request};
use iot_home_sim::miio::{Builder, DeviceClock, Property, Service};
use iot_home_sim::{Faults, Quirk, SimDevice, VirtualLink};
use serde_json::{Value, json};

use crate::client::Client;

fn lamp(quirk: Quirk) -> Builder {
    SimDevice::light()
        .property("2.1", true)
        .property("2.2", 6)
        .info("ap", json!({"ssid": "home", "note": "a\tb"}))
        .service(Service::new(9).property(Property::text(1, 9).value("灯")))
        .clock(DeviceClock::From(0))
        .faults(Faults::seed(1).quirk(quirk))
}

const INFO: &str = r#"{"id":7,"method":"miIO.info","params":[]}"#;
const PROP: &str = r#"{"id":7,"method":"get_prop","params":["power","bright"]}"#;
const ONE_PROP: &str = r#"{"id":7,"method":"get_prop","params":["bright"]}"#;
const SET: &str = r#"{"id":7,"method":"set_power","params":["on"]}"#;
const READ: &str = r#"{"id":7,"method":"get_properties","params":[{"siid":2,"piid":2}]}"#;
const ACT: &str = r#"{"id":7,"method":"action","params":{"siid":2,"aiid":1}}"#;
const WRONG: &str = r#"{"id":7,"method":"nope","params":[]}"#;

/// The payload of the only answer.
fn raw(quirk: Quirk, request: &str) -> Vec<u8> {
    let answers = Client::of(lamp(quirk)).send(request);
    assert_eq!(answers.len(), 1, "{quirk}");
    answers[0].clone()
}

fn contains(quirk: Quirk, request: &str, needle: &[u8]) {
    let raw = raw(quirk, request);
    let found = raw.windows(needle.len()).any(|window| window == needle);
    assert!(found, "{quirk}: {}", String::from_utf8_lossy(&raw));
}

#[test]
fn text_on_the_wire() {
    for (quirk, request, expected) in [
        (Quirk::TrailingNul, PROP, "{\"id\":7,\"result\":[\"on\",6]}\0"),
        (Quirk::TrailingGarbage, PROP, "{\"id\":7,\"result\":[\"on\",6]}\0k\"}],\""),
        (Quirk::DoubleComma, PROP, r#"{"id":7,,"result":["on",6]}"#),
        (Quirk::LeadingZero, PROP, r#"{"id":7,"result":["on",06]}"#),
        (
            Quirk::LeadingZero,
            READ,
            r#"{"id":7,"result":[{"code":00,"piid":02,"siid":02,"value":06}]}"#,
        ),
        (Quirk::ResultComma, PROP, r#"{"id":7,"result":,"exe_time":10}"#),
        (Quirk::MissingElements, PROP, r#"{"id":7,"result":[,]}"#),
        (Quirk::MissingElements, ONE_PROP, r#"{"id":7,"result":[,]}"#),
        (Quirk::BareWord, PROP, r#"{"id":7,"result":[on,6]}"#),
        (
            Quirk::NumberJunk,
            READ,
            r#"{"id":7,"result":[{"code":0,"piid":2,"siid":2,"value":-0./}]}"#,
        ),
        (Quirk::EmptyPayload, INFO, ""),
        (Quirk::ErrorAsString, WRONG, r#"{"id":7,"error":"Method not found."}"#),
        (
            Quirk::ErrorInError,
            WRONG,
            r#"{"id":7,"error":{"code":-32601,"error":"Method not found."}}"#,
        ),
        (Quirk::OkAsZero, SET, r#"{"id":7,"result":0}"#),
        (Quirk::OkAsText, SET, r#"{"id":7,"result":"ok"}"#),
        (Quirk::ActionOk, ACT, r#"{"id":7,"result":["ok"]}"#),
        (
            Quirk::ExtraKeys,
            PROP,
            r#"{"partner_id":"","id":7,"code":0,"message":"ok","result":["on",6]}"#,
        ),
        (Quirk::IdMissing, PROP, r#"{"result":["on",6]}"#),
        (Quirk::IdZero, PROP, r#"{"id":0,"result":["on",6]}"#),
        (
            Quirk::Garbled,
            PROP,
            r#"{"id":0,"error":{"code":-30001,"message":"Resp invalid json."}}"#,
        ),
        (Quirk::NumbersAsText, PROP, r#"{"id":7,"result":["on","6"]}"#),
        (
            Quirk::NumbersAsText,
            READ,
            r#"{"id":7,"result":[{"code":0,"piid":2,"siid":2,"value":"6"}]}"#,
        ),
        (Quirk::ByteOrderMark, PROP, "\u{feff} \r\n{\"id\":7,\"result\":[\"on\",6]}"),
        (Quirk::UnknownMethodResult, WRONG, r#"{"id":7,"result":"unknown_method"}"#),
    ] {
        assert_eq!(String::from_utf8_lossy(&raw(quirk, request)), expected, "{quirk}");
    }
    assert!(raw(Quirk::TrailingNuls, PROP).ends_with(&[0; 16]));
    contains(Quirk::EmptyOttStat, INFO, br#""ot":"otu",,"otu_stat":[320"#);
    contains(Quirk::ControlCharacters, INFO, b"\"note\":\"a\tb\",\"ssid\":\"ho\tme\x01\"");
    contains(Quirk::MissingWrapper, INFO, br#"{"id":7,"ap":{"#);
    contains(Quirk::InvalidUtf8, INFO, b"\"ssid\":\"\xe5\"");
    let strange = r#"{"id":7,"method":"get_properties","params":[{"siid":9,"piid":1}]}"#;
    contains(Quirk::InvalidUtf8, strange, b"\"value\":\"\xe7\"");
}

#[test]
fn more_than_one_datagram() {
    let texts = |quirk| -> Vec<String> {
        let answers = Client::of(lamp(quirk)).send(PROP);
        answers.into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
    };
    let right = r#"{"id":7,"result":["on",6]}"#;
    assert_eq!(texts(Quirk::DuplicateReply), [right, right]);
    assert_eq!(texts(Quirk::WrongId), [r#"{"id":6,"result":[]}"#, right]);
    let request = r#"{"id":7,"method":"props","params":{"power":"on"}}"#;
    assert_eq!(texts(Quirk::UnsolicitedRequest), [request, right]);
}

#[test]
fn requests_it_does_not_like() {
    let mut client = Client::of(lamp(Quirk::NoBlanks));
    assert!(client.send(r#"{"id": 1,"method":"toggle","params":[]}"#).is_empty());
    assert_eq!(client.device.report().violations.malformed_json, 1);
    assert_eq!(client.send(r#"{"id":2,"method":"a b \" c","params":[" "]}"#).len(), 1);

    let named = json!([{"piid": 2, "value": 9}, {"piid": 3, "value": 4000}]);
    for (quirk, input, code) in [
        (Quirk::PiidInputs, json!([9, 4000]), -4006),
        (Quirk::PiidInputs, named.clone(), 0),
        (Quirk::BareInputs, json!([9, 4000]), 0),
        (Quirk::BareInputs, named, -4006),
    ] {
        let params = json!({"siid": 2, "aiid": 2, "in": input});
        let request = json!({"id": 7, "method": "action", "params": params}).to_string();
        assert_eq!(Client::of(lamp(quirk)).ask(&request)["result"]["code"], code, "{quirk}");
    }
}

/// What a session that mends makes of the quirk; every quirk there is has to be named here.
#[test]
fn a_client_reads_through_them() {
    for quirk in Quirk::ALL.iter().copied() {
        let expected = match quirk {
            Quirk::ResultComma => json!(null),
            Quirk::MissingElements => json!([null, null]),
            Quirk::NumbersAsText => json!(["on", "6"]),
            _ => json!(["on", 6]),
        };
        let mut link = VirtualLink::new(lamp(quirk).build().unwrap());
        for _ in 0..3 {
            let (reply, _) = link.call(Request::new("get_prop", ["power", "bright"]).unwrap());
            assert_eq!(reply.unwrap().value().unwrap(), expected, "{quirk}");
        }
        let (info, _) = link.call(Request::new("miIO.info", ()).unwrap());
        match quirk {
            Quirk::EmptyPayload => {
                assert_eq!(info, Err(Failure::Malformed(MessageError::Empty)));
            }
            Quirk::ResultComma => assert_eq!(info.unwrap().text(), "null"),
            _ => {
                let info: Value = info.unwrap().value().unwrap();
                assert_eq!(info["model"], "yeelink.light.lamp4", "{quirk}");
            }
        }
        assert_eq!(link.device().report().violations.total(), 0, "{quirk}");
        let asked = link.take_requests().len();
        assert_eq!(asked, if quirk == Quirk::UnsolicitedRequest { 4 } else { 0 }, "{quirk}");
    }
}

#[test]
fn names() {
    for quirk in Quirk::ALL {
        assert_eq!(quirk.name().parse(), Ok(*quirk));
    }
    let error = "double-coma".parse::<Quirk>().unwrap_err().to_string();
    assert!(error.contains("double-comma,") && error.contains("trailing-nul,"), "{error}");
}

#[test]
fn a_client_may_answer_the_device_and_is_not_blamed() {
    let faults = Faults::seed(1).quirk(Quirk::UnsolicitedRequest).id_memory(8);
    let mut link = VirtualLink::new(SimDevice::light().faults(faults).build().unwrap());
    for _ in 0..4 {
        assert!(link.call(Request::new("get_prop", ["power"]).unwrap()).0.is_ok());
        for request in link.take_requests() {
            assert_eq!(request.method, "props");
            link.session_mut().answer(request.id, r#"{"code":0}"#).unwrap();
        }
    }
    let report = link.device().report();
    assert_eq!((report.client_answers, report.requests), (3, 4), "the last one is not sent yet");
    assert_eq!(report.violations.total(), 0);
}
