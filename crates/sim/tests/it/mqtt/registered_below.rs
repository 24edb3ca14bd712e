//! A gateway of Aliyun that registers the devices below it, and the rules of that.

use std::time::Duration;

use iot_home_aliyun::registration::Registration;
use iot_home_sim::mqtt::{Builder, ConnectionId, DeviceId, Product, Violations};
use serde_json::{Map, Value, json};

use super::wire::{Wire, publish};
use super::{KEY, aliyun_id, both};

const OWN: &str = "/sys/a1X2bEnP82z/lamp-1/thing/";
const SECRET: &str = "PsWqkS1hGbGgdqkX";
const SESSION: &str = "/ext/session/a1X2bEnP82z/lamp-1/combine/login";

fn product() -> Product {
    let product = Product::aliyun(KEY.parse().unwrap(), SECRET.try_into().unwrap());
    (0..31).fold(product, |product, number| product.device(format!("fresh-{number}")))
}

/// A gateway that hears what it is answered.
fn gateway(builder: Builder) -> (Wire, ConnectionId) {
    let mut wire = Wire::new(builder);
    let id = wire.aliyun();
    for filter in [
        format!("{OWN}sub/register_reply"),
        format!("{OWN}proxy/provisioning/product_register_reply"),
        format!("{OWN}topo/add_reply"),
        format!("{SESSION}_reply"),
    ] {
        wire.subscribe(id, &[(&filter, 0)]);
    }
    (wire, id)
}

fn ask(wire: &mut Wire, id: ConnectionId, topic: &str, params: &Value) -> Value {
    let request = json!({"id": "1", "params": params}).to_string();
    wire.send(id, &publish(topic, request.as_bytes(), 0));
    let answers = wire.publishes(id);
    assert_eq!((answers.len(), answers[0].topic.clone()), (1, format!("{topic}_reply")));
    serde_json::from_slice(&answers[0].payload).unwrap()
}

fn register(wire: &mut Wire, id: ConnectionId, params: &Value) -> Value {
    ask(wire, id, &format!("{OWN}sub/register"), params)
}

fn named(name: &str) -> Value {
    json!({"productKey": KEY, "deviceName": name})
}

/// What a gateway presents for a device with this secret.
fn presented(given: &Value) -> Value {
    let text = |name: &str| given[name].as_str().unwrap();
    let device = iot_home_aliyun::Device::new(KEY, text("deviceName"), text("deviceSecret"));
    let proof = device.unwrap().sub_device().sign(Duration::ZERO);
    json!({
        "productKey": KEY, "deviceName": given["deviceName"], "clientId": proof.client_id,
        "signMethod": "hmacSha256", "sign": proof.sign.expose(),
    })
}

#[test]
fn secrets_are_given_and_open_what_they_are_for() {
    let (mut wire, id) = gateway(both().product(product()));
    let answer = register(&mut wire, id, &json!([named("fresh-1"), named("fresh-2")]));
    assert_eq!((answer["id"].as_str(), answer["code"].as_u64()), (Some("1"), Some(200)));
    let given = answer["data"].as_array().unwrap().clone();
    for (given, name) in given.iter().zip(["fresh-1", "fresh-2"]) {
        assert_eq!(
            (given["productKey"].as_str(), given["deviceName"].as_str()),
            (Some(KEY), Some(name))
        );
        assert_eq!(given["deviceSecret"].as_str().unwrap().len(), 32);
    }
    assert_ne!(given[0]["deviceSecret"], given[1]["deviceSecret"]);
    assert_eq!(wire.report().registrations, 2);
    // Whoever did not hear it asks again; being registered is not being below the gateway.
    let again = register(&mut wire, id, &json!([named("fresh-1")]));
    assert_eq!(again["data"][0]["deviceSecret"], given[0]["deviceSecret"]);
    assert!(wire.platform.thing(&aliyun_id()).sub_devices.is_empty());
    let add = format!("{OWN}topo/add");
    assert_eq!(ask(&mut wire, id, &add, &json!([presented(&given[0])]))["code"], 200);
    assert_eq!(ask(&mut wire, id, SESSION, &presented(&given[0]))["code"], 200);
    let online = wire.platform.thing(&aliyun_id()).online;
    assert_eq!(online, [DeviceId::aliyun(KEY, "fresh-1")].into());
    assert_eq!(wire.report().violations.total(), 0);
}

