//! Bulbs, gateways and children behind the cloud: one state, by whichever way it is reached.

use std::time::Duration;

use iot_home_sim::lumi::Child as LumiChild;
use iot_home_sim::micloud::CloudDevice;
use iot_home_sim::miio::{Child, ChildList};
use iot_home_sim::yeelight::Silence;
use iot_home_sim::{SimBulb, SimCloud, SimDevice, SimGateway};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::account;
use super::wire::Caller;

async fn with(devices: impl IntoIterator<Item = CloudDevice>) -> SimCloud {
    let cloud = SimCloud::builder().account(account());
    let cloud = devices.into_iter().fold(cloud, |cloud, device| cloud.device(device));
    cloud.spawn().await.unwrap()
}

async fn record(caller: &mut Caller<'_>, did: &str) -> Value {
    let list = caller.call("/home/device_list", &json!({})).await;
    let list = list["result"]["list"].as_array().unwrap().clone();
    list.into_iter().find(|record| record["did"] == did).unwrap()
}

async fn rpc(caller: &mut Caller<'_>, did: &str, method: &str, params: Value) -> Value {
    let call = json!({ "id": 1, "method": method, "params": params });
    caller.call(&format!("/home/rpc/{did}"), &call).await
}

/// Code and value of one property.
async fn get(caller: &mut Caller<'_>, did: &str, piid: u64) -> (Value, Value) {
    let asked = json!({ "params": [{ "did": did, "siid": 2, "piid": piid }], "datasource": 2 });
    let answer = caller.call("/miotspec/prop/get", &asked).await;
    (answer["result"][0]["code"].clone(), answer["result"][0]["value"].clone())
}

async fn set(caller: &mut Caller<'_>, did: &str, piid: u64, value: Value) -> Value {
    let asked = json!({ "params": [{ "did": did, "siid": 2, "piid": piid, "value": value }] });
    caller.call("/miotspec/prop/set", &asked).await["result"][0]["code"].clone()
}

