//! Configurations of bulbs: what they make, and what they say of mistakes.

use iot_home_sim::Config;
use iot_home_sim::config::Device;
use iot_home_sim::yeelight::{Builder, Output, Quirk};
use serde_json::{Value, json};

use crate::yeelight_client::{Client, SEARCH};

fn device(keys: Value) -> Builder {
    let mut keys = keys;
    keys["kind"] = "yeelight".into();
    let config = Config::from_json(&json!({"devices": [keys]}).to_string()).unwrap();
    match config.devices.into_iter().next() {
        Some(Device::Yeelight(builder)) => builder,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key() {
    let mut client = Client::of(device(json!({
        "listen": "127.0.0.1:0", "search": "127.0.0.1:0", "session": "127.0.0.1:0",
        "groups": ["127.0.0.1"], "advertise": "127.0.0.1:9", "max_age_s": 60,
        "id": "0x15243f", "preset": "ceiling", "model": "ceiling20", "fw_ver": 65,
        "support": ["get_prop", "set_bright"], "name": "hall",
        "properties": {"bright": 7, "bg_power": "off", "later": "x"},
        "answers": "compact", "pushes": "texts", "quota": [1, 2], "lan_control": true,
        "udp_session": "second", "token_as_result": true, "faults": {}
    })));
    let bulb = &mut client.bulb;
    assert_eq!((bulb.id().to_string().as_str(), bulb.model()), ("0x000000000015243f", "ceiling20"));
    assert_eq!(bulb.property("later"), Some("x".into()));
    bulb.handle_search(client.now, Client::addr(), SEARCH);
    let outputs = client.outputs();
    let Some(Output::SearchAnswer { datagram, .. }) = outputs.last() else { panic!("{outputs:?}") };
    let answer = String::from_utf8(datagram.clone()).unwrap();
    for part in
        ["max-age=60\r\n", "fw_ver: 65\r\nsupport: get_prop set_bright\r\n", "bright: 7\r\n"]
    {
        assert!(answer.contains(part), "{answer}");
    }
    let line = client.line("set_bright", &json!([9, "sudden", 0]));
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    let text = String::from_utf8(client.written_on(client.connection)).unwrap();
    let props = r#"{"method":"props","params":{"bright":"9","active_bright":"9"}}"#;
    assert_eq!(text, format!("{{\"id\":1,\"result\":[\"ok\"]}}\r\n{props}\r\n"));
    assert_eq!(client.refused("get_prop", json!(["power"])), -1);
}

#[test]
fn presets_and_models() {
    for (keys, model) in [
        (json!({}), "color4"),
        (json!({"preset": "color"}), "color4"),
        (json!({"preset": "white"}), "mono"),
        (json!({"preset": "tunable"}), "ct_bulb"),
        (json!({"preset": "ceiling"}), "ceiling4"),
        (json!({"preset": "strip"}), "strip6"),
        (json!({"preset": "lamp15"}), "lamp15"),
        (json!({"preset": "cube"}), "CubeLite"),
        (json!({"model": "bslamp2"}), "bslamp2"),
    ] {
        assert_eq!(device(keys).build().unwrap().model(), model);
    }
    let unknown = device(json!({"preset": "white", "model": "mono9"})).build().unwrap();
    assert_eq!((unknown.model(), unknown.property("rgb")), ("mono9", None));
    let off = device(json!({"lan_control": false})).build().unwrap();
    assert!(!off.lan_control());
}

#[test]
fn quotas_and_faults() {
    let mut client = Client::of(device(json!({"quota": false, "faults": {
        "seed": 7, "delay_ms": [0, 0], "search_delay_ms": [0, 0], "lost_searches": 1,
        "silence": "never", "close": {"after": 200}, "quota_error": 3,
        "quirk": ["id-missing", "lf-lines"]}})));
    client.bulb.handle_search(client.now, Client::addr(), SEARCH);
    assert!(client.outputs().is_empty());
    let mut text = String::new();
    for _ in 0..200 {
        let line = client.line("toggle", &json!([]));
        client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
        let outputs = client.outputs().into_iter();
        text.extend(outputs.filter_map(|output| match output {
            Output::Write { bytes, .. } => Some(String::from_utf8(bytes).unwrap()),
            _ => None,
        }));
    }
    assert!(text.starts_with("{\"result\":[\"ok\"]}\n"), "{text}");
    assert_eq!(text.matches("client quota exceeded").count(), 1);
    assert_eq!(client.bulb.report().open_connections, 0);
    let mut client =
        Client::of(device(json!({"faults": {"error": [-5, "no"], "close": {"at-byte": 1000}}})));
    assert_eq!(client.refused("toggle", json!([])), -5);
    let mut client = Client::of(device(json!({"faults": {"quirk": "error-as-text"}})));
    let (answer, _) = client.ask("set_bright", json!([0, "sudden", 0]));
    assert_eq!(answer["error"], "general error");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let of = |keys: Value| {
        let mut second = keys;
        second["kind"] = "yeelight".into();
        let text = json!({"devices": [{"kind": "yeelight"}, second]}).to_string();
        Config::from_json(&text).unwrap_err().to_string()
    };
    for (message, place, hint) in [
        (of(json!({"modl": "x"})), "devices[1].modl: ", "`model`"),
        (of(json!({"listen": "nowhere"})), "devices[1].listen: ", "socket address"),
        (of(json!({"groups": ["eth0"]})), "devices[1].groups: ", "IPv4"),
        (of(json!({"id": "lamp"})), "devices[1].id: ", "hexadecimal"),
        (of(json!({"preset": "lamp"})), "devices[1].preset: ", "`ceiling`"),
        (of(json!({"quota": 5})), "devices[1].quota: ", "[per connection, in total]"),
        (of(json!({"answers": "x"})), "devices[1].answers: ", "`compact`"),
        (of(json!({"properties": {"bright": "dim"}})), "devices[1]: ", "property bright"),
        (of(json!({"faults": {"los": 1}})), "devices[1].faults.los: ", "`lost_searches`"),
        (of(json!({"faults": {"delay_ms": [9, 1]}})), "devices[1].faults.delay_ms: ", "smaller"),
        (
            of(json!({"faults": {"search_delay_ms": [9, 1]}})),
            "devices[1].faults.search_delay_ms: ",
            "smaller",
        ),
        (of(json!({"faults": {"close": {"at": 1}}})), "devices[1].faults.close: ", "`at-byte`"),
        (of(json!({"faults": {"quirk": "comma"}})), "devices[1].faults.quirk: ", "coalesced"),
        (of(json!({"faults": {"error": "no"}})), "devices[1].faults.error: ", "tuple"),
    ] {
        assert!(message.starts_with(place) && message.contains(hint), "{message}");
    }
    let unknown = Config::from_json(r#"{"devices":[{"kind":"hue"}]}"#).unwrap_err().to_string();
    assert_eq!(
        unknown,
        "devices[0].kind: `hue` is unknown, expected `cloud`, `lumi`, `miio`, `mqtt`, `spec` or `yeelight`"
    );
}

/// The names that an error of serde lists as expected.
fn expected_by(keys: Value) -> Vec<String> {
    let mut keys = keys;
    keys["kind"] = "yeelight".into();
    let text = json!({"devices": [keys]}).to_string();
    let problem = Config::from_json(&text).unwrap_err().problem;
    let (_, list) = problem.split_once("expected ").unwrap();
    let mut names: Vec<_> = list.split('`').skip(1).step_by(2).map(String::from).collect();
    names.sort();
    names
}

#[test]
fn the_schema_has_the_same_keys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sim-config.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let at = |pointer: &str| schema.pointer(pointer).unwrap();
    for (pointer, wrong) in [
        ("/$defs/yeelight/properties", json!({"?": 1})),
        ("/$defs/yeelight_faults/properties", json!({"faults": {"?": 1}})),
        (
            "/$defs/yeelight_faults/properties/close/properties",
            json!({"faults": {"close": {"?": 1}}}),
        ),
    ] {
        let keys = at(pointer).as_object().unwrap().keys();
        let mut keys: Vec<_> = keys.filter(|key| *key != "kind").cloned().collect();
        keys.sort();
        assert_eq!(keys, expected_by(wrong), "{pointer}");
    }
    let words = |pointer: &str| -> Vec<String> {
        let words = at(pointer).as_array().unwrap().iter();
        let mut words: Vec<_> = words.map(|word| word.as_str().unwrap().to_owned()).collect();
        words.sort();
        words
    };
    for key in ["preset", "answers", "pushes", "udp_session"] {
        let pointer = format!("/$defs/yeelight/properties/{key}/enum");
        assert_eq!(words(&pointer), expected_by(json!({key: "?"})), "{key}");
    }
    let silence = words("/$defs/yeelight_faults/properties/silence/enum");
    assert_eq!(silence, expected_by(json!({"faults": {"silence": "?"}})));
    let mut quirks: Vec<_> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    quirks.sort_unstable();
    assert_eq!(words("/$defs/yeelight_quirk/enum"), quirks);
}
