//! Configurations of platforms: what they make, and what they say of mistakes.

use iot_home_aliyun as aliyun;
use iot_home_core::SeededRandom;
use iot_home_sim::Config;
use iot_home_sim::config::Device;
use iot_home_sim::mqtt::{Builder, Link};
use iot_home_tencent as tencent;
use serde_json::{Value, json};

use super::wire::{Wire, aliyun_login, plain_login, tencent_login};
use super::{KEY, LAMP, NAME, PRODUCT, PSK, SECRET, TIME, secs};

fn read(keys: Value) -> Result<Builder, String> {
    let mut keys = keys;
    keys["kind"] = "mqtt".into();
    let config = Config::from_json(&json!({"devices": [keys]}).to_string());
    match config.map_err(|error| error.to_string())?.devices.into_iter().next() {
        Some(Device::Mqtt(builder)) => Ok(builder),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key() {
    let builder = read(json!({
        "listen": "127.0.0.1:0", "tls_listen": "[::1]:0", "hosts": ["broker.example"],
        "client_certificates": "required",
        "aliyun": [
            {"product_key": KEY, "device_name": NAME, "device_secret": SECRET},
            {"product_key": KEY, "device_name": "token-1", "client_id": "id-1", "device_token": "Zm9v"},
            {"product_key": KEY, "device_name": "cert-1", "certificate": true},
        ],
        "tencent": [
            {"product_id": PRODUCT, "device_name": LAMP, "device_secret": PSK},
            {"product_id": PRODUCT, "device_name": "cert1", "certificate": true},
        ],
        "accounts": [{"username": "me", "password": "correct horse"}],
        "products": [
            {"product_key": KEY, "product_secret": "PsWqkS1hGbGgdqkX", "devices": ["fresh-01"], "makes_devices": true},
            {"product_id": PRODUCT, "product_secret": "8XzjN8rfgFVGDTNTUGau4snA", "registration": false},
        ],
        "http_listen": "127.0.0.1:0",
        "time": 1_600_000_000, "bad_login": 5, "reconnect_limit": false, "queue": 1, "window": 1,
        "faults": {},
    }));
    let mut wire = Wire::new(builder.unwrap());
    assert_eq!(wire.platform.time(wire.now), TIME);
    let token = aliyun::TokenDevice::new(KEY, "token-1", "id-1", "Zm9v").unwrap();
    let certificate = aliyun::CertificateDevice::new(KEY, "cert-1").unwrap();
    let tencent = tencent::CertificateDevice::new(PRODUCT, "cert1").unwrap();
    let tencent = tencent.tls().sign(TIME, &mut SeededRandom::new(1));
    for (login, link) in [
        (aliyun_login(), Link::tls()),
        (token.tls().sign(), Link::tls()),
        (certificate.tls().sign(), Link::tls().certificate("a1X2bEnP82z.cert-1")),
        (tencent_login(), Link::tls()),
        (tencent_login(), Link::tls()),
        (tencent, Link::tls().certificate("YOURPROD01cert1")),
        (plain_login("a", true), Link::tcp()),
    ] {
        assert_eq!(wire.login_over(link, &login).1, 0, "{login:?}");
    }
    let registration = |name: &str| {
        aliyun::registration::Registration::new(KEY, name, "PsWqkS1hGbGgdqkX").unwrap()
    };
    let nonce = "abc".parse().unwrap();
    for login in [registration("fresh-01").mqtt(), registration("new-01").mqtt_unknown(None)] {
        assert_eq!(wire.login_over(Link::tls(), &login.sign(&nonce)).1, 0);
    }
    let mut wrong = plain_login("b", true);
    wrong.password = None;
    assert_eq!(wire.login(&wrong).1, 5);
    let (id, ..) = wire.login(&plain_login("c", false));
    wire.subscribe(id, &[("a", 1)]);
    for _ in 0..5 {
        wire.platform.publish(wire.now, "a", b"x", 1);
    }
    wire.drain();
    assert_eq!((wire.publishes(id).len(), wire.report().dropped), (1, 3));
}

#[test]
fn faults() {
    let with = |faults: Value| {
        let accounts = json!([{"username": "me", "password": "correct horse"}]);
        let builder = read(json!({"accounts": accounts, "faults": faults})).unwrap();
        Wire::new(builder)
    };
    let mut wire = with(json!({"seed": 7, "refuse": [3, 1], "lost_acks": 1}));
    assert_eq!(wire.login(&plain_login("a", true)).1, 3);
    let id = wire.plain("a", true);
    wire.publish(id, "a", b"x", 1);
    assert_eq!((wire.bytes(id), wire.report().lost_acks), (vec![], 1));
    let mut wire = with(json!({"refuse": 5}));
    for _ in 0..9 {
        assert_eq!(wire.login(&plain_login("a", true)).1, 5);
    }
    let mut wire = with(json!({"cut_at_input": 1}));
    let id = wire.open(Link::tcp());
    wire.send_bytes(id, b"\x10");
    assert!(wire.is_cut(id));
    for faults in [
        json!({"cut_at_output": 1}),
        json!({"silence": "output"}),
        json!({"silence": "total"}),
        json!({"delay_ms": [9, 9]}),
    ] {
        let mut wire = with(faults.clone());
        let id = wire.open(Link::tcp());
        let mut packet = Vec::new();
        iot_home_mqtt::Connect::from(&plain_login("a", true)).encode(&mut packet).unwrap();
        wire.send_bytes(id, &packet);
        assert!(wire.bytes(id).len() < 2, "{faults}");
        wire.pass(secs(1));
        assert_eq!(
            wire.bytes(id).len(),
            if faults["delay_ms"].is_null() { 0 } else { 4 },
            "{faults}"
        );
    }
}

#[test]
fn mistakes_are_named_and_secrets_are_not() {
    let aliyun = |device: Value| json!({"aliyun": [device]});
    for (keys, expected) in [
        (json!({"lisen": "x"}), "devices[0].lisen: unknown field"),
        (json!({"listen": "x"}), "devices[0].listen: "),
        (json!({"client_certificates": "maybe"}), "devices[0].client_certificates: "),
        (json!({"bad_login": 3}), "devices[0].bad_login: has to be 4 or 5"),
        (json!({"window": 0}), "devices[0].window: has to be 1 to 1000"),
        (json!({"aliyun": {}}), "devices[0].aliyun: "),
        (
            aliyun(json!({"product_key": KEY, "device_name": NAME})),
            "devices[0].aliyun[0]: has to have one of",
        ),
        (
            aliyun(
                json!({"product_key": KEY, "device_name": NAME, "device_secret": SECRET, "certificate": true}),
            ),
            "devices[0].aliyun[0]: has to have one of",
        ),
        (
            aliyun(json!({"product_key": "a/b", "device_name": NAME, "device_secret": SECRET})),
            "devices[0].aliyun[0]: the product key has a character at position 2",
        ),
        (
            aliyun(json!({"device_secret": 424_242})),
            "devices[0].aliyun[0].device_secret: has to be a string",
        ),
        (
            aliyun(json!({"device_secret": "secret 424242"})),
            "devices[0].aliyun[0]: the device secret has a character at position 7",
        ),
        (aliyun(json!({"product": 1})), "devices[0].aliyun[0].product: unknown field"),
        (
            json!({"tencent": [{"product_id": PRODUCT, "device_name": LAMP, "device_secret": "424242"}]}),
            "devices[0].tencent[0]: the psk",
        ),
        (json!({"tencent": [{}]}), "devices[0].tencent[0]: has to have one of"),
        (
            json!({"accounts": [{"username": "me"}]}),
            "devices[0].accounts[0].password: has to be there",
        ),
        (
            json!({"accounts": [{"password": "424242"}]}),
            "devices[0].accounts[0].username: has to be there",
        ),
        (json!({"faults": {"refuse": 0}}), "devices[0].faults.refuse: 0 is no refusal"),
        (json!({"faults": {"delay_ms": [5, 1]}}), "devices[0].faults.delay_ms: "),
        (json!({"faults": {"loss": 1}}), "devices[0].faults.loss: unknown field"),
    ] {
        let error = read(keys).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("424242"), "{error}");
    }
    let error = Config::from_json(r#"{"devices": [{"kind": "zigbee"}]}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("expected `cloud`, `lumi`, `miio`, `mqtt`, `spec` or `yeelight`"),
        "{error}"
    );
}