#[test]
fn those_that_are_refused_and_counted() {
    let (mut wire, id) = gateway(both().product(product()));
    let many = |count: usize| (0..count).map(|at| named(&format!("fresh-{at}"))).collect::<Value>();
    let mut broken = 0;
    for (params, code) in [
        (many(0), 460),
        (many(31), 460),
        (named("fresh-1"), 460),
        (json!([{"productKey": KEY}]), 460),
        (json!([named("fresh-1"), "fresh-2"]), 460),
        (json!([named("nobody")]), 6100),
        (json!([named("fresh-1"), named("nobody")]), 6100),
        (json!([{"productKey": "a1Another00", "deviceName": "fresh-1"}]), 6100),
    ] {
        let answer = register(&mut wire, id, &params);
        assert_eq!((&answer["code"], &answer["data"]), (&json!(code), &json!({})), "{params}");
        broken += 1;
        let mut expected = Violations::default();
        expected.bad_registration = broken;
        assert_eq!(wire.report().violations, expected, "{params}");
    }
    assert_eq!(wire.report().registrations, 0);
    assert_eq!(register(&mut wire, id, &many(30))["data"].as_array().unwrap().len(), 30);
    assert_eq!(wire.report().registrations, 30);
    assert_eq!(wire.report().violations.total(), broken);
}

#[test]
fn a_product_without_registration() {
    let (mut wire, id) = gateway(both().product(product().registration(false)));
    assert_eq!(register(&mut wire, id, &json!([named("fresh-1")]))["code"], 6288);
    assert_eq!(wire.report().violations.bad_registration, 1);
}

/// A device that has been there keeps what it was given to itself, however it came in.
#[test]
fn a_device_that_is_active() {
    let (mut wire, id) = gateway(both().product(product()));
    let given =
        register(&mut wire, id, &json!([named("fresh-1"), named("fresh-2")]))["data"].clone();
    ask(&mut wire, id, &format!("{OWN}topo/add"), &json!([presented(&given[0])]));
    ask(&mut wire, id, SESSION, &presented(&given[0]));
    assert_eq!(register(&mut wire, id, &json!([named("fresh-1")]))["code"], 6289);
    let secret = given[1]["deviceSecret"].as_str().unwrap();
    let device = iot_home_aliyun::Device::new(KEY, "fresh-2", secret).unwrap();
    assert_eq!(wire.login(&device.tls().sign(Duration::ZERO)).1, 0);
    assert_eq!(register(&mut wire, id, &json!([named("fresh-2")]))["code"], 6289);
    assert_eq!(wire.report().violations.bad_registration, 2);
}