#[tokio::test]
async fn what_the_cloud_sets_the_bulb_shows_and_tells() {
    let bulb = SimBulb::color().id(0x1_0000_0000).property("bright", 20).spawn().await.unwrap();
    let cloud = with([CloudDevice::bulb(&bulb).name("desk")]).await;
    let mut caller = Caller::new(&cloud).await;
    let did = "4294967296";
    let known = record(&mut caller, did).await;
    assert_eq!(
        (&known["model"], &known["localip"]),
        (&json!("yeelink.light.color4"), &json!("127.0.0.1"))
    );
    assert_eq!((&known["token"], &known["isOnline"]), (&json!(""), &json!(true)));

    let mut lan = BufReader::new(TcpStream::connect(bulb.addr()).await.unwrap()).lines();
    // The bulb has to have taken the connection to tell it anything.
    timeout(Duration::from_secs(5), async {
        while bulb.report().open_connections == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let done = rpc(&mut caller, did, "set_bright", json!([30, "sudden", 0])).await;
    assert_eq!(done["result"], json!(["ok"]));
    assert_eq!(bulb.property("bright"), Some(json!(30)));
    let told = timeout(Duration::from_secs(5), lan.next_line()).await.unwrap().unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["params"], json!({ "bright": 30 }));
    let read = rpc(&mut caller, did, "get_prop", json!(["power", "bright"])).await;
    assert_eq!(read["result"], json!(["on", "30"]));
    for (method, params) in [("set_bright", json!([0, "sudden", 0])), ("fly", json!([]))] {
        assert_eq!(rpc(&mut caller, did, method, params).await["code"], -3);
    }

    bulb.set_property("bright", 31).unwrap();
    assert_eq!(get(&mut caller, did, 1).await, (json!(0), json!(true)));
    assert_eq!(get(&mut caller, did, 2).await, (json!(0), json!(31)));
    assert_eq!(get(&mut caller, did, 9).await.0, -704_040_003);
    assert_eq!(set(&mut caller, did, 2, json!(55)).await, 0);
    assert_eq!(set(&mut caller, did, 4, json!(0xff)).await, 0);
    assert_eq!(set(&mut caller, did, 2, json!(101)).await, -704_220_043);
    assert_eq!(set(&mut caller, did, 1, json!("on")).await, -704_220_043);
    assert_eq!(
        (bulb.property("bright"), bulb.property("rgb")),
        (Some(json!(55)), Some(json!(255)))
    );

    // Whether or not the LAN is there.
    bulb.set_silence(Silence::Total);
    let toggle = json!({ "params": { "did": did, "siid": 2, "aiid": 1, "in": [] } });
    assert_eq!(caller.call("/miotspec/action", &toggle).await["result"]["code"], 0);
    assert_eq!(get(&mut caller, did, 1).await, (json!(0), json!(false)));
    // Off it takes no brightness.
    assert_eq!(set(&mut caller, did, 2, json!(56)).await, -705_201_013);
    assert_eq!((bulb.report().executed("toggle"), bulb.property("power")), (1, Some(json!("off"))));

    drop(bulb);
    timeout(Duration::from_secs(5), async {
        while record(&mut caller, did).await["isOnline"] == true {}
    })
    .await
    .unwrap();
    assert_eq!(get(&mut caller, did, 1).await.0, -704_042_011);
    assert_eq!(rpc(&mut caller, did, "toggle", json!([])).await["code"], -2);
    assert_eq!(cloud.report().violations.total(), 0);
}

#[tokio::test]
async fn a_lumi_gateway_and_its_children() {
    let [plug, door] = ["158d0001a2b3c4", "158d0001a2b3c5"].map(|sid| sid.parse().unwrap());
    let gateway = SimGateway::builder("0987654321qwerty".parse().unwrap())
        .sid("f0b429000001".parse().unwrap())
        .children([LumiChild::plug(plug), LumiChild::magnet(door)])
        .spawn()
        .await
        .unwrap();
    let children = [plug, door].map(|sid| CloudDevice::lumi_child("7", &gateway, sid));
    let cloud = with([CloudDevice::gateway("7", &gateway)].into_iter().chain(children)).await;
    let mut caller = Caller::new(&cloud).await;
    let own = record(&mut caller, "7").await;
    assert_eq!(
        (&own["mac"], &own["model"]),
        (&json!("F0:B4:29:00:00:01"), &json!("lumi.gateway.v3"))
    );
    let (socket, sensor) = ("lumi.158d0001a2b3c4", "lumi.158d0001a2b3c5");
    let child = record(&mut caller, socket).await;
    assert_eq!((&child["parent_id"], &child["model"]), (&json!("7"), &json!("lumi.plug.v1")));
    assert_eq!(child["localip"], "");

    assert_eq!(set(&mut caller, socket, 1, json!(true)).await, 0);
    assert_eq!(gateway.value(plug, "status"), Some(json!("on")));
    assert_eq!((gateway.report().executed(plug), gateway.report().reports), (1, 1));
    assert_eq!(get(&mut caller, socket, 1).await, (json!(0), json!(true)));
    assert_eq!(get(&mut caller, sensor, 1).await, (json!(0), json!(true)), "it is closed");
    assert_eq!(set(&mut caller, sensor, 1, json!(false)).await, -704_030_023);
    assert_eq!(get(&mut caller, socket, 2).await.0, -704_040_003);

    // The cloud reaches it when nobody else does.
    gateway.set_cut(true);
    let list = rpc(&mut caller, "7", "get_device_prop", json!(["lumi.0", "device_list"])).await;
    let sids: Vec<_> = list["result"].as_array().unwrap().iter().step_by(5).cloned().collect();
    assert_eq!(sids, [json!("lumi.0"), json!(socket), json!(sensor)]);
    let read =
        rpc(&mut caller, "7", "get_device_prop_exp", json!([[socket, "status", "voltage"]])).await;
    assert_eq!(read["result"], json!([["on", 3600]]));
    let done =
        rpc(&mut caller, "7", "set_device_prop", json!({ "sid": socket, "status": "toggle" }))
            .await;
    assert_eq!(done["result"], json!(["ok"]));
    assert_eq!(gateway.value(plug, "status"), Some(json!("off")));
    for (method, params) in [
        ("get_device_prop", json!(["lumi.158d00ffffffff", "status"])),
        ("set_device_prop", json!({ "sid": sensor, "status": "open" })),
        ("fly", json!([])),
    ] {
        assert_eq!(rpc(&mut caller, "7", method, params).await["code"], -3, "{method}");
    }
}

#[tokio::test]
async fn a_child_of_a_miio_gateway() {
    let gateway = SimDevice::builder()
        .did(8)
        .gateway(ChildList::Objects)
        .child(Child::new("lumi.158d0001", SimDevice::plug()))
        .spawn()
        .await
        .unwrap();
    let sid = "lumi.158d0001";
    assert_eq!(gateway.children(), [sid]);
    let children = [sid, "lumi.158d0002"].map(|sid| CloudDevice::child(&gateway, sid));
    let cloud = with([CloudDevice::running(&gateway)].into_iter().chain(children)).await;
    let mut caller = Caller::new(&cloud).await;
    let known = record(&mut caller, sid).await;
    assert_eq!((&known["parent_id"], &known["model"]), (&json!("8"), &json!("chuangmi.plug.m3")));
    assert_eq!(set(&mut caller, sid, 1, json!(true)).await, 0);
    assert_eq!(get(&mut caller, sid, 1).await, (json!(0), json!(true)));
    assert_eq!(rpc(&mut caller, sid, "toggle", json!([])).await["result"], json!(["ok"]));
    let read = rpc(&mut caller, "8", "get_device_prop", json!([sid, "power"])).await;
    assert_eq!(read["result"], json!(["off"]));
    let toggle = json!({ "params": { "did": sid, "siid": 2, "aiid": 1, "in": [] } });
    assert_eq!(caller.call("/miotspec/action", &toggle).await["result"]["code"], 0);
    let actions = gateway.report().actions;
    assert_eq!(
        actions.into_iter().map(|(id, times)| (id.to_string(), times)).collect::<Vec<_>>(),
        [("2.1".to_owned(), 1)]
    );
    // One that the gateway does not have is a record and no more.
    assert_eq!(get(&mut caller, "lumi.158d0002", 1).await.0, -704_042_011);
}
