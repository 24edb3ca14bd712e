//! A device that has not joined a Wi-Fi: for each rule a client that breaks it is refused and counted, and nothing was done.

use std::time::Duration;

use iot_home_miio::packet::{HELLO, HelloReply};
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{AccessPoint, Refusals};
use serde_json::{Value, json};

use crate::client::{Client, TOKEN};

const SECOND: Duration = Duration::from_secs(1);

fn client(access_point: AccessPoint) -> Client {
    Client::of(SimDevice::vacuum().access_point(access_point))
}

fn call(client: &mut Client, method: &str, params: Value) -> Value {
    client.ask(&json!({"id": 7, "method": method, "params": params}).to_string())
}

fn home() -> Value {
    json!({"ssid": "home", "passwd": "correct horse", "uid": 0})
}

fn shown(client: &mut Client) -> Option<iot_home_miio::Token> {
    let reply = client.raw(&HELLO).remove(0);
    HelloReply::parse(&reply).unwrap().field.token().cloned()
}

/// It is answered by this error, counted once where `expected` says, and nothing was carried out.
fn refused(
    client: &mut Client,
    method: &str,
    params: Value,
    code: i64,
    expected: impl FnOnce(&mut Refusals) -> &mut u64,
) {
    let before = client.device.report().clone();
    assert_eq!(call(client, method, params)["error"]["code"], code);
    let mut refusals = before.refusals;
    *expected(&mut refusals) += 1;
    let after = client.device.report();
    assert_eq!(after.refusals, refusals);
    assert_eq!(after.executions, before.executions);
    assert_eq!(after.violations, before.violations);
}

#[test]
fn it_shows_its_token_until_it_has_joined() {
    let mut client = client(AccessPoint::new().network("home", "correct horse"));
    assert_eq!(shown(&mut client), Some(TOKEN));
    assert_eq!(call(&mut client, "miIO.info", json!([]))["result"]["token"], TOKEN.expose_hex());
    let waiting = call(&mut client, "miIO.wifi_assoc_state", json!([]));
    assert_eq!(waiting["result"]["state"], "UNPROVISIONED");
    assert_eq!(call(&mut client, "miIO.config_router", home())["result"], json!(["ok"]));
    assert_eq!(call(&mut client, "miIO.stop_diag_mode", json!(""))["result"], json!(["ok"]));
    client.wait(SECOND);
    let ignored = client.device.report().ignored;
    assert!(client.raw(&HELLO).is_empty(), "it is away");
    assert_eq!(client.device.report().ignored, ignored + 1);
    client.wait(2 * SECOND);
    assert_eq!(shown(&mut client), None);
    assert_eq!(call(&mut client, "miIO.info", json!([]))["result"]["token"], Value::Null);
    let online = call(&mut client, "miIO.wifi_assoc_state", json!([]));
    assert_eq!(online["result"]["state"], "ONLINE");
    assert_eq!(client.device.report().refusals.total(), 0);
}

#[test]
fn one_wifi_and_no_second() {
    let mut client = client(AccessPoint::new());
    call(&mut client, "miIO.config_router", home());
    // While it still listens, and when it is back.
    refused(&mut client, "miIO.config_router", home(), -30015, |it| &mut it.provisioned);
    client.wait(3 * SECOND);
    refused(&mut client, "miIO.config_router", home(), -30015, |it| &mut it.provisioned);
    // A device that never was an access point.
    let mut lamp = Client::of(SimDevice::light());
    refused(&mut lamp, "miIO.config_router", home(), -30015, |it| &mut it.provisioned);
}