/// What a gateway presents that knows a product's secret.
fn proxied(name: &str, secret: &str, random: &str) -> Value {
    let registration = Registration::new(KEY, name, secret).unwrap();
    let form = String::from_utf8(registration.https(&random.parse().unwrap()).body).unwrap();
    let fields = form.split('&').map(|field| field.split_once('=').unwrap());
    fields.map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

fn register_proxied(wire: &mut Wire, id: ConnectionId, devices: &Value) -> Value {
    let topic = format!("{OWN}proxy/provisioning/product_register");
    ask(wire, id, &topic, &json!({"proxieds": devices}))
}

#[test]
fn by_the_secrets_of_their_products() {
    let (mut wire, id) = gateway(both().product(product()));
    let devices = json!([proxied("fresh-1", SECRET, "a"), proxied("fresh-2", SECRET, "b")]);
    let answer = register_proxied(&mut wire, id, &devices);
    assert_eq!((&answer["code"], &answer["data"]["failures"]), (&json!(200), &json!([])));
    let given = answer["data"]["successes"].as_array().unwrap();
    assert_eq!((given.len(), given[1]["deviceName"].as_str()), (2, Some("fresh-2")));
    let add = format!("{OWN}topo/add");
    assert_eq!(ask(&mut wire, id, &add, &json!([presented(&given[0])]))["code"], 200);
    assert_eq!(ask(&mut wire, id, SESSION, &presented(&given[0]))["code"], 200);
    assert_eq!((wire.report().registrations, wire.report().violations.total()), (2, 0));

    // What is refused is counted, and those beside it are registered.
    let changed = |name: &str, value: Value| {
        let mut device = proxied("fresh-3", SECRET, "c");
        device[name] = value;
        device
    };
    let mut broken = 0;
    for (device, code) in [
        (proxied("fresh-3", "another-secret-1", "d"), 6600),
        (changed("sign", json!("00")), 6600),
        (changed("deviceName", json!("fresh-4")), 6600),
        (changed("signMethod", json!("hmacsha512")), 6292),
        (changed("productKey", json!("a1Another00")), 6100),
        (changed("random", json!(5)), 460),
        (changed("sign", Value::Null), 460),
        (proxied("fresh-3", SECRET, "a"), 460),
        (proxied("nobody", SECRET, "e"), 6100),
        (proxied("fresh-1", SECRET, "f"), 6289),
    ] {
        let good = proxied("fresh-5", SECRET, &format!("x{broken}"));
        let data = register_proxied(&mut wire, id, &json!([device, good]))["data"].clone();
        assert_eq!(data["failures"][0]["code"], code, "{device}");
        assert_eq!(data["failures"][0]["deviceName"], device["deviceName"]);
        assert_eq!(data["failures"].as_array().unwrap().len(), 1);
        assert_eq!(data["successes"][0]["deviceName"], "fresh-5");
        broken += 1;
        let mut expected = Violations::default();
        expected.bad_registration = broken;
        assert_eq!(wire.report().violations, expected, "{device}");
    }
    let many = |count: usize| (0..count).map(|at| proxied("fresh-6", SECRET, &format!("y{at}")));
    for count in [0, 31] {
        let answer = register_proxied(&mut wire, id, &many(count).collect());
        assert_eq!((&answer["code"], &answer["data"]), (&json!(460), &json!({})));
        broken += 1;
        assert_eq!(wire.report().violations.bad_registration, broken);
    }
    let thirty = register_proxied(&mut wire, id, &many(30).collect());
    assert_eq!(thirty["data"]["successes"].as_array().unwrap().len(), 30);
    assert_eq!(wire.report().violations.total(), broken);
}

#[test]
fn a_device_of_another_gateway() {
    let other = iot_home_aliyun::Device::new(KEY, "hub-2", "hub2hub2hub2hub2").unwrap();
    let (mut wire, id) = gateway(both().aliyun(other.clone()).product(product()));
    let given = register(&mut wire, id, &json!([named("fresh-1")]))["data"].clone();
    ask(&mut wire, id, &format!("{OWN}topo/add"), &json!([presented(&given[0])]));
    let own = register(&mut wire, id, &json!([named("fresh-1")]));
    assert_eq!(own["code"], 200, "its own gateway may ask again");
    let (second, ..) = wire.login(&other.tls().sign(Duration::ZERO));
    wire.subscribe(second, &[("/sys/a1X2bEnP82z/hub-2/thing/sub/register_reply", 0)]);
    let topic = "/sys/a1X2bEnP82z/hub-2/thing/sub/register";
    assert_eq!(ask(&mut wire, second, topic, &json!([named("fresh-1")]))["code"], 6619);
    assert_eq!(wire.report().violations.bad_registration, 1);
    assert_eq!(ask(&mut wire, second, topic, &json!([named("fresh-2")]))["code"], 200);
}
