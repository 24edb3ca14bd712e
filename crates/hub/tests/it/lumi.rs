//! Lumi gateways and their children as devices of a home.

use std::time::Duration;

use futures_util::StreamExt;
use iot_home_hub::discovery::Protocol;
use iot_home_hub::home::{Builder, ErrorKind, Origin, Way};
use iot_home_hub::{Home, Parent, Source, discover};
use iot_home_lumi::{Key, Sid, Version};
use iot_home_sim::lumi::{Child, SimGateway};
use serde_json::json;
use tokio::time::sleep;

use crate::rig::{home, lumi};
use crate::watch::change;

const MS: Duration = Duration::from_millis(1);
const KEY: &str = "q3zq0f2yd3t3nqx4";

fn key() -> Key {
    KEY.parse().unwrap()
}

fn sid(number: u64) -> Sid {
    format!("{:012x}", 0x0015_8d00_0200_0000 + number).parse().unwrap()
}

/// A home that has found this gateway and its children.
async fn found(gateway: &SimGateway, builder: Builder) -> Home {
    let home = builder.open().await.unwrap();
    let search = discover().wait(900 * MS).target(Protocol::Lumi, gateway.search_addr());
    let mut search = search.start().unwrap();
    while search.next().await.is_some() {}
    for (_, facts) in search.household().devices() {
        home.learn(Source::Lumi, facts.clone());
    }
    home
}

#[tokio::test]
async fn a_search_finds_the_children_of_gateways_too() {
    for version in [Version::V1, Version::V2] {
        let gateway = SimGateway::builder(key()).version(version).spawn().await.unwrap();
        let home = found(&gateway, home().await).await;
        assert_eq!(home.devices().len(), 3);
        for child in gateway.children() {
            let device = home
                .devices()
                .into_iter()
                .find(|device| device.facts().is_some_and(|facts| facts.sid == Some(child)));
            let facts = device.expect("each child").facts().unwrap();
            assert_eq!(facts.parent, Some(Parent::Sid(gateway.sid())));
            assert!(facts.model.is_some(), "{version:?}");
        }
        assert_eq!(gateway.report().violations.total(), 0);
    }
}

#[tokio::test]
async fn a_child_is_read_and_set_over_its_gateway() {
    let plug = sid(1);
    let sensor =
        Child::new(sid(2), "sensor_ht").value("temperature", "2150").value("humidity", "4500");
    let gateway = SimGateway::builder(key()).children([Child::plug(plug), sensor]);
    let gateway = gateway.spawn().await.unwrap();
    let builder = home().await.lumi(lumi().await);
    let home = found(&gateway, builder.gateway_key(gateway.sid(), key())).await;
    let of = |sid: Sid| {
        let mut devices = home.devices().into_iter();
        devices.find(|device| device.facts().is_some_and(|facts| facts.sid == Some(sid))).unwrap()
    };
    let read = of(sid(2)).get("environment:temperature").await.unwrap();
    assert_eq!((read.value, read.shown.as_deref()), (Some(json!(21.5)), Some("21.5 °C")));
    assert_eq!((read.way, read.way.via().as_str()), (Way::Lumi, "lan"));
    let plug_device = of(plug);
    let done = plug_device.set([("switch:on", json!(true))]).await.unwrap();
    assert!(done[0].is_ok());
    assert_eq!(gateway.value(plug, "status"), Some(json!("on")));
    assert_eq!(plug_device.get("switch:on").await.unwrap().value, Some(json!(true)));
    assert_eq!(gateway.report().violations.total(), 0);

    let shown = format!("{home:?} {plug_device:?} {:?}", plug_device.facts());
    assert!(!shown.contains(KEY), "{shown}");
}

