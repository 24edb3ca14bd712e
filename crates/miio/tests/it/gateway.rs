//! A gateway's children through the client.

use iot_home_core::{MiotCode, PropertyId};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::gateway::{Sid, SidError};
use iot_home_miio::{ActionInput, Client, Device};
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{Action, Child, ChildList, DidPolicy, Property, Service};
use serde_json::{Value, json};

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

async fn gateway(list: ChildList) -> (SimDevice, Client, Device) {
    let sensor = SimDevice::builder()
        .model("lumi.sensor_ht.v1")
        .property("temperature", 2150)
        .property("humidity", 4010);
    let plug = SimDevice::builder()
        .model("lumi.plug.v1")
        .property("neutral_0", "off")
        .service(
            Service::new(2)
                .property(Property::bool(1))
                .action(Action::new(1).inputs([1]).outputs([1])),
        )
        .method("toggle_plug", |plug, _| {
            plug.set("neutral_0", "on")?;
            Ok(json!(["ok"]))
        });
    let sim = SimDevice::builder()
        .gateway(list)
        .did_policy(DidPolicy::Checked)
        .property("2.1", 5)
        .child(Child::new("lumi.158d0001", sensor).offline())
        .child(Child::new("lumi.158d0002", plug).type_id(11))
        .spawn()
        .await
        .unwrap();
    let client = Client::bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    (sim, client, device)
}

#[tokio::test]
async fn both_lists_name_the_children() {
    for list in [ChildList::Flat, ChildList::Objects] {
        let (sim, _client, device) = gateway(list).await;
        let children = device.children().await.unwrap();
        let sids: Vec<_> = children.iter().map(|child| child.sid.as_str()).collect();
        assert_eq!(sids, ["lumi.158d0001", "lumi.158d0002"], "and not the gateway itself");
        assert_eq!(children[0].online, Some(false));
        assert_eq!(children[1].firmware.as_deref(), Some("1.0.0"));
        let flat = list == ChildList::Flat;
        assert_eq!(children[1].type_id, flat.then_some(11));
        assert_eq!(children[1].model.is_none(), flat);
        assert_eq!(sim.report().violations.total(), 0);
    }
}

#[tokio::test]
async fn gateways_without_a_list_or_without_children() {
    let (_sim, _client, device) = gateway(ChildList::None).await;
    let error = device.children().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device, "{error}");
    for list in [ChildList::Flat, ChildList::Objects] {
        let sim = SimDevice::builder().gateway(list).spawn().await.unwrap();
        let client = Client::bind().await.unwrap();
        let device = client.device(sim.addr(), sim.token());
        assert_eq!(device.children().await.unwrap(), [], "an answer that is no list means none");
    }
}

#[tokio::test]
async fn children_are_read_written_and_called() {
    let (sim, _client, device) = gateway(ChildList::Flat).await;
    let sensor = device.child(sid("lumi.158d0001"));
    assert_eq!(sensor.prop("temperature").await.unwrap(), json!(2150), "as the gateway gives it");
    let values = sensor.props(&["humidity", "nothing", "temperature"]).await.unwrap();
    assert_eq!(values, [json!(4010), Value::Null, json!(2150)]);
    let plug = device.child(sid("lumi.158d0002"));
    plug.set_prop("neutral_0", "off").await.unwrap();
    let done: [String; 1] = plug.call("toggle_plug", ["neutral_0"]).await.unwrap();
    assert_eq!(done, ["ok"]);
    assert_eq!(plug.prop("neutral_0").await.unwrap(), json!("on"));

    let power = PropertyId::new(2, 1);
    let set = plug.set_properties([(power, json!(true))]).await.unwrap();
    assert_eq!(set[0].code, MiotCode::OK);
    assert_eq!(plug.get_properties([power]).await.unwrap()[0].value, Some(json!(true)));
    let done = plug.action((2, 1), ActionInput::Values(vec![json!(false)])).await.unwrap();
    assert_eq!((done.code, done.out), (MiotCode::OK, vec![json!(false)]));
    assert_eq!(plug.get_properties([power]).await.unwrap()[0].value, Some(json!(false)));
    let done = device.action((2, 1), ActionInput::Values(vec![json!(false)])).await.unwrap();
    assert_eq!(done.code, MiotCode::NOT_FOUND, "the child's action is not the gateway's");
    assert_eq!(device.get::<u8>((2, 1)).await.unwrap(), 5, "the gateway's own");
    assert_eq!(sim.report().violations.total(), 0);

    let nobody = device.child(sid("lumi.158d0009"));
    let error = nobody.prop("temperature").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    let error = plug.set_prop("sid", 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
}

#[tokio::test]
async fn answers_of_another_form() {
    for (answer, fine) in [
        (json!(["lumi.0", 0, 1, 0, "1"]), true),
        (json!([]), true),
        (json!({}), true),
        (json!("none"), true),
        (json!(["lumi.0", 0, 1, 0]), false),
        (json!(["lumi.0", 0, 1, 0, "1", "lumi.1"]), false),
        (json!([7, 0, 1, 0, "1"]), false),
        (json!(["a b", 0, 1, 0, "1"]), false),
        (json!([{"model": "x"}]), false),
        (json!([{"did": "lumi.1"}, 7]), false),
    ] {
        let answered = answer.clone();
        let sim = SimDevice::builder()
            .method("get_device_prop", move |_, _| Ok(answered.clone()))
            .spawn()
            .await
            .unwrap();
        let client = Client::bind().await.unwrap();
        let device = client.device(sim.addr(), sim.token());
        let children = device.children().await;
        assert_eq!(children.is_ok_and(|children| children.is_empty()), fine, "{answer}");
    }
    // Too few and too many values would stand under the wrong names.
    for answer in [json!([[1]]), json!([[1, 2, 3]]), json!([1, 2]), json!([[1, 2], [3]]), json!([])]
    {
        let answered = answer.clone();
        let sim = SimDevice::builder()
            .method("get_device_prop_exp", move |_, _| Ok(answered.clone()))
            .spawn()
            .await
            .unwrap();
        let client = Client::bind().await.unwrap();
        let child = client.device(sim.addr(), sim.token()).child(sid("lumi.1"));
        let error = child.props(&["a", "b"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{answer}");
    }
}

#[test]
fn a_sid_is_checked() {
    for fine in ["lumi.158d0001", "blt.3.1abcdef", "group.123", &"a".repeat(64)] {
        assert_eq!(fine.parse::<Sid>().unwrap().as_str(), fine);
    }
    assert_eq!("".parse::<Sid>(), Err(SidError::Length { length: 0 }));
    assert_eq!("a".repeat(65).parse::<Sid>(), Err(SidError::Length { length: 65 }));
    for wrong in ["lumi 1", "lumi\"1", "lumi/1", "l\u{fc}mi"] {
        assert_eq!(wrong.parse::<Sid>(), Err(SidError::Character), "{wrong}");
    }
    assert!(sid("lumi.0").is_gateway());
    assert_eq!(sid(&"a".repeat(64)).did(), None);
}
