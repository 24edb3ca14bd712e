//! `miio watch` and `miio children`: what a device tells by itself, and what a gateway has.

use std::time::Duration;

use iot_home::sim::SimDevice;
use iot_home::sim::miio::{Child, ChildList, LanPush};
use serde_json::json;

use crate::devices::{DID, lamp, miio, token};
use crate::program::{Running, TOKEN, command, keys};

async fn pushing() -> SimDevice {
    let lamp = SimDevice::light().did(DID).token(token()).lan_push(LanPush::default());
    lamp.spawn().await.unwrap()
}

/// Starts it and waits until the device has taken the subscription.
async fn start(lamp: &SimDevice, words: &[&str]) -> Running {
    let addr = lamp.addr().to_string();
    let start = ["miio", "watch", &addr, "--token", TOKEN];
    let watch = Running::start(command([&start[..], words].concat()));
    for _ in 0..1000 {
        if lamp.report().subscriptions > 0 {
            return watch;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not subscribe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_for_each_change_and_event() {
    let lamp = pushing().await;
    let watch = start(&lamp, &["--json"]).await;
    miio(&lamp, "set", &["2.1=true"]).done();
    assert_eq!(watch.line(), r#"{"did":"8589934593","siid":2,"piid":1,"value":true}"#);
    lamp.emit((3, 1), [(1, json!(5))]);
    let event = r#"{"did":"8589934593","siid":3,"eiid":1,"arguments":[{"piid":1,"value":5}]}"#;
    assert_eq!(watch.line(), event);
    // A device may repeat what it was given.
    lamp.emit((3, 1), [(1, json!(TOKEN))]);
    assert_eq!(watch.json()["arguments"][0]["value"], serde_json::Value::Null);
    assert!(watch.stderr.try_recv().is_err(), "programs are told nothing beside");
    assert_eq!(lamp.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_words() {
    let lamp = pushing().await;
    let watch = start(&lamp, &[]).await;
    assert_eq!(watch.told(), format!("watching {} until interrupted", lamp.addr()));
    lamp.set_property("2.2", 7).unwrap();
    assert_eq!(watch.line(), "2.2 7");
    lamp.emit((3, 1), [(1, json!("\u{1b}[2Jevil")), (2, json!(true))]);
    let line = watch.line();
    assert!(line.starts_with("event 3.1  1=") && line.ends_with("  2=true"), "{line}");
    assert!(!line.contains('\u{1b}'));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_is_its_end_and_the_device_is_told() {
    let lamp = pushing().await;
    let mut watch = start(&lamp, &["--json"]).await;
    lamp.set_property("2.2", 7).unwrap();
    watch.line();
    let (code, took) = watch.interrupt();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(1), "{took:?}");
    for _ in 0..500 {
        if lamp.report().unsubscriptions > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the device goes on telling");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_without_subscriptions() {
    let lamp = lamp().await;
    let error = miio(&lamp, "watch", &[]).error("not-supported", 1);
    assert!(error["message"].as_str().unwrap().contains("no subscriptions"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn children_of_a_gateway() {
    let sensor = || SimDevice::builder().model("lumi.sensor_ht.v1");
    for (list, model) in [(ChildList::Flat, None), (ChildList::Objects, Some("lumi.sensor_ht.v1"))]
    {
        let gateway = SimDevice::builder()
            .token(token())
            .gateway(list)
            .child(Child::new("lumi.158d0001", sensor()).offline())
            .spawn()
            .await
            .unwrap();
        let children = miio(&gateway, "children", &[]).done();
        let child = &children[0];
        assert_eq!(keys(child), ["fw_ver", "model", "online", "sid", "type_id"]);
        assert_eq!((&child["sid"], &child["online"]), (&json!("lumi.158d0001"), &json!(false)));
        assert_eq!(child["model"], json!(model));
    }
    let lamp = lamp().await;
    miio(&lamp, "children", &[]).error("device-error", 1);
}
