//! Devices below a gateway: their secrets arrive, and are kept.

use std::time::Duration;

use iot_home_aliyun::thing::gateway::{Name, ProductRegistered, Registered, TopologyChange};
use iot_home_aliyun::thing::{Address, Call, Code, Down, Method, What};
use iot_home_aliyun::{Device, Params, SignMethod};
use serde_json::{Value, json};

use super::{SECRET, topics};

#[test]
fn registrations() {
    let body = json!({"id": "5", "code": 200, "data": [
        {"iotId": "x", "productKey": "a1SubSubSub", "deviceName": "sub-01", "deviceSecret": SECRET}
    ]})
    .to_string();
    let topic = format!("{}_reply", topics().of(Method::SubRegister));
    let What::Reply(Method::SubRegister, reply) =
        Down::parse(&topic, body.as_bytes()).unwrap().what
    else {
        panic!()
    };
    let registered: Vec<Registered<'_>> = reply.data().unwrap();
    assert_eq!(registered[0].device_secret.expose(), SECRET);
    assert_eq!(registered[0].device_name, "sub-01");
    let (key, names) =
        ("a1SubSubSub".parse().unwrap(), ["sub-01", "sub-02"].map(|name| name.parse().unwrap()));
    let [asked, other] = [&names[0], &names[1]].map(|name| Address::new(&key, name));
    let device = registered[0].clone().into_device(&[other, asked]).unwrap();
    assert_eq!((device.device_name().as_str(), device.secret().expose()), ("sub-01", SECRET));
    // What was not asked for is not given.
    let error = registered[0].clone().into_device(&[other]).unwrap_err();
    assert_eq!(error, iot_home_aliyun::thing::Unreadable::Form { offset: 0 });

    let body = json!({"code": 200, "data": {
        "successes": [{"productKey": "a1SubSubSub", "deviceName": "sub-01", "deviceSecret": SECRET}],
        "failures": [{"productKey": "a1SubSubSub", "deviceName": "sub-02", "code": 6600, "errorMessage": "no"}]
    }})
    .to_string();
    let topic = format!("{}_reply", topics().of(Method::ProductRegister));
    let What::Reply(_, reply) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    let registered: ProductRegistered<'_> = reply.data().unwrap();
    assert_eq!(registered.successes.len(), 1);
    assert_eq!(registered.failures[0].code, Code::WRONG_SIGNATURE);
}

#[test]
fn changes_of_the_topology() {
    let (topic, body) = super::case("down", "topo-change");
    let What::TopologyChange(request) = Down::parse(&topic, body.as_bytes()).unwrap().what else {
        panic!()
    };
    let change: TopologyChange<'_> = request.params.parse().unwrap();
    assert_eq!(change.status, 1);
    let (key, name) = ("a1SubSubSub".parse().unwrap(), "sub-01".parse().unwrap());
    assert_eq!(change.sub_list, [Name::from(Address::new(&key, &name))]);
}

/// All of a batch are signed by the method of the first, and a client id with ext params is signed whole.
#[test]
fn batches() {
    let device = |name| Device::new("a1X2bEnP82z", name, SECRET).unwrap().sub_device();
    let first = device("sub-01").sign_method(SignMethod::HmacSha1);
    let second = device("sub-02").params(Params::new().auto_subscribe());
    let call = Call::batch_login("1", &[first, second.clone()], Duration::ZERO, true).unwrap();
    let payload: Value = serde_json::from_slice(&call.to(&topics()).unwrap().payload).unwrap();
    let params = &payload["params"];
    assert_eq!(params["signMethod"], "hmacsha1");
    let expected = second.sign_method(SignMethod::HmacSha1).sign(Duration::ZERO);
    assert_eq!(params["deviceList"][1]["sign"], expected.sign.expose().as_str());
    assert_eq!(params["deviceList"][1]["clientId"], "a1X2bEnP82z.sub-02|_ss=1|");
}