#[test]
fn settings_that_lack_something() {
    let mut client = client(AccessPoint::new());
    for key in ["ssid", "passwd", "uid"] {
        let mut settings = home();
        settings.as_object_mut().unwrap().remove(key);
        refused(&mut client, "miIO.config_router", settings, -32602, |it| &mut it.bad_params);
    }
    for (key, value) in [("ssid", json!(1)), ("passwd", json!(null)), ("uid", json!("5"))] {
        let mut settings = home();
        settings[key] = value;
        refused(&mut client, "miIO.config_router", settings, -32602, |it| &mut it.bad_params);
    }
    for ssid in [String::new(), "x".repeat(33)] {
        let mut settings = home();
        settings["ssid"] = ssid.into();
        refused(&mut client, "miIO.config_router", settings, -32603, |it| &mut it.bad_params);
    }
    let array = json!([home()]);
    refused(&mut client, "miIO.config_router", array, -32602, |it| &mut it.bad_params);
    assert_eq!(shown(&mut client), Some(TOKEN), "it is where it was");
}

#[test]
fn what_some_firmware_does_not_take() {
    let mut strict = client(AccessPoint::new().plain_characters(true).needs_uid(true));
    for character in [";", "\\", "/", "#", "'", "\""] {
        for key in ["ssid", "passwd"] {
            let mut settings = home();
            settings["uid"] = 1.into();
            settings[key] = format!("some{character}thing").into();
            refused(&mut strict, "miIO.config_router", settings, -32603, |it| {
                &mut it.forbidden_character
            });
        }
    }
    refused(&mut strict, "miIO.config_router", home(), -32603, |it| &mut it.no_uid);
    // Another takes them all.
    let mut client = client(AccessPoint::new());
    let settings = json!({"ssid": "ho;me", "passwd": "/'\"\\#;;;", "uid": 0});
    assert_eq!(call(&mut client, "miIO.config_router", settings)["result"], json!(["ok"]));
}

#[test]
fn joining_fails_by_name_and_by_password() {
    for (settings, counter) in [
        (json!({"ssid": "home", "passwd": "wrong horse", "uid": 0}), "auth_fail_count"),
        (json!({"ssid": "house", "passwd": "correct horse", "uid": 0}), "conn_fail_count"),
    ] {
        let mut client = client(AccessPoint::new().network("home", "correct horse"));
        assert_eq!(call(&mut client, "miIO.config_router", settings)["result"], json!(["ok"]));
        client.wait(3 * SECOND);
        assert_eq!(shown(&mut client), Some(TOKEN));
        let state = call(&mut client, "miIO.wifi_assoc_state", json!([]));
        assert_eq!(
            (&state["result"][counter], &state["result"]["conn_success_count"]),
            (&json!(1), &json!(0))
        );
    }
}

#[test]
fn restarting_and_forgetting() {
    let mut client = Client::of(SimDevice::light());
    assert_eq!(call(&mut client, "miIO.reboot", json!([]))["result"], json!(["ok"]));
    client.wait(SECOND);
    assert!(client.raw(&HELLO).is_empty());
    client.wait(2 * SECOND);
    assert!(client.device.stamp(client.now) < 10, "its clock began again");
    assert_eq!(client.device.token(), &TOKEN);

    assert_eq!(call(&mut client, "miIO.restore", json!([]))["result"], json!(["ok"]));
    client.wait(3 * SECOND);
    let token = shown(&mut client).expect("it is an access point");
    assert_ne!(token, TOKEN);
    let old = json!({"id": 9, "method": "miIO.config_router", "params": home()}).to_string();
    assert!(client.send(&old).is_empty(), "the old token is dead");
    client.cipher = iot_home_miio::Cipher::new(&token);
    assert_eq!(call(&mut client, "miIO.config_router", home())["result"], json!(["ok"]));
}