#[tokio::test]
async fn without_the_key_a_child_is_read_and_not_set() {
    let gateway = SimGateway::builder(key()).children([Child::plug(sid(3))]).spawn().await.unwrap();
    let home = found(&gateway, home().await.lumi(lumi().await)).await;
    let plug = home
        .devices()
        .into_iter()
        .find(|device| device.facts().is_some_and(|facts| facts.sid == Some(sid(3))));
    let plug = plug.unwrap();
    assert_eq!(plug.get("switch:on").await.unwrap().value, Some(json!(false)));
    let error = plug.set([("switch:on", json!(true))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoWay, "{error}");
    assert!(error.hint().unwrap().contains("key"), "{error}");
    assert_eq!(gateway.value(sid(3), "status"), Some(json!("off")));
}

#[tokio::test]
async fn reports_and_heartbeats_of_a_gateway_are_changes() {
    let client = lumi().await;
    let door = Child::magnet(sid(4)).heartbeat(400 * MS);
    let button = Child::new(sid(5), "switch").value("voltage", 3000).heartbeat(400 * MS);
    let gateway = SimGateway::builder(key())
        .children([door, button])
        .heartbeat(200 * MS)
        .report_to(client.report_addr().unwrap())
        .spawn()
        .await
        .unwrap();
    let home = found(&gateway, home().await.lumi(client)).await;
    let long = Duration::from_secs(600);
    let children = home
        .devices()
        .into_iter()
        .filter(|device| device.facts().is_some_and(|facts| facts.parent.is_some()));
    let watch = children.fold(home.watch(), |watch, child| watch.device(&child));
    let mut watch = watch.every(long..=long).start();
    let mut first = Vec::new();
    while first.len() < 3 {
        let change = change(&mut watch).await;
        assert!(change.is_first);
        first.push((change.device.facts().unwrap().sid.unwrap(), change.property));
    }
    first.sort();
    let expected = [(4, "battery:voltage"), (4, "magnet-sensor:open"), (5, "battery:voltage")];
    assert_eq!(first, expected.map(|(number, name)| (sid(number), name.into())));
    sleep(300 * MS).await;

    assert!(gateway.set_value(sid(4), "status", "open"));
    let opened = change(&mut watch).await;
    assert_eq!(&*opened.property, "magnet-sensor:open");
    assert_eq!((opened.value, opened.from, opened.is_first), (json!(true), Origin::Gateway, false));
    // To click twice is two changes, and heartbeats are none as long as nothing is new.
    for is_first in [true, false] {
        assert!(gateway.set_value(sid(5), "status", "click"));
        let click = change(&mut watch).await;
        assert_eq!((&*click.property, click.value), ("button:event", json!("click")));
        assert_eq!((click.from, click.is_first), (Origin::Gateway, is_first));
    }
    assert!(gateway.set_value(sid(4), "status", "open"));
    if let Ok(event) = tokio::time::timeout(1000 * MS, watch.next()).await {
        panic!("{event:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_reports_nothing_is_polled() {
    let child = Child::new(sid(6), "switch").value("voltage", 3000);
    let gateway = SimGateway::builder(key()).children([child]).spawn().await.unwrap();
    let home = found(&gateway, home().await.lumi(lumi().await)).await;
    let button = home
        .devices()
        .into_iter()
        .find(|device| device.facts().is_some_and(|facts| facts.sid == Some(sid(6))));
    let named = ["button:event", "battery:voltage"];
    let watch = home.watch().properties(&button.unwrap(), named);
    let mut watch = watch.every(50 * MS..=200 * MS).start();
    assert_eq!(change(&mut watch).await.value, json!(3000));
    assert!(gateway.set_value(sid(6), "voltage", 2900));
    let polled = change(&mut watch).await;
    assert_eq!((polled.value, polled.from), (json!(2900), Origin::PolledLan));
    assert_eq!(polled.shown.as_deref(), Some("2900 mV"));
    // A click of the past is none of now, and that nobody remembers one is no failure.
    assert!(gateway.set_value(sid(6), "status", "click"));
    if let Ok(event) = tokio::time::timeout(600 * MS, watch.next()).await {
        panic!("{event:?}");
    }
}
