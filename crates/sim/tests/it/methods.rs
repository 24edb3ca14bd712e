//! What the device answers when nothing is wrong with the request.

use iot_home_core::MiotCode;
use iot_home_miio::DeviceError;
use iot_home_miio::packet::{HELLO, HelloField, HelloReply};
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{
    Action, BuildError, DeviceClock, DidPolicy, HelloToken, Property, PropertyName, Service,
};
use serde_json::{Value, json};

use crate::client::{Client, DID, TOKEN};

struct Caller {
    client: Client,
    id: u32,
}

impl Caller {
    fn of(builder: iot_home_sim::miio::Builder) -> Self {
        Self { client: Client::of(builder), id: 0 }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let request = json!({"id": self.id, "method": method, "params": params});
        let mut answer = self.client.ask(&request.to_string());
        assert_eq!(answer["id"], self.id);
        answer.as_object_mut().unwrap().remove("id");
        answer
    }
}

fn typed() -> iot_home_sim::miio::Builder {
    SimDevice::builder().service(
        Service::new(2)
            .property(Property::bool(1))
            .property(Property::integer(2, 10..=100).step(10).value(50))
            .property(Property::text(3, 4).value("abc").read_only())
            .property(Property::choice(4, [0, 3]).write_only())
            .property(Property::float(5, 0.0..=1.0).notify_only())
            .action(Action::new(1).inputs([2, 1]).outputs([1]))
            .action(Action::new(2).returns([json!("done"), json!(7)]))
            .action(Action::new(3).run(|_, _| Err(MiotCode::INTERNAL))),
    )
}

#[test]
fn hellos_in_all_forms() {
    let field = |token| {
        let mut client = Client::of(SimDevice::light().hello(token));
        let reply = HelloReply::parse(&client.raw(&HELLO)[0]).unwrap();
        assert_eq!((reply.did, reply.stamp), (DID, 12_345));
        reply.field
    };
    assert_eq!(field(HelloToken::Hidden), HelloField::HiddenFf);
    assert_eq!(field(HelloToken::HiddenAsZeros), HelloField::HiddenZero);
    assert_eq!(field(HelloToken::Shown), HelloField::Token(TOKEN));

    let mut client = Client::of(SimDevice::light().hello(HelloToken::Shown));
    client.device.set_token([3; 16]);
    let reply = HelloReply::parse(&client.raw(&HELLO)[0]).unwrap();
    assert_eq!(reply.field.token().unwrap().expose(), &[3; 16]);
}

#[test]
fn a_did_of_64_bits_and_a_clock_that_is_not_set() {
    let wide = 0x1122_3344_5566_7788;
    let mut device = SimDevice::light().did(wide).clock(DeviceClock::Unset).build().unwrap();
    let now = iot_home_core::Instant::ORIGIN + std::time::Duration::from_secs(99);
    device.handle_datagram(now, Client::addr(), &mut HELLO.clone());
    let mut answer = Vec::new();
    device.poll_transmit(now, &mut answer).unwrap();
    let reply = HelloReply::parse(&answer).unwrap();
    assert_eq!((reply.did, reply.stamp), (wide, 0));
}

#[test]
fn info() {
    let mut caller = Caller::of(
        SimDevice::light()
            .info("fw_ver", "9.9.9")
            .info("ap", Value::Null)
            .info("extra", json!({"a": 1})),
    );
    let info = caller.call("miIO.info", json!([]));
    let info = &info["result"];
    assert_eq!(info["model"], "yeelink.light.lamp4");
    assert_eq!(info["fw_ver"], "9.9.9");
    assert_eq!(info["extra"]["a"], 1);
    assert_eq!(info["life"], 12_345);
    assert!(info.get("ap").is_none() && info.get("token").is_none());

    let mut shown = Caller::of(SimDevice::light().hello(HelloToken::Shown));
    let info = shown.call("miIO.info", json!([]));
    assert_eq!(info["result"]["token"], TOKEN.expose_hex());
    assert_eq!(shown.call("miIO.wifi_assoc_state", json!([]))["result"]["state"], "ONLINE");
}