#[test]
fn keys_and_values() {
    let mut client = Client::of(SimDevice::light());
    let set = json!([["x.a", 1], ["x.b", [2, "two"]]]);
    assert_eq!(call(&mut client, "miIO.xset", set)["result"], json!(["ok"]));
    let get = json!(["x.b", "x.c", "x.a"]);
    assert_eq!(call(&mut client, "miIO.xget", get)["result"], json!([[2, "two"], null, 1]));
    assert_eq!(call(&mut client, "miIO.xgetKeys", json!([]))["result"], json!(["x.a", "x.b"]));
    assert_eq!(call(&mut client, "miIO.xdel", json!(["x.a"]))["result"], json!(["ok"]));
    assert_eq!(call(&mut client, "miIO.xgetKeys", json!([]))["result"], json!(["x.b"]));
    for (method, params) in [
        ("miIO.xset", json!([["x.a"]])),
        ("miIO.xset", json!(["x.a", 1])),
        ("miIO.xset", json!({"x.a": 1})),
        ("miIO.xget", json!([1])),
        ("miIO.xdel", json!("x.a")),
        ("miIO.switch_wifi_ssid", json!({"ssid": "home"})),
    ] {
        refused(&mut client, method, params, -32602, |it| &mut it.bad_params);
    }
    let many: Vec<_> = (0..256).map(|at| json!([format!("k{at}"), at])).collect();
    refused(&mut client, "miIO.xset", many.into(), -32602, |it| &mut it.bad_params);
}

#[test]
fn another_network_costs_a_while() {
    let mut client = Client::of(SimDevice::light());
    let network = json!({"ssid": "other", "pwd": "12345678", "hidden": 0, "wifi_explorer": 1});
    assert_eq!(call(&mut client, "miIO.switch_wifi_ssid", network)["result"], json!(["ok"]));
    client.wait(SECOND);
    assert!(client.raw(&HELLO).is_empty());
    client.wait(2 * SECOND);
    assert_eq!(client.raw(&HELLO).len(), 1);
}

#[cfg(feature = "provisioning-secure")]
mod secure {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use iot_home_miio::provisioning::secure::{AgreedKey, Curve, PrivateKey};
    use iot_home_sim::miio::{AccessPoint, Secure};
    use serde_json::{Value, json};

    use super::{TOKEN, call, client, home, refused, shown};
    use crate::client::Client;

    const HANDSHAKE: &str = "miIO.handshake";

    fn secure() -> Client {
        client(AccessPoint::new().secure(Secure::new("code", 1).curve(Curve::P256)))
    }

    fn own() -> PrivateKey {
        PrivateKey::new(Curve::P256, &[9; 32]).unwrap()
    }

    fn public(key: &[u8]) -> Value {
        let key = STANDARD.encode(key);
        json!({"type": 2, "ecdh": {"sign_suite": 1, "curve_suite": 3, "public_key": key}})
    }

    /// Goes through this many steps of five, rightly.
    fn steps(client: &mut Client, count: usize) -> Option<(AgreedKey, Vec<u8>)> {
        let mut key = None;
        let mut iv = Vec::new();
        for step in 1..=count {
            let sign =
                key.as_ref().map(|key: &AgreedKey| STANDARD.encode(key.sign(&[&[5; 16], b"code"])));
            let params = match step {
                1 => json!({"type": 1}),
                2 => public(&own().public()),
                3 => json!({"type": 3, "oob": {"step": 1, "mode": 3}}),
                4 => json!({"type": 3, "oob": {"step": 2, "sign": sign}}),
                _ => json!({"type": 3, "oob": {"step": 3, "random": STANDARD.encode([5; 16])}}),
            };
            let answer = call(client, HANDSHAKE, params);
            let bytes = |path: &str| {
                STANDARD.decode(answer.pointer(path).unwrap().as_str().unwrap()).unwrap()
            };
            match step {
                2 => key = own().agree(&bytes("/result/ecdh/public_key"), &TOKEN).ok(),
                5 => iv = bytes("/result/oob/iv"),
                _ => assert!(answer.get("result").is_some(), "{answer}"),
            }
        }
        key.map(|key| (key, iv))
    }

    fn settings(key: &AgreedKey, iv: &[u8]) -> Value {
        let data = key.encrypt(iv.try_into().unwrap(), home().to_string().as_bytes());
        json!({"sign": STANDARD.encode(key.sign(&[&data])), "data": STANDARD.encode(data)})
    }

