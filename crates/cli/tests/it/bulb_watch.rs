//! `yeelight watch`: what changes, until it is interrupted.

use std::time::Duration;

use iot_home::sim::SimBulb;
use serde_json::json;

use crate::bulbs::{desk, yeelight};
use crate::program::{Running, command};

/// Starts and waits until it hears of changes.
fn start(bulb: &SimBulb, words: &[&str]) -> Running {
    let addr = bulb.addr().to_string();
    let watch = Running::start(command([&["yeelight", "watch", &addr], words].concat()));
    for tick in 1..=1000 {
        bulb.set_property("tick", tick).unwrap();
        if watch.stdout.recv_timeout(Duration::from_millis(20)).is_ok() {
            // No more of these may come.
            while watch.stdout.recv_timeout(Duration::from_millis(100)).is_ok() {}
            return watch;
        }
    }
    panic!("nothing is heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_whoever_makes_them() {
    let bulb = desk().spawn().await.unwrap();
    let watch = start(&bulb, &["--json"]);
    yeelight(&bulb, "set", &["--rgb", "ff8800"]).done();
    assert_eq!(watch.line(), r#"{"props":{"rgb":16746496,"color_mode":1}}"#);
    yeelight(&bulb, "off", &[]).done();
    assert_eq!(watch.json(), json!({ "props": { "power": "off" } }));
    bulb.set_property("name", "5Lit5paH").unwrap();
    assert_eq!(watch.json(), json!({ "props": { "name": "中文" } }));
    bulb.set_property("new_thing", "x").unwrap();
    assert_eq!(watch.json(), json!({ "props": { "new_thing": "x" } }));
    assert!(watch.stderr.try_recv().is_err(), "programs are told nothing beside");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_words() {
    let bulb = desk().spawn().await.unwrap();
    let watch = start(&bulb, &[]);
    let note = watch.stderr.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(note, format!("watching {} until interrupted", bulb.addr()));
    yeelight(&bulb, "set", &["--rgb", "ff8800", "--bright", "7"]).done();
    assert_eq!(watch.line(), "rgb ff8800  color_mode rgb");
    assert_eq!(watch.line(), "bright 7 %");
    bulb.set_property("name", "\u{1b}[2Jevil").unwrap();
    assert_eq!(watch.line(), "name \\u{1b}[2Jevil");
    bulb.reset_connections();
    let heard = || watch.stderr.recv_timeout(Duration::from_secs(10)).unwrap();
    let (lost, again) = (heard(), heard());
    assert!(lost.starts_with("warning: ") && lost.contains("lost"), "{lost}");
    assert!(again.contains("again") && again.contains(&bulb.addr().to_string()), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_told_and_made_again() {
    let bulb = desk().spawn().await.unwrap();
    let watch = start(&bulb, &["--json"]);
    bulb.set_property("bright", 2).unwrap();
    assert_eq!(watch.json(), json!({ "props": { "bright": 2 } }));
    bulb.reset_connections();
    assert_eq!(watch.line(), r#"{"event":"lost"}"#);
    // Nobody is there to be told; it comes with the state that is read again.
    bulb.set_property("bright", 77).unwrap();
    assert_eq!(watch.line(), r#"{"event":"restored"}"#);
    assert_eq!(watch.json(), json!({ "props": { "bright": 77 } }));
    bulb.set_property("bright", 78).unwrap();
    assert_eq!(watch.json(), json!({ "props": { "bright": 78 } }));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_is_its_end() {
    for words in [&["--json"][..], &[]] {
        let bulb = desk().spawn().await.unwrap();
        let mut watch = start(&bulb, words);
        let (code, took) = watch.interrupt();
        assert_eq!(code, 0);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}
