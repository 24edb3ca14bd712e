//! A gateway's children, and what the gateway refuses.

use iot_home_sim::SimDevice;
use iot_home_sim::miio::{Child, ChildList, Property, Service};
use serde_json::{Value, json};

use crate::client::Client;

fn gateway(list: ChildList) -> Client {
    let sensor = SimDevice::builder().model("lumi.sensor_ht.v1").property("temperature", 2150);
    let sensor = sensor.property("humidity", 4010);
    let plug = SimDevice::builder()
        .model("lumi.plug.v1")
        .property("neutral_0", "off")
        .service(Service::new(2).property(Property::bool(1)))
        .method("toggle_plug", |plug, _| {
            plug.set("neutral_0", "on")?;
            Ok(json!(["ok"]))
        });
    let builder = SimDevice::builder().model("lumi.gateway.v3").gateway(list);
    Client::of(
        builder
            .child(Child::new("lumi.158d0001", sensor).offline())
            .child(Child::new("lumi.158d0002", plug).type_id(11)),
    )
}

fn ask(client: &mut Client, id: u32, method: &str, params: Value) -> Value {
    client.ask(&format!(r#"{{"id":{id},"method":"{method}","params":{params}}}"#))
}

#[test]
fn each_gateway_knows_its_own_list() {
    let flat = json!([
        "lumi.0",
        0,
        1,
        0,
        "1.4.1",
        "lumi.158d0001",
        19,
        0,
        0,
        "1.0.0",
        "lumi.158d0002",
        11,
        1,
        0,
        "1.0.0"
    ]);
    let objects = json!([
        {"did": "lumi.158d0001", "model": "lumi.sensor_ht.v1", "online": false, "fw_ver": "1.0.0"},
        {"did": "lumi.158d0002", "model": "lumi.plug.v1", "online": true, "fw_ver": "1.0.0"},
    ]);
    for (list, first, second) in [
        (ChildList::Flat, Some(flat), None),
        (ChildList::Objects, None, Some(objects)),
        (ChildList::None, None, None),
    ] {
        let mut client = gateway(list);
        let answer = ask(&mut client, 1, "get_device_prop", json!(["lumi.0", "device_list"]));
        assert_eq!(answer.get("result"), first.as_ref());
        let answer = ask(&mut client, 2, "get_device_list", json!([]));
        assert_eq!(answer.get("result"), second.as_ref());
    }
    let mut none = Client::of(SimDevice::builder().gateway(ChildList::Objects));
    let answer = ask(&mut none, 1, "get_device_list", json!([]));
    assert!(!answer["result"].is_array(), "no list: no children");
}

#[test]
fn children_are_read_written_and_called() {
    let mut client = gateway(ChildList::Flat);
    let answer = ask(&mut client, 1, "get_device_prop", json!(["lumi.158d0001", "temperature"]));
    assert_eq!(answer["result"], json!([2150]));
    let asked = json!([["lumi.158d0001", "humidity", "nothing", "temperature"]]);
    let answer = ask(&mut client, 2, "get_device_prop_exp", asked);
    assert_eq!(answer["result"], json!([[4010, null, 2150]]));
    let written = json!({"sid": "lumi.158d0002", "neutral_0": "off"});
    assert_eq!(ask(&mut client, 3, "set_device_prop", written)["result"], json!(["ok"]));
    let toggle = r#"{"id":4,"method":"toggle_plug","params":["neutral_0"],"sid":"lumi.158d0002"}"#;
    assert_eq!(client.ask(toggle)["result"], json!(["ok"]));
    let answer = ask(&mut client, 5, "get_device_prop", json!(["lumi.158d0002", "neutral_0"]));
    assert_eq!(answer["result"], json!(["on"]));
    let item = json!([{"did": "lumi.158d0002", "siid": 2, "piid": 1, "value": true}]);
    let answer = ask(&mut client, 6, "set_properties", item);
    assert_eq!(answer["result"][0]["code"], 0);
    let item = json!([{"did": "lumi.158d0002", "siid": 2, "piid": 1}]);
    let answer = ask(&mut client, 7, "get_properties", item);
    assert_eq!(answer["result"][0]["value"], true);
    assert_eq!(client.device.report().violations.total(), 0);
}

#[test]
fn every_wrong_request_is_refused_and_counted() {
    for (method, params) in [
        ("get_device_prop", json!(["lumi.158d0009", "temperature"])),
        ("get_device_prop_exp", json!([["lumi.158d0009", "temperature"]])),
        ("set_device_prop", json!({"sid": "lumi.158d0009", "neutral_0": "on"})),
    ] {
        let mut client = gateway(ChildList::Flat);
        assert!(ask(&mut client, 1, method, params).get("error").is_some());
        assert_eq!(client.device.report().violations.unknown_child, 1, "{method}");
    }
    let mut client = gateway(ChildList::Flat);
    let toggle = r#"{"id":1,"method":"toggle_plug","params":[],"sid":"lumi.158d0009"}"#;
    assert!(client.ask(toggle).get("error").is_some());
    assert_eq!(client.device.report().violations.unknown_child, 1);

    for (method, params) in [
        ("get_device_prop", json!(["lumi.158d0001"])),
        ("get_device_prop", json!({"sid": "lumi.158d0001"})),
        ("get_device_prop", json!(["lumi.158d0001", 7])),
        ("get_device_prop_exp", json!(["lumi.158d0001", "temperature"])),
        ("get_device_prop_exp", json!([["lumi.158d0001"]])),
        ("set_device_prop", json!(["lumi.158d0002", "neutral_0", "on"])),
        ("set_device_prop", json!({"sid": "lumi.158d0002"})),
        ("set_device_prop", json!({"sid": "lumi.158d0002", "neutral_0": "on", "more": 1})),
    ] {
        let mut client = gateway(ChildList::Flat);
        let answer = ask(&mut client, 1, method, params.clone());
        assert!(answer.get("error").is_some(), "{method} {params}");
        let violations = client.device.report().violations;
        assert_eq!((violations.bad_child_request, violations.total()), (1, 1), "{method} {params}");
    }
}