    #[test]
    fn the_right_way() {
        let mut client = secure();
        let (key, iv) = steps(&mut client, 5).unwrap();
        let answer = call(&mut client, "miIO.config_router_safe", settings(&key, &iv));
        assert_eq!(answer["result"], json!(["ok"]));
        client.wait(std::time::Duration::from_secs(3));
        assert_eq!(shown(&mut client), None);
        assert_eq!(client.device.report().refusals.total(), 0);
    }

    #[test]
    fn the_plain_variant_and_the_wrong_step() {
        let mut client = secure();
        refused(&mut client, "miIO.config_router", home(), -32601, |it| &mut it.plain);
        for params in [public(&own().public()), json!({"type": 3, "oob": {"step": 1, "mode": 3}})] {
            refused(&mut client, HANDSHAKE, params, -32603, |it| &mut it.wrong_step);
        }
        for done in 1..5 {
            steps(&mut client, done);
            let safe = json!({"data": "", "sign": ""});
            refused(&mut client, "miIO.config_router_safe", safe, -32603, |it| &mut it.wrong_step);
        }
        // A step that is left out.
        steps(&mut client, 2);
        let last = json!({"type": 3, "oob": {"step": 3, "random": ""}});
        refused(&mut client, HANDSHAKE, last, -32603, |it| &mut it.wrong_step);
    }

    #[test]
    fn what_was_not_offered_and_what_is_no_key() {
        let mut client = secure();
        for (path, value) in
            [("/ecdh/sign_suite", 2), ("/ecdh/curve_suite", 4), ("/ecdh/curve_suite", 1)]
        {
            steps(&mut client, 1);
            let mut params = public(&own().public());
            *params.pointer_mut(path).unwrap() = value.into();
            refused(&mut client, HANDSHAKE, params, -32603, |it| &mut it.not_offered);
        }
        steps(&mut client, 2);
        let mode = json!({"type": 3, "oob": {"step": 1, "mode": 2}});
        refused(&mut client, HANDSHAKE, mode, -32603, |it| &mut it.not_offered);
        for key in [vec![], vec![4; 65], own().public()[..64].to_vec()] {
            steps(&mut client, 1);
            refused(&mut client, HANDSHAKE, public(&key), -32603, |it| &mut it.bad_public_key);
        }
        steps(&mut client, 1);
        let mut params = public(&[]);
        params["ecdh"]["public_key"] = "*".into();
        refused(&mut client, HANDSHAKE, params, -32602, |it| &mut it.bad_params);
        refused(&mut client, HANDSHAKE, json!({"type": 4}), -32602, |it| &mut it.bad_params);
    }

    #[test]
    fn another_code_and_another_signature() {
        let mut client = secure();
        steps(&mut client, 4);
        let other = json!({"type": 3, "oob": {"step": 3, "random": STANDARD.encode([6; 16])}});
        refused(&mut client, HANDSHAKE, other, -32603, |it| &mut it.bad_proof);
        let (key, iv) = steps(&mut client, 5).unwrap();
        let mut wrong = settings(&key, &iv);
        wrong["sign"] = STANDARD.encode(key.sign(&[b"something else"])).into();
        refused(&mut client, "miIO.config_router_safe", wrong, -32603, |it| &mut it.bad_proof);
        // One try for each handshake.
        let right = settings(&key, &iv);
        refused(&mut client, "miIO.config_router_safe", right, -32603, |it| &mut it.wrong_step);
        // Sealed with another vector it is no JSON.
        let (key, _) = steps(&mut client, 5).unwrap();
        let wrong = settings(&key, &[1; 16]);
        refused(&mut client, "miIO.config_router_safe", wrong, -32602, |it| &mut it.bad_params);
        assert_eq!(shown(&mut client), Some(TOKEN));
    }
}