#[test]
fn classic_properties() {
    let mut fan = Caller::of(SimDevice::fan());
    let got = |fan: &mut Caller, names: Value| fan.call("get_prop", names)["result"].take();
    assert_eq!(got(&mut fan, json!(["power", "nope", "speed"])), json!(["off", null, 30]));
    assert_eq!(fan.call("set_power", json!(["on"])), json!({"result": ["ok"]}));
    assert_eq!(fan.call("set_speed", json!([77, "smooth", 500])), json!({"result": ["ok"]}));
    assert_eq!(got(&mut fan, json!(["speed", "power"])), json!([77, "on"]));
    assert_eq!(fan.call("toggle", json!([])), json!({"result": ["ok"]}));
    assert_eq!(got(&mut fan, json!(["power"])), json!(["off"]));
    assert_eq!(fan.call("set_power", json!([]))["error"]["code"], -5005);
    assert_eq!(fan.call("get_prop", json!({}))["error"]["code"], -5001);
    // It knows nothing of MIoT, and has no such property.
    for method in ["get_properties", "set_properties", "action", "set_nope", "nope"] {
        let error = json!({"code": -32601, "message": "Method not found."});
        assert_eq!(fan.call(method, json!([1]))["error"], error, "{method}");
    }
    let report = fan.client.device.report();
    assert_eq!(report.executed("set_power"), 1 + 1, "one of them with bad parameters");
    assert_eq!(report.executed("nope"), 0);
    assert!(!report.executions.contains_key("nope"));

    let mut other = Caller::of(SimDevice::fan().unknown_property(""));
    assert_eq!(got(&mut other, json!(["nope"])), json!([""]));
}

#[test]
fn both_names_of_a_lamp_are_one_lamp() {
    let mut lamp = Caller::of(SimDevice::light());
    lamp.call("set_power", json!(["on"]));
    lamp.call("set_properties", json!([{"siid": 2, "piid": 2, "value": 7}]));
    assert_eq!(lamp.call("get_prop", json!(["power", "bright"]))["result"], json!(["on", 7]));
    assert_eq!(lamp.call("set_bright", json!([101]))["error"]["code"], -5001);
    assert_eq!(lamp.call("toggle", json!([]))["result"], json!(["ok"]));
    let read = lamp.call("get_properties", json!([{"did": "x", "siid": 2, "piid": 1}]));
    assert_eq!(
        read["result"],
        json!([{"did": "x", "siid": 2, "piid": 1, "code": 0, "value": false}])
    );
}

#[test]
fn reading_and_writing_by_the_specification() {
    let mut device = Caller::of(typed());
    let item = |piid: u32| json!({"did": "d", "siid": 2, "piid": piid});
    let read = device.call("get_properties", (1..=6).map(item).collect());
    let codes = |answer: &Value| -> Vec<i64> {
        let items = answer["result"].as_array().unwrap();
        items.iter().map(|item| item["code"].as_i64().unwrap()).collect()
    };
    assert_eq!(codes(&read), [0, 0, 0, -4001, -4001, -4003]);
    assert_eq!(read["result"][1]["value"], 50);
    assert!(read["result"][3].get("value").is_none());

    let write =
        |piid: u32, value: Value| json!({"did": "d", "siid": 2, "piid": piid, "value": value});
    let answer = device.call(
        "set_properties",
        json!([
            write(1, json!(true)),
            write(1, json!(1)),
            write(2, json!(60)),
            write(2, json!(61)),
            write(2, json!(60.0)),
            write(2, json!(110)),
            write(3, json!("x")),
            write(4, json!(3)),
            write(4, json!(1)),
            write(5, json!(0.5)),
            write(9, json!(1)),
            item(1),
        ]),
    );
    let expected = [0, -4005, 0, -4005, -4005, -4005, -4002, 0, -4005, -4002, -4003, -4005];
    assert_eq!(codes(&answer), expected);
    assert!(answer["result"][0].get("value").is_none());
    let properties = device.client.device.properties();
    assert_eq!(properties.get((2, 1)), Some(json!(true)));
    assert_eq!(properties.get((2, 2)), Some(json!(60)));
    assert_eq!(properties.get((2, 4)), Some(json!(3)));
    for params in [json!({}), json!([1]), json!([{"siid": 2}]), json!([{"siid": -1, "piid": 1}])] {
        assert_eq!(device.call("get_properties", params)["error"]["code"], -32602);
    }
}

