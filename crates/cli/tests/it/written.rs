//! What is printed after a write: what became of each property, and no value.

use iot_home::miio::Token;
use iot_home::sim::SimDevice;
use iot_home::sim::micloud::CloudDevice;
use iot_home::sim::miio::Builder;
use serde_json::{Value, json};

use crate::devices::miio;
use crate::house::{House, entry};
use crate::online::{LAMP, LAMP_TOKEN, Online, account, servers};
use crate::program::{Run, keys};

/// A lamp that answers to a write from behind, with a value from before, and refuses the brightness.
fn echoing() -> Builder {
    let lamp = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    lamp.method("set_properties", |_, params| {
        let echo = |item: &Value| {
            let code = if item["piid"] == 2 { -4004 } else { 0 };
            json!({ "did": item["did"], "siid": item["siid"], "piid": item["piid"], "code": code, "value": 7777 })
        };
        Ok(params.as_array().into_iter().flatten().rev().map(echo).collect())
    })
}

#[track_caller]
fn assert_told(run: &Run, wanted: &[&str]) {
    assert_eq!(run.code, 1, "{run:?}");
    let items = run.json();
    let [on, brightness] = items.as_array().unwrap().as_slice() else { panic!("{run:?}") };
    assert_eq!((keys(on), keys(brightness)), (wanted_keys(wanted), wanted_keys(wanted)));
    let code = brightness["code"].as_i64();
    assert!(on["code"] == 0 && code < Some(0), "{items}");
    match on.get("piid") {
        Some(piid) => assert_eq!((piid, &brightness["piid"]), (&json!(1), &json!(2))),
        None => assert_eq!(
            (&on["property"], &brightness["property"]),
            (&json!("light:on"), &json!("light:brightness"))
        ),
    }
}

fn wanted_keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_lan() {
    let lamp = echoing().spawn().await.unwrap();
    assert_told(&miio(&lamp, "set", &["2.1=true", "2.2=40"]), &["code", "piid", "siid"]);
    let house = House::new("echoes").await.knowing(json!([entry(&lamp, "lamp")]));
    let words = ["set", "lamp", "light:on=true", "light:brightness=40"];
    let told = house.run(&[&words[..], &["--json"]].concat());
    assert_told(&told, &["code", "property", "via"]);
    let told = house.run(&words);
    assert!(!told.stdout.contains("7777") && told.stdout.contains("light:on"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_cloud() {
    let lamp = CloudDevice::of(echoing()).name("lamp").field("localip", "");
    let cloud = Online::logged_in(servers().account(account()).device(lamp)).await;
    let told = cloud.run(&["set", LAMP, "2.1=true", "2.2=40", "--json"]);
    assert_told(&told, &["code", "piid", "siid"]);
    let house = House::new("echoes-far").await;
    let words = ["set", "lamp", "light:on=true", "light:brightness=40", "--json"];
    assert_told(&house.online(&cloud, &words), &["code", "property", "via"]);
}
