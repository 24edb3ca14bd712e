//! Every case of `fixtures/mqtt/vectors.json` that is about Tencent. A case that nothing here knows is a failure.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Connect, Credentials, MqttLogin};
use iot_home_tencent::{
    CertificateDevice, ConnId, Device, DeviceName, Expiry, Kind, Presented, Problem, ProductId,
    Psk, Refusal, SignMethod,
};
use serde_json::Value;

use crate::mistakes;

#[test]
fn every_case_is_exercised() {
    let file = vectors();
    let sections: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["about", "aliyun", "connect_decode", "negative", "tencent", "validation"];
    assert_eq!(sections, known, "a new section belongs to somebody");

    let mut exercised = BTreeSet::new();
    let mut registrations = Vec::new();
    for case in cases(&file, "tencent") {
        let id = case["id"].as_str().unwrap();
        match case["kind"].as_str().unwrap() {
            "mqtt-connect" if case["input"]["auth"].is_string() => certificate(case),
            "mqtt-connect" => connect(case),
            "mqtt-connect-rsa" => {
                certificate(case);
                signed_by_a_certificate(case);
            }
            "format-only" => format_only(case),
            "gateway-bind" => gateway(case),
            // Their signatures are held to ours in src/signature.rs.
            "dynreg-v1" | "dynreg-v2" => registrations.push(id),
            "dynreg-payload" => {
                registrations.push(id);
                registered_psk(case);
            }
            kind => panic!("{id} is of a kind that nothing here knows: {kind}"),
        }
        exercised.insert(id.to_owned());
    }
    assert_eq!(exercised.len(), cases(&file, "tencent").len(), "no id is there twice");
    assert_eq!(exercised.len(), 19);
    // What waits for registration: its requests, and opening its answer.
    assert_eq!(
        registrations,
        [
            "tx-dynreg-v1-real",
            "tx-dynreg-payload-real",
            "tx-dynreg-payload-blockaligned",
            "tx-dynreg-v2-py",
            "tx-dynreg-v2-sha1",
        ]
    );

    let negative: Vec<_> =
        cases(&file, "negative").iter().filter(|case| of_tencent(case)).collect();
    for case in &negative {
        mistakes::vector(case["id"].as_str().unwrap(), case);
    }
    assert_eq!(negative.len(), 2);

    let validation: Vec<_> =
        cases(&file, "validation").iter().filter(|case| of_tencent(case)).collect();
    for case in &validation {
        let value = case["value"].as_str().unwrap();
        let accepted = match case["field"].as_str().unwrap() {
            "tencent.product_id" => value.parse::<ProductId>().is_ok(),
            "tencent.device_name" => value.parse::<DeviceName>().is_ok(),
            "tencent.conn_id" => value.parse::<ConnId>().is_ok(),
            field => panic!("nothing here knows the field {field}"),
        };
        assert_eq!(accepted, case["must"] == "accept", "{case}");
    }
    assert_eq!(validation.len(), 8);
}

fn of_tencent(case: &Value) -> bool {
    let starts = |key: &str, with| case[key].as_str().is_some_and(|text| text.starts_with(with));
    starts("id", "neg-tx-") || starts("field", "tencent.")
}

/// Signed by us, it is what the SDK sent; and what the SDK sent is verified by us.
fn connect(case: &Value) {
    let (input, expected) = (&case["input"], &case["expected"]);
    let device = device(input);
    let method: SignMethod = text(input, "sign_method").parse().unwrap();
    let login =
        device.tcp().sign_method(method).sdk_app_id(text(input, "sdk_app_id").parse().unwrap());
    let login = login.conn_id(text(input, "conn_id")).unwrap();
    let expiry: u64 = text(input, "expiry").parse().unwrap();
    let login = login.expiry(Expiry::At(expiry)).keep_alive(240).unwrap();
    let signed = login.sign(Duration::ZERO, &mut SeededRandom::new(1));
    assert_eq!(signed.username.as_deref(), Some(text(case, "content")));
    assert!(signed.password.as_ref().unwrap().expose().starts_with(text(case, "digest_lower_hex")));
    same(&signed, expected);
    packet(&signed, case);
    if expiry == i64::MAX.unsigned_abs() {
        let never = login.expiry(Expiry::Never).sign(Duration::MAX, &mut SeededRandom::new(1));
        assert_eq!(never, signed, "the C SDK's largest number is ours");
    }

    let password = text(expected, "password");
    let presented = Presented::new(credentials(expected, password.as_bytes()));
    assert_eq!(presented.kind(), Kind::Key);
    for way in [Way::default(), Way::default().tls(true), Way::default().tls(false)] {
        assert_eq!(presented.problems(way), []);
    }
    assert_eq!(presented.expires(), Some(expiry));
    assert_eq!(presented.verify(&device, Duration::from_secs(expiry)), Ok(()), "{case}");
    if let Some(late) = expiry.checked_add(1) {
        let expired = Refusal::Expired { expiry, now: late };
        assert_eq!(presented.verify(&device, Duration::from_secs(late)), Err(expired));
    }
    let (digits, method) = password.split_once(';').unwrap();
    let upper = format!("{};{method}", digits.to_uppercase());
    let presented = Presented::new(credentials(expected, upper.as_bytes()));
    assert_eq!(presented.verify(&device, Duration::ZERO), Ok(()), "case is tolerated");
}

