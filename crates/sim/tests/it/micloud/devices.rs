//! Calls that reach a device.

use iot_home_micloud::Mode;
use iot_home_sim::micloud::CloudDevice;
use iot_home_sim::{SimCloud, SimDevice};
use serde_json::{Value, json};

use super::wire::Caller;
use super::{DID, account, cloud};

fn item<'a>(answer: &'a Value, piid: u64) -> &'a Value {
    let items = answer["result"].as_array().unwrap();
    items.iter().find(|item| item["piid"] == piid).unwrap()
}

#[tokio::test]
async fn properties() {
    let cloud = cloud().device(CloudDevice::new("blt.1")).spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let asked = json!({ "params": [
        { "did": DID, "siid": 2, "piid": 1 },
        { "did": DID, "siid": 2, "piid": 2 },
        { "did": DID, "siid": 2, "piid": 99 },
        { "did": "blt.1", "siid": 2, "piid": 5 },
        { "did": "nowhere", "siid": 2, "piid": 6 },
    ], "datasource": 2 });
    let answer = caller.call("/miotspec/prop/get", &asked).await;
    // Not in the order asked.
    assert_eq!(answer["result"][0]["did"], "nowhere");
    assert_eq!(item(&answer, 1)["value"], false);
    assert_eq!(
        (&item(&answer, 2)["value"], &item(&answer, 2)["iid"]),
        (&50.into(), &"0.2.2".into())
    );
    assert_eq!(item(&answer, 99)["code"], -704_040_003);
    assert_eq!(item(&answer, 5)["code"], -704_042_011);
    assert_eq!(item(&answer, 6)["code"], -704_090_001);
    let set = json!({ "params": [
        { "did": DID, "siid": 2, "piid": 2, "value": 55 },
        { "did": DID, "siid": 2, "piid": 1, "value": "on" },
    ] });
    let answer = caller.call("/miotspec/prop/set", &set).await;
    assert_eq!(item(&answer, 2)["code"], 0);
    assert_eq!(item(&answer, 1)["code"], -704_220_043);
    let answer = caller.call("/miotspec/prop/get", &asked).await;
    assert_eq!(item(&answer, 2)["value"], 55);
    let many: Vec<_> = (0..151).map(|_| json!({ "did": DID, "siid": 2, "piid": 1 })).collect();
    let answer = caller.call("/miotspec/prop/get", &json!({ "params": many })).await;
    assert_eq!(answer["code"], -8);
    let report = cloud.report();
    assert_eq!((report.reads[DID], report.writes[DID]), (6, 2));
    assert_eq!((report.violations.too_many, report.violations.bad_data), (1, 1));
}

#[tokio::test]
async fn actions_and_methods() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    for mode in [Mode::Rc4, Mode::Plain] {
        caller.mode = mode;
        let run = json!({ "params": { "did": DID, "siid": 2, "aiid": 1, "in": [] } });
        let answer = caller.call("/miotspec/action", &run).await;
        assert_eq!(answer["result"]["code"], 0, "{answer}");
        let path = format!("/home/rpc/{DID}");
        let get = json!({ "id": 1, "method": "get_prop", "params": ["power"] });
        let power = caller.call(&path, &get).await["result"].clone();
        assert_eq!(power, json!([if mode == Mode::Rc4 { "on" } else { "off" }]));
    }
    let answer = caller.call("/home/rpc/7", &json!({ "method": "miIO.info", "params": [] })).await;
    assert_eq!(answer["code"], -1);
    let report = cloud.report();
    assert_eq!((report.actions[DID], report.rpcs[DID], report.called("/home/rpc/7")), (2, 2, 1));
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn a_device_that_is_on_the_lan_as_well() {
    let lamp = SimDevice::light().did(300_000_001).spawn().await.unwrap();
    let device = CloudDevice::running(&lamp).name("hall");
    let cloud = SimCloud::builder().account(account()).device(device).spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let list = caller.call("/home/device_list", &json!({})).await;
    let record = &list["result"]["list"][0];
    assert_eq!((&record["name"], &record["localip"]), (&"hall".into(), &"127.0.0.1".into()));
    assert_eq!(record["token"], lamp.token().expose_hex());
    let set = json!({ "params": [{ "did": DID, "siid": 2, "piid": 2, "value": 7 }] });
    caller.call("/miotspec/prop/set", &set).await;
    assert_eq!(lamp.property("2.2"), Some(7.into()));
    lamp.set_property("2.2", 8).unwrap();
    let get = json!({ "params": [{ "did": DID, "siid": 2, "piid": 2 }] });
    assert_eq!(item(&caller.call("/miotspec/prop/get", &get).await, 2)["value"], 8);
    assert_eq!(lamp.report().executed("set_properties"), 1);
}
