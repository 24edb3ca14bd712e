//! The whole home: who is in it, what is cut, and what is counted.

use std::collections::BTreeSet;

use iot_home_sim::config::Config;
use iot_home_sim::home::{Device, SpawnError};
use iot_home_sim::{SimDevice, SimHome};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::time::{Duration, timeout};

/// Whether a device answers a hello.
async fn answers(home: &SimHome, name: &str) -> bool {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let mut hello = [0xff; 32];
    hello[..4].copy_from_slice(&[0x21, 0x31, 0, 32]);
    socket.send_to(&hello, home.member(name).unwrap().addr()).await.unwrap();
    let mut answer = [0; 64];
    timeout(Duration::from_millis(400), socket.recv(&mut answer)).await.is_ok()
}

#[tokio::test]
async fn the_furnished_one() {
    let home = SimHome::furnished().spawn().await.unwrap();
    assert_eq!((home.devices().count(), home.bulbs().count(), home.gateways().count()), (10, 3, 1));
    let names: BTreeSet<_> = home.members().iter().map(|member| member.name()).collect();
    let characters: BTreeSet<_> = home.members().iter().map(|member| member.character()).collect();
    assert_eq!((names.len(), characters.len()), (14, 12), "{characters:?}");
    let dids: BTreeSet<_> = home.cloud().dids().into_iter().collect();
    assert_eq!(dids.len(), 18);
    assert!(home.members().iter().all(|member| dids.contains(member.did())));
    assert!(home.members().iter().all(|member| member.addr().ip().is_loopback()));
    assert!(home.actions().values().all(|of| of.is_empty()), "{:?}", home.actions());
    assert_eq!(home.violations(), 0);
    assert!(format!("{home:?}").len() > 100);
}

#[tokio::test]
async fn a_lan_is_cut_for_one_or_for_all() {
    let home = SimHome::furnished().spawn().await.unwrap();
    assert!(answers(&home, "Desk lamp").await && answers(&home, "Fan").await);
    let lamp = home.member("Desk lamp").unwrap().cut_lan();
    assert!(!answers(&home, "Desk lamp").await && answers(&home, "Fan").await);
    drop(lamp);
    let all = home.cut_lan();
    assert!(!answers(&home, "Desk lamp").await && !answers(&home, "Fan").await);
    drop(all);
    assert!(answers(&home, "Desk lamp").await && answers(&home, "Fan").await);
    let Device::Miio(fan) = home.member("Fan").unwrap().device() else { panic!("no fan") };
    assert_eq!((fan.report().hellos, fan.report().ignored), (3, 1));
}

#[tokio::test]
async fn from_a_file() {
    let file = json!({ "devices": [
        { "kind": "miio", "preset": "light", "did": "11" },
        { "kind": "miio", "preset": "fan", "did": "12" },
        { "kind": "yeelight", "id": "0x0d" },
        {
            "kind": "lumi", "did": "14", "sid": "f0b429000001", "key": "0987654321qwerty", "version": 2,
            "heartbeat_s": 30, "children": [
                { "preset": "plug", "sid": "158d0001a2b3c4" },
                { "sid": "158d0001a2b3c5", "model": "sensor_ht", "values": { "temperature": "2150" } },
            ],
        },
        { "kind": "spec", "samples": false, "instances": [
            { "model": "acme.lamp.v1", "instance": { "type": "urn:miot-spec-v2:device:light:0000A001:acme-v1:1" } },
        ] },
        {
            "kind": "cloud", "accounts": [{ "user": "someone@example.com", "password": "made up" }],
            "homes": [{ "id": 1, "name": "flat", "rooms": [[2, "hall"]] }],
            "devices": [{ "did": "11", "name": "Desk lamp", "home": 1, "room": 2 }, { "did": "blt.3.1" }],
        },
    ]});
    let home = Config::from_json(&file.to_string()).unwrap().into_home().unwrap();
    let home = home.spawn().await.unwrap();
    let names: Vec<_> = home.members().iter().map(|member| (member.name(), member.did())).collect();
    let expected = [
        ("Desk lamp", "11"),
        ("zhimi.fan.v3", "12"),
        ("yeelink.light.color4", "13"),
        ("lumi.gateway.v3", "14"),
    ];
    assert_eq!(names, expected);
    let mut dids = home.cloud().dids();
    dids.sort();
    let all = ["11", "12", "13", "14", "blt.3.1", "lumi.158d0001a2b3c4", "lumi.158d0001a2b3c5"];
    assert_eq!(dids, all);
}

#[tokio::test]
async fn what_is_no_home() {
    let read = |devices: serde_json::Value| {
        let config = Config::from_json(&json!({ "devices": devices }).to_string());
        config.and_then(Config::into_home).map(drop).unwrap_err().to_string()
    };
    for (devices, expected) in [
        (json!([{ "kind": "cloud" }, { "kind": "cloud" }]), "devices[1]: a home has one cloud"),
        (
            json!([{ "kind": "spec" }, { "kind": "spec" }]),
            "devices[1]: a home has one server of specs",
        ),
        (json!([{ "kind": "mqtt" }]), "devices[0]: a platform of this kind is no part of a home"),
        (json!([{ "kind": "lumi" }]), "devices[0].key: has to be there"),
        (json!([{ "kind": "lumi", "key": "short" }]), "devices[0].key: "),
        (
            json!([{ "kind": "lumi", "key": "0987654321qwerty", "version": 3 }]),
            "devices[0].version: has to be 1 or 2",
        ),
        (
            json!([{ "kind": "lumi", "key": "0987654321qwerty", "children": [{ "preset": "plug" }] }]),
            "devices[0].children[0].sid: has to be there",
        ),
        (
            json!([{ "kind": "lumi", "key": "0987654321qwerty", "children": [{ "sid": "158d0001" }] }]),
            "devices[0].children[0].model: has to be there",
        ),
        (
            json!([{ "kind": "spec", "instances": [{ "model": "acme.lamp.v1" }] }]),
            "devices[0].instances[0].instance: has to be there",
        ),
        (
            json!([{ "kind": "spec", "instances": [{ "model": "a.b.c", "instance": {} }] }]),
            "devices[0]: the instance of a.b.c is no",
        ),
    ] {
        let error = read(devices);
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("qwerty"), "{error}");
    }
    let twice = SimHome::builder().miio("a", "", SimDevice::light().did(1)).miio(
        "b",
        "",
        SimDevice::light().did(1),
    );
    let error = twice.spawn().await.unwrap_err();
    assert!(matches!(error, SpawnError::Cloud(_)), "{error}");
}

#[test]
fn the_schema_knows_the_kinds() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sim-config.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for kind in ["lumi", "spec"] {
        let described = schema["$defs"][kind]["properties"].as_object().unwrap();
        assert!(described.len() >= 4, "{described:?}");
        for key in described.keys().filter(|key| *key != "kind") {
            let file = json!({ "devices": [{ "kind": kind, key: "\u{0}" }] });
            let error = Config::from_json(&file.to_string()).err().map(|error| error.to_string());
            assert!(!error.unwrap_or_default().contains("unknown field"), "{key}");
        }
        let file = json!({ "devices": [{ "kind": kind, "colour": 1 }] });
        let error = Config::from_json(&file.to_string()).unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
}
