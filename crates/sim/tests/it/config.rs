//! Configurations: what they make, and what they say of mistakes.

use iot_home_core::Instant;
use iot_home_miio::packet::mdid_probe;
use iot_home_sim::Config;
use iot_home_sim::config::Device;
use iot_home_sim::miio::Builder;
use serde_json::json;

use crate::client::Client;

fn devices(text: &str) -> Vec<Builder> {
    let config = Config::from_json(text).unwrap();
    let builder = |device| match device {
        Device::Miio(builder) => builder,
        other => panic!("{other:?}"),
    };
    config.devices.into_iter().map(builder).collect()
}

fn device(keys: serde_json::Value) -> Builder {
    let mut keys = keys;
    keys["kind"] = "miio".into();
    devices(&json!({"devices": [keys]}).to_string()).remove(0)
}

#[test]
fn the_documented_example() {
    let text = r#"{"devices":[{"kind":"miio","listen":"127.0.0.1:0","did":"123",
        "token":"00112233445566778899aabbccddeeff","hidden":true,"model":"a.b.c",
        "properties":{"power":"on","2.1":true},
        "faults":{"seed":7,"loss":0.05,"delay_ms":[5,50],"duplicate":0.01,"id_memory":32,
        "stamp_window_s":2,"max_properties":5,"quirk":"double-comma"}}]}"#;
    let machine = devices(text).remove(0).build().unwrap();
    assert_eq!((machine.did(), machine.model()), (123.into(), "a.b.c"));
    assert_eq!(machine.token().expose_hex(), "00112233445566778899aabbccddeeff");
    assert_eq!(machine.properties().get("power"), Some("on".into()));
    assert_eq!(machine.properties().get("2.1"), Some(true.into()));
}

#[test]
fn a_device_of_which_nothing_is_said_is_a_lamp() {
    let machine = device(json!({})).build().unwrap();
    assert_eq!(machine.properties().get("2.2"), Some(50.into()));
    let machine = device(json!({"preset": "blank"})).build().unwrap();
    assert_eq!(machine.properties().get("2.2"), None);
    for (preset, model) in [
        ("light", "yeelink.light.lamp4"),
        ("plug", "chuangmi.plug.m3"),
        ("humidifier", "deerma.humidifier.jsq5"),
        ("vacuum", "xiaomi.vacuum.b112"),
        ("fan", "zhimi.fan.v3"),
    ] {
        assert_eq!(device(json!({"preset": preset})).build().unwrap().model(), model);
    }
}

