//! What gateways may say for others: in packs, in batches, one after the other.

use std::time::Duration;

use iot_home_aliyun::SignMethod;
use iot_home_sim::mqtt::{ConnectionId, DeviceId};
use iot_home_tencent as tencent;
use serde_json::{Value, json};

use super::wire::{Wire, publish};
use super::{KEY, PRODUCT, TIME, aliyun_id, both, tencent_id};

const OWN: &str = "/sys/a1X2bEnP82z/lamp-1/thing/";
const SESSION: &str = "/ext/session/a1X2bEnP82z/lamp-1/combine/";

fn device(name: &str) -> iot_home_aliyun::Device {
    iot_home_aliyun::Device::new(KEY, name, "sub1sub1sub1sub1").unwrap()
}

fn lock(name: &str) -> tencent::Device {
    tencent::Device::new(PRODUCT, name, "7WmFA/MEs+Fy+32QwJWtYw==").unwrap()
}

fn wire() -> Wire {
    let builder = both().aliyun(device("sub-1")).aliyun(device("sub-2")).aliyun(device("hub-2"));
    Wire::new(builder.tencent(lock("lock1")).tencent(lock("hub2")))
}

/// Logged in, and answered without a subscription.
fn hub(wire: &mut Wire, device: &iot_home_aliyun::Device) -> ConnectionId {
    let params = iot_home_aliyun::Params::new().auto_subscribe();
    let (id, code, _) = wire.login(&device.tls().params(params).sign(Duration::ZERO));
    assert_eq!(code, 0);
    id
}

fn ask(wire: &mut Wire, id: ConnectionId, topic: &str, params: &Value) -> u64 {
    let request = json!({"id": "1", "params": params}).to_string();
    wire.send(id, &publish(topic, request.as_bytes(), 0));
    let answers = wire.publishes(id);
    assert_eq!((answers.len(), answers[0].topic.clone()), (1, format!("{topic}_reply")));
    let answer: Value = serde_json::from_slice(&answers[0].payload).unwrap();
    answer["code"].as_u64().unwrap()
}

fn presented(name: &str) -> Value {
    let device = if name == "lamp-1" { super::aliyun_device() } else { device(name) };
    let proof = device.sub_device().sign(Duration::ZERO);
    json!({
        "productKey": KEY, "deviceName": name, "clientId": proof.client_id, "signMethod": "hmacSha256",
        "sign": proof.sign.expose(),
    })
}

#[test]
fn packs() {
    let mut wire = wire();
    let id = hub(&mut wire, &super::aliyun_device());
    assert_eq!(ask(&mut wire, id, &format!("{OWN}topo/add"), &json!([presented("sub-1")])), 200);
    let post = format!("{OWN}event/property/pack/post");
    let of = |name: &str| {
        let values = json!([{"value": 1, "time": 5}, {"value": 2, "time": 6}]);
        json!({"identity": {"productKey": KEY, "deviceName": name}, "properties": {"open": values}})
    };
    let pack =
        json!({"properties": {"on": [{"value": 7, "time": 5}]}, "subDevices": [of("sub-1")]});
    assert_eq!(ask(&mut wire, id, &post, &pack), 200);
    assert_eq!(wire.platform.reported(&aliyun_id())["on"], 7);
    assert_eq!(wire.platform.reported(&DeviceId::from(&device("sub-1")))["open"], 2, "the last");
    assert_eq!(ask(&mut wire, id, &post, &json!({"subDevices": vec![of("sub-1"); 20]})), 200);
    assert_eq!(ask(&mut wire, id, &post, &json!({"subDevices": vec![of("sub-1"); 21]})), 6357);
    assert_eq!(wire.report().violations.total(), 0);
    assert_eq!(ask(&mut wire, id, &post, &json!({"subDevices": [of("sub-2")]})), 6401);
    assert!(wire.platform.reported(&DeviceId::from(&device("sub-2"))).is_empty());
    let violations = wire.report().violations;
    assert_eq!((violations.no_topology, violations.total()), (1, 1));
}

