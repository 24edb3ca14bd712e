//! Who is let in, by the known answers, and what the others are told.

use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_core::Secret;
use iot_home_mqtt::{ConnectCode, MqttLogin};
use iot_home_sim::mqtt::{Link, LoginRefusal, SimPlatform};
use iot_home_tencent as tencent;
use serde_json::Value;

use super::both;
use super::wire::{Wire, aliyun_login, plain_login, tencent_login};

fn vectors() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/mqtt/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn text<'v>(vector: &'v Value, key: &str) -> &'v str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key} of {vector}"))
}

fn login(client_id: &str, username: &str, password: Option<&str>) -> MqttLogin {
    let mut login = MqttLogin::new("localhost", 1883, client_id);
    login.username = Some(username.into());
    login.password = password.map(|password| Secret::new(password.to_owned()));
    login.keep_alive = 300;
    login
}

/// What a client of Aliyun is told over TLS, and over plain TCP.
fn told(device: &aliyun::Device, login: &MqttLogin) -> [u8; 2] {
    [Link::tls(), Link::tcp()].map(|link| {
        let mut wire = Wire::new(SimPlatform::builder().aliyun(device.clone()));
        wire.login_over(link, login).1
    })
}

#[test]
fn what_the_official_clients_of_aliyun_send() {
    let mut count = 0;
    for vector in vectors()["aliyun"].as_array().unwrap() {
        if vector["kind"] != "mqtt-connect" {
            continue;
        }
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let mode = input["secure_mode"].as_i64().unwrap();
        let names = ["product_key", "device_name", "device_secret"].map(|key| text(input, key));
        // The published note's names are shorter than any real one.
        let Ok(device) = aliyun::Device::new(names[0], names[1], names[2]) else {
            panic!("{}", text(vector, "id"));
        };
        let client_id = text(expected, "mqtt_client_id");
        let login = login(client_id, text(expected, "username"), expected["password"].as_str());
        let told = told(&device, &login);
        let expected = match mode {
            2 => [0, 2],
            3 => [2, 0],
            // Another kind of login, which is over by now.
            _ => [2, 2],
        };
        assert_eq!(told, expected, "{}", text(vector, "id"));
        count += 1;

        // With another secret none of them comes in.
        let other = aliyun::Device::new(names[0], names[1], "another-secret").unwrap();
        for (told, expected) in self::told(&other, &login).into_iter().zip(expected) {
            assert_eq!(told, if expected == 0 { 4 } else { 2 }, "{}", text(vector, "id"));
        }
    }
    assert!(count >= 15, "{count}");
}

#[test]
fn what_the_official_clients_of_tencent_send() {
    let mut count = 0;
    for vector in vectors()["tencent"].as_array().unwrap() {
        if vector["kind"] != "mqtt-connect" {
            continue;
        }
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let Some(psk) = input["psk"].as_str() else { continue };
        let device =
            tencent::Device::new(text(input, "product_id"), text(input, "device_name"), psk);
        let device = device.unwrap();
        let username = text(expected, "username");
        let login = login(text(expected, "client_id"), username, expected["password"].as_str());
        let expiry: u64 = username.rsplit(';').next().unwrap().parse().unwrap();
        let at = |time| {
            let builder = SimPlatform::builder().tencent(device.clone());
            let mut wire = Wire::new(builder.time(Duration::from_secs(time)));
            wire.login_over(Link::tcp(), &login).1
        };
        let has_password = login.password.is_some();
        assert_eq!(at(expiry), if has_password { 0 } else { 4 }, "{}", text(vector, "id"));
        if let Some(later) = expiry.checked_add(1) {
            assert_eq!(at(later), 4, "{}", text(vector, "id"));
        }
        count += 1;
    }
    assert!(count >= 6, "{count}");
}

#[test]
fn a_wrong_secret_is_told_4_or_5() {
    for code in [ConnectCode::BAD_CREDENTIALS, ConnectCode::NOT_AUTHORIZED] {
        let device = aliyun::Device::new(super::KEY, super::NAME, "another-secret").unwrap();
        let mut wire = Wire::new(SimPlatform::builder().aliyun(device).bad_login(code));
        assert_eq!(wire.login(&aliyun_login()).1, code.get());
        let report = wire.report();
        assert_eq!((report.logins, report.refused, report.violations.bad_login), (0, 1, 1));
        let refusal = LoginRefusal::Aliyun(aliyun::Refusal::Signature);
        assert_eq!(report.refusals, [(code, refusal)]);
    }
}

#[test]
fn an_old_login_is_refused_and_says_why() {
    let mut wire = Wire::new(both());
    wire.platform.advance(wire.now, Duration::from_secs(3601));
    assert_eq!(wire.login(&tencent_login()).1, 4);
    let expired = tencent::Refusal::Expired { expiry: 1_600_003_600, now: 1_600_003_601 };
    let report = wire.report();
    assert_eq!(report.refusals[0].1, LoginRefusal::Tencent(expired));
    // The clock goes on by itself.
    wire.platform.set_time(wire.now, Duration::from_secs(1_600_003_599));
    assert_eq!(wire.login(&tencent_login()).1, 0);
    wire.pass(Duration::from_secs(6));
    assert_eq!(wire.login(&tencent_login()).1, 4);
}

#[test]
fn nobody_else_comes_in() {
    let mut wire = Wire::new(both());
    let stranger = aliyun::Device::new(super::KEY, "lamp-2", super::SECRET).unwrap();
    assert_eq!(wire.login(&stranger.tls().sign(Duration::ZERO)).1, 4);
    assert_eq!(wire.report().refusals[0].1, LoginRefusal::Unknown);
    let mut wrong = plain_login("a", true);
    wrong.password = Some(String::from("wrong horse").into());
    assert_eq!(wire.login(&wrong).1, 4);
    assert_eq!(wire.report().refusals[1].1, LoginRefusal::Password);
    assert_eq!(wire.login(&login("a", "you", Some("x"))).1, 4);
    assert_eq!(wire.login(&login("a", "", None)).1, 4);
    assert_eq!(wire.report().violations.total(), 4);
    assert_eq!(wire.login(&plain_login("a", true)).1, 0);
}