#[test]
fn actions() {
    let mut device = Caller::of(typed());
    let mut act = |aiid: u32, input: Value| {
        let mut answer =
            device.call("action", json!({"did": "d", "siid": 2, "aiid": aiid, "in": input}));
        answer["result"].take()
    };
    let done = |out: Value| json!({"did": "d", "siid": 2, "aiid": 1, "code": 0, "out": out});
    assert_eq!(act(1, json!([60, true])), done(json!([true])), "bare values in the action's order");
    let named = json!([{"piid": 1, "value": false}, {"piid": 2, "value": 70}]);
    assert_eq!(act(1, named), done(json!([false])), "named values in any order");
    for wrong in [
        json!([]),
        json!([60]),
        json!([60, true, 1]),
        json!([true, 60]),
        json!([65, true]),
        json!([{"piid": 2, "value": 60}, true]),
        json!([{"piid": 2, "value": 60}, {"piid": 2, "value": 60}]),
        json!([{"piid": 2, "value": 60}, {"piid": 3, "value": "x"}]),
        json!([{"piid": 2}, {"piid": 1, "value": true}]),
        json!("x"),
    ] {
        assert_eq!(act(1, wrong.clone())["code"], -4006, "{wrong}");
    }
    assert_eq!(act(2, json!([]))["out"], json!(["done", 7]));
    assert_eq!(act(3, json!([]))["code"], -4004);
    assert_eq!(act(9, json!([]))["code"], -4003);
    assert_eq!(device.client.device.properties().get((2, 2)), Some(json!(70)));
    let array = device.call("action", json!([{"did": "d", "siid": 2, "aiid": 2, "in": []}]));
    assert_eq!(array["error"]["code"], -9999, "one bare object, or the appliance chokes");
    let bare = device.call("action", json!({"siid": 2, "aiid": 2}));
    assert_eq!(bare["result"]["code"], 0);
}

#[test]
fn the_did_inside() {
    let own = DID.to_string();
    for (policy, sent, answered, code) in [
        (DidPolicy::Echo, "prop.2.1", "prop.2.1", 0),
        (DidPolicy::Own, "prop.2.1", own.as_str(), 0),
        (DidPolicy::Checked, "prop.2.1", "prop.2.1", -4007),
        (DidPolicy::Checked, own.as_str(), own.as_str(), 0),
    ] {
        let mut device = Caller::of(typed().did_policy(policy));
        let read = device.call("get_properties", json!([{"did": sent, "siid": 2, "piid": 1}]));
        assert_eq!(read["result"][0]["did"], answered, "{policy:?}");
        assert_eq!(read["result"][0]["code"], code, "{policy:?}");
        let done = device.call("action", json!({"did": sent, "siid": 2, "aiid": 2, "in": []}));
        assert_eq!(done["result"]["code"], code, "{policy:?}");
    }
}

#[test]
fn methods_of_ones_own() {
    let mut device = Caller::of(
        SimDevice::builder()
            .property("count", 0)
            .method("add", |device, params| {
                let sum = device.get("count").and_then(|count| count.as_i64()).unwrap_or(0)
                    + params[0]
                        .as_i64()
                        .ok_or_else(|| DeviceError::new(Some(-5001), "a number"))?;
                device.set("count", sum)?;
                Ok(json!([sum]))
            })
            .method("miIO.info", |_, _| Err(DeviceError::new(Some(-30014), "not synchronised"))),
    );
    device.call("add", json!([2]));
    assert_eq!(device.call("add", json!([3]))["result"], json!([5]));
    assert_eq!(device.call("add", json!(["x"]))["error"]["code"], -5001);
    assert_eq!(device.call("miIO.info", json!([]))["error"]["code"], -30014);
    assert_eq!(device.client.device.report().executed("add"), 3);
}

#[test]
fn what_is_no_device() {
    let wrong = SimDevice::light().property("2.2", 101).build();
    let property = PropertyName::Miot((2, 2).into());
    assert_eq!(wrong.err(), Some(BuildError::Value { property }));
    let wrong = Service::new(3).property(Property::integer(1, 5..=9).value(1));
    assert!(matches!(SimDevice::builder().service(wrong).build(), Err(BuildError::Value { .. })));
    let wrong = Service::new(3).action(Action::new(1).inputs([4]));
    let error = SimDevice::builder().service(wrong).build().unwrap_err();
    assert_eq!(error.to_string(), "the action 3.1 names a property that its service does not have");
}

#[test]
fn numbers_without_a_service_get_the_type_of_their_value() {
    let mut device = Caller::of(SimDevice::builder().property("5.1", 7).property((5, 2), "x"));
    let write = |piid: u32, value: Value| json!({"siid": 5, "piid": piid, "value": value});
    let answer = device.call(
        "set_properties",
        json!([
            write(1, json!(-9)),
            write(1, json!("9")),
            write(2, json!("y")),
            write(2, json!(1))
        ]),
    );
    let codes: Vec<_> =
        answer["result"].as_array().unwrap().iter().map(|i| i["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, -4005, 0, -4005]);
}

#[test]
fn dids_and_tokens_differ_by_default() {
    let (one, two) = (SimDevice::light().build().unwrap(), SimDevice::light().build().unwrap());
    assert_ne!(one.did(), two.did());
    assert_ne!(one.token(), two.token());
    let same = SimDevice::plug().did(one.did().as_u64().unwrap()).build().unwrap();
    assert_eq!(one.token(), same.token());
}