#[test]
fn services_in_the_form_of_a_specification() {
    let mut client = Client::of(device(json!({
        "unknown_property": "",
        "did_policy": "own",
        "clock": 12345,
        "info": {"fw_ver": "7"},
        "classic": {"2.1": "a name with a dot"},
        "services": [{
            "iid": 2,
            "type": "urn:miot-spec-v2:service:light:00007802:acme-v1:1",
            "description": "Light",
            "properties": [
                {"iid": 1, "type": "urn:…:on:…", "description": "Switch", "format": "bool",
                 "access": ["read", "write", "notify"], "value": true, "classic": "power"},
                {"iid": 2, "format": "uint8", "access": ["read"], "unit": "percentage",
                 "value-range": [10, 100, 10], "value": 30},
                {"iid": 3, "format": "uint16", "access": ["write"],
                 "value-list": [{"value": 4, "description": "Day"}, {"value": 5}]},
                {"iid": 4, "format": "string", "max-length": 3},
                {"iid": 5, "format": "float", "value-range": [-1.5, 1.5, 0.1], "value": 0.5},
                {"iid": 6, "format": "int8"}
            ],
            "actions": [
                {"iid": 1, "in": [2], "out": [1]},
                {"iid": 2, "in": [], "out": [], "returns": [1, "x"]}
            ]
        }],
        "properties": {"2.2": 40}
    })));
    let items: Vec<_> = (1..=6).map(|piid| json!({"siid": 2, "piid": piid})).collect();
    let request = json!({"id": 1, "method": "get_properties", "params": items});
    let answer = client.ask(&request.to_string());
    let seen: Vec<_> = answer["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.get("value").unwrap_or(&item["code"]).clone())
        .collect();
    assert_eq!(json!(seen), json!([true, 40, -4001, "", 0.5, -128]));
    let prop = client.ask(r#"{"id":2,"method":"get_prop","params":["power","2.1","x"]}"#);
    assert_eq!(prop["result"], json!(["on", "a name with a dot", ""]));
    let write = json!({"id": 3, "method": "set_properties", "params": [
        {"siid": 2, "piid": 2, "value": 50}, {"siid": 2, "piid": 3, "value": 3},
        {"siid": 2, "piid": 4, "value": "long"}, {"siid": 2, "piid": 6, "value": 128}]});
    let answer = client.ask(&write.to_string());
    let codes: Vec<_> =
        answer["result"].as_array().unwrap().iter().map(|i| i["code"].clone()).collect();
    assert_eq!(json!(codes), json!([-4002, -4005, -4005, -4005]));
    let act = |aiid: u32| json!({"siid": 2, "aiid": aiid, "in": if aiid == 1 { json!([60]) } else { json!([]) }});
    let first = json!({"id": 4, "method": "action", "params": act(1)}).to_string();
    assert_eq!(client.ask(&first)["result"]["out"], json!([true]));
    assert_eq!(client.device.properties().get("2.2"), Some(60.into()));
    let second = json!({"id": 5, "method": "action", "params": act(2)}).to_string();
    assert_eq!(client.ask(&second)["result"]["out"], json!([1, "x"]));
}

#[test]
fn faults() {
    let mut client = Client::of(device(json!({"faults": {
        "stamp_window_s": null, "id_memory": 1, "max_properties": 1, "beyond": "internal",
        "quirk": ["double-comma", "trailing-nul"], "garbage": 0
    }})));
    let packet = client.seal(crate::client::DID, 0, br#"{"id":1,"method":"toggle","params":[]}"#);
    let answer = client.raw(&packet);
    let text = client.open(&answer[0]).unwrap();
    assert_eq!(text, b"{\"id\":1,,\"result\":[\"ok\"]}\0");
    assert!(client.raw(&packet).is_empty());
    let mut silent =
        Client::of(device(json!({"faults": {"silence": "to-requests", "loss_out": 0}})));
    assert!(silent.send(r#"{"id":1,"method":"toggle","params":[]}"#).is_empty());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let said = |text: &str| Config::from_json(text).unwrap_err().to_string();
    let of = |keys: serde_json::Value| {
        let mut second = keys;
        second["kind"] = "miio".into();
        said(&json!({"devices": [{"kind": "miio"}, second]}).to_string())
    };
    for (message, place, hint) in [
        (said("{"), "the configuration: ", "line 1 column 1"),
        (said("[]"), "the configuration: ", "object"),
        (said("{}"), "devices: ", "array"),
        (said(r#"{"devices":[],"device":1}"#), "device: ", "`devices`"),
        (said(r#"{"devices":[5]}"#), "devices[0]: ", "object"),
        (said(r#"{"devices":[{}]}"#), "devices[0].kind: ", "`miio`"),
        (said(r#"{"devices":[{"kind":"yeelite"}]}"#), "devices[0].kind: ", "`yeelite`"),
        (of(json!({"tokn": "x"})), "devices[1].tokn: ", "`token`"),
        (of(json!({"listen": "nowhere"})), "devices[1].listen: ", "socket address"),
        (of(json!({"did": 5})), "devices[1].did: ", "string"),
        (of(json!({"did": "0x5"})), "devices[1].did: ", "decimal"),
        (of(json!({"hidden": "maybe"})), "devices[1].hidden: ", "zeros"),
        (of(json!({"preset": "lamp"})), "devices[1].preset: ", "`light`"),
        (of(json!({"model": "a", "faults": {"los": 1}})), "devices[1].faults.los: ", "`loss_in`"),
        (of(json!({"faults": {"seed": 1, "loss": 5}})), "devices[1].faults.loss: ", "0 to 1"),
        (of(json!({"faults": {"loss": "x"}})), "devices[1].faults.loss: ", "f64"),
        (of(json!({"faults": {"delay_ms": [9, 1]}})), "devices[1].faults.delay_ms: ", "smaller"),
        (of(json!({"faults": {"delay_ms": 9}})), "devices[1].faults.delay_ms: ", "tuple"),
        (of(json!({"faults": {"quirk": "comma"}})), "devices[1].faults.quirk: ", "double-comma"),
        (of(json!({"faults": {"quirk": 7}})), "devices[1].faults.quirk: ", "array of names"),
        (of(json!({"faults": {"beyond": "x"}})), "devices[1].faults.beyond: ", "truncated"),
        (of(json!({"services": [{"iid": 1}, {}]})), "devices[1].services[1]: ", "iid"),
        (
            of(json!({"services": [{"iid": 2, "properties": [{"iid": 3, "format": "u8"}]}]})),
            "devices[1].services[0].properties[iid 3].format: ",
            "uint8",
        ),
        (
            of(json!({"services": [{"iid": 2, "properties": [
                {"iid": 3, "format": "uint8", "value-range": [9, 1, 1]}]}]})),
            "devices[1].services[0].properties[iid 3].value-range: ",
            "lowest",
        ),
        (
            of(json!({"preset": "light", "properties": {"2.2": 500}})),
            "devices[1]: ",
            "property 2.2",
        ),
    ] {
        assert!(message.starts_with(place) && message.contains(hint), "{message}");
    }
}

#[test]
fn a_token_never_gets_into_an_error() {
    for token in
        [json!("5ec4e75ec4e75ec4e75ec4e75ec4e7"), json!("zz5ec4e7zz5ec4e7zz5ec4e7zz5ec4e7")]
    {
        let text = json!({"devices": [{"kind": "miio", "token": token}]}).to_string();
        let error = Config::from_json(&text).unwrap_err();
        assert_eq!(error.path, "devices[0].token");
        assert!(!format!("{error} {error:?}").contains("5ec4e7"), "{error}");
    }
}

/// The names that an error of serde lists as expected.
fn expected_by(keys: serde_json::Value) -> Vec<String> {
    let text = json!({"devices": [keys]}).to_string();
    let problem = Config::from_json(&text).unwrap_err().problem;
    let (_, list) = problem.split_once("expected ").unwrap();
    let mut names: Vec<_> = list.split('`').skip(1).step_by(2).map(String::from).collect();
    names.sort();
    names
}

#[test]
fn a_device_that_has_not_joined_a_wifi() {
    let keys = json!({"update_fault": "broken-off", "access_point": {
        "ssid": "home", "password": "correct horse", "acknowledges": "zero", "plain_characters": true,
        "needs_uid": true, "away_ms": 100,
    }});
    let mut client = Client::of(device(keys));
    let mut told = |params: serde_json::Value| {
        let request = json!({"id": 1, "method": "miIO.config_router", "params": params});
        client.ask(&request.to_string())
    };
    let refused = told(json!({"ssid": "home", "passwd": "correct horse", "uid": 0}));
    assert_eq!(refused["error"]["code"], -32603);
    let refused = told(json!({"ssid": "ho;me", "passwd": "correct horse", "uid": 1}));
    assert_eq!(refused["error"]["code"], -32603);
    let taken = told(json!({"ssid": "home", "passwd": "correct horse", "uid": 1}));
    assert_eq!(taken["result"], 0);
    let lone = json!({"devices": [{"kind": "miio", "access_point": {"password": "x"}}]});
    let error = Config::from_json(&lone.to_string()).unwrap_err();
    assert_eq!(error.path, "devices[0].access_point.password");
}

#[test]
fn a_device_that_pushes() {
    let probe = mdid_probe(7);
    for (key, kind) in [(json!(true), true), (json!(false), false)] {
        let mut machine = device(json!({"lan_push": key})).build().unwrap();
        let (now, from) = (Instant::ORIGIN, "127.0.0.1:7".parse().unwrap());
        machine.handle_datagram(now, from, &mut probe.clone());
        let mut reply = Vec::new();
        machine.poll_transmit(now, &mut reply).unwrap();
        assert_eq!(reply[16..20] == *b"MSUB", kind);
    }
    let remove = r#"{"id":1,"method":"miIO.xdel","params":["x.scene.1000001"]}"#;
    let mut client = Client::of(device(json!({"scenes": true})));
    assert_eq!(client.ask(remove)["error"]["code"], -32602);
    assert_eq!(client.device.report().violations.bad_scene, 1, "there is no such scene");
    // Other keys are no scenes.
    client.ask(r#"{"id":2,"method":"miIO.xset","params":[["x.note",1]]}"#);
    let removed = client.ask(r#"{"id":3,"method":"miIO.xdel","params":["x.note"]}"#);
    assert_eq!(removed["result"], json!(["ok"]));
    assert_eq!(client.device.report().violations.bad_scene, 1);
}

#[test]
fn the_schema_has_the_same_keys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sim-config.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let keys = |definition: &str| -> Vec<String> {
        let keys = schema["$defs"][definition]["properties"].as_object().unwrap().keys();
        keys.filter(|key| *key != "kind").cloned().collect()
    };
    let with = |inner: serde_json::Value| json!({"kind": "miio", "services": [inner]});
    let property = json!({"iid": 1, "properties": [{"?": 1}]});
    let action = json!({"iid": 1, "actions": [{"?": 1}]});
    for (definition, wrong) in [
        ("miio", json!({"kind": "miio", "?": 1})),
        ("faults", json!({"kind": "miio", "faults": {"?": 1}})),
        ("access_point", json!({"kind": "miio", "access_point": {"?": 1}})),
        ("service", with(json!({"?": 1}))),
        ("property", with(property)),
        ("action", with(action)),
    ] {
        let mut keys = keys(definition);
        keys.sort();
        assert_eq!(keys, expected_by(wrong), "{definition}");
    }
    let words = |value: &serde_json::Value| -> Vec<String> {
        let words = value.as_array().unwrap().iter();
        let mut words: Vec<_> = words.filter_map(|word| Some(word.as_str()?.into())).collect();
        words.sort();
        words
    };
    let fault = |key: &str| json!({"kind": "miio", "faults": {key: "?"}});
    for (pointer, wrong) in [
        ("/$defs/miio/properties/preset/enum", json!({"kind": "miio", "preset": "?"})),
        ("/$defs/miio/properties/did_policy/enum", json!({"kind": "miio", "did_policy": "?"})),
        ("/$defs/miio/properties/update_fault/enum", json!({"kind": "miio", "update_fault": "?"})),
        (
            "/$defs/access_point/properties/acknowledges/enum",
            json!({"kind": "miio", "access_point": {"acknowledges": "?"}}),
        ),
        ("/$defs/faults/properties/beyond/enum", fault("beyond")),
        ("/$defs/faults/properties/silence/enum", fault("silence")),
    ] {
        assert_eq!(words(schema.pointer(pointer).unwrap()), expected_by(wrong), "{pointer}");
    }
    let mut quirks: Vec<_> = iot_home_sim::Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    quirks.sort_unstable();
    assert_eq!(words(schema.pointer("/$defs/quirk/enum").unwrap()), quirks);
}