#[test]
fn batches() {
    let mut wire = wire();
    let id = hub(&mut wire, &super::aliyun_device());
    let add = format!("{OWN}topo/add");
    assert_eq!(ask(&mut wire, id, &add, &json!([presented("sub-1")])), 200);
    let (come, go) = (format!("{SESSION}batch_login"), format!("{SESSION}batch_logout"));
    let batch = |devices: Vec<Value>| json!({"signMethod": "hmacSha256", "deviceList": devices});
    for (params, code) in [
        (json!({"deviceList": [presented("sub-1")]}), 460),
        (batch(vec![presented("sub-1"); 51]), 460),
        (batch(vec![presented("sub-1"), json!({"productKey": KEY})]), 460),
        // All of them or none.
        (batch(vec![presented("sub-1"), presented("sub-2")]), 6401),
    ] {
        assert_eq!(ask(&mut wire, id, &come, &params), code, "{params}");
        assert!(wire.platform.thing(&aliyun_id()).online.is_empty());
    }
    assert_eq!(ask(&mut wire, id, &come, &batch(vec![presented("sub-1"); 50])), 200);
    assert_eq!(wire.platform.thing(&aliyun_id()).online.len(), 1);
    assert_eq!(ask(&mut wire, id, &go, &json!(vec![presented("sub-1"); 51])), 460);
    assert_eq!(ask(&mut wire, id, &go, &json!([presented("sub-2")])), 520);
    assert_eq!(wire.platform.thing(&aliyun_id()).online.len(), 1);
    assert_eq!(ask(&mut wire, id, &go, &json!([presented("sub-1")])), 200);
    assert_eq!(ask(&mut wire, id, &go, &json!([presented("sub-1")])), 520, "it is gone");
    let violations = wire.report().violations;
    assert_eq!((violations.no_topology, violations.total()), (1, 1));
}

#[test]
fn topologies() {
    let mut wire = wire();
    let id = hub(&mut wire, &super::aliyun_device());
    let (add, delete) = (format!("{OWN}topo/add"), format!("{OWN}topo/delete"));
    assert_eq!(ask(&mut wire, id, &add, &json!([presented("lamp-1")])), 6402, "itself");
    assert_eq!(ask(&mut wire, id, &add, &json!([presented("sub-9")])), 6100, "nobody");
    assert_eq!(ask(&mut wire, id, &delete, &json!([presented("sub-1")])), 6401);
    assert_eq!(ask(&mut wire, id, &add, &json!([presented("sub-1")])), 200);
    assert_eq!(ask(&mut wire, id, &format!("{SESSION}login"), &presented("sub-1")), 200);
    // Who is below it no more is there no more.
    assert_eq!(ask(&mut wire, id, &delete, &json!([presented("sub-1")])), 200);
    let state = wire.platform.thing(&aliyun_id());
    assert_eq!((state.sub_devices.len(), state.online.len()), (0, 0));
    assert_eq!(wire.report().violations.total(), 0);
}

/// By whichever method, and however it is written.
#[test]
fn signatures() {
    let mut wire = wire();
    let id = hub(&mut wire, &super::aliyun_device());
    let login = format!("{SESSION}login");
    let add = format!("{OWN}topo/add");
    assert_eq!(ask(&mut wire, id, &add, &json!([presented("sub-1")])), 200);
    let mut forged = presented("sub-1");
    forged["timestamp"] = "6".into();
    assert_eq!(ask(&mut wire, id, &login, &forged), 6287);
    assert!(wire.platform.thing(&aliyun_id()).online.is_empty());
    for (method, written) in [
        (SignMethod::HmacSha1, "hmacSha1"),
        (SignMethod::HmacMd5, "hmacMd5"),
        (SignMethod::HmacSha256, "Sha256"),
    ] {
        let proof = device("sub-1").sub_device().sign_method(method).sign(Duration::ZERO);
        let mut params = presented("sub-1");
        params["sign"] = proof.sign.expose().as_str().into();
        params["signMethod"] = written.into();
        assert_eq!(ask(&mut wire, id, &login, &params), 200, "{written}");
        params["signMethod"] = "hmacSha512".into();
        assert_eq!(ask(&mut wire, id, &login, &params), 6287);
    }
    let violations = wire.report().violations;
    assert_eq!((violations.sub_device_signature, violations.total()), (4, 4));
}