/// What has no password: a certificate, or the key as a pre-shared one of TLS.
fn certificate(case: &Value) {
    let (input, expected) = (&case["input"], &case["expected"]);
    let device =
        CertificateDevice::new(text(input, "product_id"), text(input, "device_name")).unwrap();
    let login = device.tls().conn_id(text(input, "conn_id")).unwrap();
    let login = login.sdk_app_id(text(input, "sdk_app_id").parse().unwrap());
    let login =
        login.expiry(Expiry::At(text(input, "expiry").parse().unwrap())).keep_alive(240).unwrap();
    let signed = login.sign(Duration::ZERO, &mut SeededRandom::new(1));
    assert_eq!((signed.port, signed.tls), (8883, true));
    assert_eq!(signed.username.as_deref(), Some(text(case, "content")));
    assert_eq!(signed.password, None);
    if expected["password"].is_null() {
        same(&signed, expected);
        packet(&signed, case);
    }
    let presented = Presented::recognize(Credentials::from(&signed)).unwrap();
    assert_eq!(presented.kind(), Kind::Transport);
    for way in [Way::default(), Way::default().tls(true), Way::default().port(8883)] {
        assert_eq!(presented.problems(way), []);
    }
    // Over TCP there is nothing that could prove it.
    for way in [Way::default().tls(false), Way::default().port(80)] {
        assert_eq!(presented.problems(way), [Problem::NeedsTls]);
    }
}

/// The password of a Java client with a certificate: it is told from a key's, and never verified with one.
fn signed_by_a_certificate(case: &Value) {
    let expected = &case["expected"];
    let password = text(expected, "password").as_bytes();
    let presented = Presented::recognize(credentials(expected, password)).unwrap();
    assert_eq!((presented.kind(), presented.method()), (Kind::Transport, Some("rsa-sha256")));
    assert_eq!(presented.problems(Way::default()), []);
    let device = Device::new("CERTPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==").unwrap();
    let refusal = presented.verify(&device, Duration::ZERO);
    assert_eq!(refusal, Err(Refusal::OtherKind { kind: Kind::Transport }));
}

/// Somebody else's packet, of which the key is not known.
fn format_only(case: &Value) {
    let expected = &case["expected"];
    let presented =
        Presented::recognize(credentials(expected, text(expected, "password").as_bytes())).unwrap();
    assert_eq!((presented.product_id(), presented.device_name()), ("6H55XGVIWX", "dev001"));
    assert_eq!((presented.sdk_app_id(), presented.conn_id()), ("21010406", "cCrBd"));
    assert_eq!(presented.expires(), Some(9_223_372_036_854_775_807));
    assert_eq!(presented.method(), Some("hmacsha1"));
    assert_eq!(presented.problems(Way::default()), []);
}

fn gateway(case: &Value) {
    let input = &case["input"];
    let number = |key: &str| input[key].as_u64().unwrap();
    let random = u32::try_from(number("random")).unwrap();
    let method = text(input, "sign_method").parse().unwrap();
    let now = Duration::from_millis(number("timestamp") * 1000 + 999);
    let proof = device(input).bind_proof(method, random, now);
    assert_eq!(proof.signature.expose(), text(&case["expected"], "signature"));
    assert_eq!((proof.random, proof.timestamp), (random, number("timestamp")));
    assert_eq!(proof.sign_method, method);
}

/// What the service answers holds a psk in the form that is taken here.
fn registered_psk(case: &Value) {
    let answer: Value = serde_json::from_str(text(&case["expected"], "plain")).unwrap();
    text(&answer, "psk").parse::<Psk>().unwrap();
}

fn same(login: &MqttLogin, expected: &Value) {
    assert_eq!(login.client_id, text(expected, "client_id"));
    assert_eq!(login.username.as_deref(), expected["username"].as_str());
    let password = login.password.as_ref().map(|password| password.expose().as_str());
    assert_eq!(password, expected["password"].as_str());
}

/// The packet, byte for byte, where the SDK made one.
fn packet(login: &MqttLogin, case: &Value) {
    let Some(hex) = case["connect_packet_hex"].as_str() else { return };
    let mut bytes = Vec::new();
    Connect::from(login).encode(&mut bytes).unwrap();
    let ours: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(ours, hex);
}

fn credentials<'a>(expected: &'a Value, password: &'a [u8]) -> Credentials<'a> {
    Credentials::new(text(expected, "client_id"), text(expected, "username"), password)
}

fn device(input: &Value) -> Device {
    Device::new(text(input, "product_id"), text(input, "device_name"), text(input, "psk")).unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn cases<'a>(file: &'a Value, section: &str) -> &'a Vec<Value> {
    file[section].as_array().unwrap()
}

fn vectors() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}