#[test]
fn a_device_is_there_by_one_gateway() {
    let mut wire = wire();
    let first = hub(&mut wire, &super::aliyun_device());
    let second = hub(&mut wire, &device("hub-2"));
    for (id, name) in [(first, "lamp-1"), (second, "hub-2")] {
        let add = format!("/sys/{KEY}/{name}/thing/topo/add");
        assert_eq!(ask(&mut wire, id, &add, &json!([presented("sub-1")])), 200);
        let login = format!("/ext/session/{KEY}/{name}/combine/login");
        assert_eq!(ask(&mut wire, id, &login, &presented("sub-1")), 200);
        assert_eq!(wire.platform.thing(&DeviceId::aliyun(KEY, name)).online.len(), 1);
    }
    assert!(wire.platform.thing(&aliyun_id()).online.is_empty());
}

#[test]
fn those_of_tencent() {
    let mut wire = wire();
    let first = wire.tencent();
    let login = lock("hub2").tls().sign(TIME, &mut iot_home_core::SeededRandom::new(7));
    let (second, ..) = wire.login(&login);
    let mut tell = |id: ConnectionId, name: &str, kind: &str, authtype: &str| {
        let down = format!("$gateway/operation/result/{PRODUCT}/{name}");
        wire.subscribe(id, &[(&down, 0)]);
        let proof = lock("lock1").bind_proof(tencent::SignMethod::HmacSha256, 5, TIME);
        let mut device = json!({"product_id": PRODUCT, "device_name": "lock1"});
        if kind == "bind" {
            device = json!({
                "product_id": PRODUCT, "device_name": "lock1", "signature": proof.signature.expose(), "random": 5,
                "timestamp": TIME.as_secs(), "signmethod": "hmacsha256", "authtype": authtype,
            });
        }
        let payload = json!({"type": kind, "payload": {"devices": [device]}}).to_string();
        let up = format!("$gateway/operation/{PRODUCT}/{name}");
        wire.send(id, &publish(&up, payload.as_bytes(), 0));
        let answers = wire.publishes(id);
        let answer: Value = serde_json::from_slice(&answers[0].payload).unwrap();
        let state = [tencent_id(), DeviceId::from(&lock("hub2"))].map(|id| {
            let state = wire.platform.thing(&id);
            (state.sub_devices.len(), state.online.len())
        });
        (answer["payload"]["devices"][0]["result"].as_i64().unwrap(), state)
    };
    let nobody = (0, 0);
    assert_eq!(tell(first, "lamp1", "bind", "certificate"), (1, [nobody; 2]), "it has a key");
    assert_eq!(tell(first, "lamp1", "offline", ""), (1, [nobody; 2]));
    assert_eq!(tell(first, "lamp1", "unbind", ""), (1, [nobody; 2]));
    assert_eq!(tell(first, "lamp1", "bind", "psk"), (0, [(1, 0), nobody]));
    assert_eq!(tell(first, "lamp1", "online", ""), (0, [(1, 1), nobody]));
    assert_eq!(tell(first, "lamp1", "offline", ""), (0, [(1, 0), nobody]));
    assert_eq!(tell(first, "lamp1", "offline", ""), (1, [(1, 0), nobody]), "it is gone");
    assert_eq!(tell(first, "lamp1", "online", ""), (0, [(1, 1), nobody]));
    assert_eq!(tell(second, "hub2", "bind", "psk"), (0, [(1, 1), (1, 0)]));
    assert_eq!(tell(second, "hub2", "online", ""), (0, [(1, 0), (1, 1)]), "by one gateway");
    assert_eq!(tell(second, "hub2", "unbind", ""), (0, [(1, 0), nobody]));
    let violations = wire.report().violations;
    assert_eq!((violations.sub_device_signature, violations.total()), (1, 1));
}
