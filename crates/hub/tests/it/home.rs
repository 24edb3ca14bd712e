//! Devices by name: what is read, set, refused and kept.

use std::sync::{Arc, Mutex};

use iot_home_core::{MiotCode, PropertyId};
use iot_home_hub::home::{ErrorKind, Via, Way};
use iot_home_hub::{Facts, Home, Source, WireEvent};
use iot_home_sim::{SimBulb, SimDevice};
use iot_home_yeelight::client::Direction;
use serde_json::json;

use crate::rig::{home, known, one};

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn a_device_is_set_and_read_by_name() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (_cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("desk lamp").unwrap();
    let done =
        is_send(lamp.set([("light:on", json!(true)), ("brightness", json!(40))])).await.unwrap();
    assert!(done.iter().all(|answer| answer.is_ok() && answer.via() == Via::Lan));
    assert_eq!(&*done[1].property, "light:brightness");
    assert_eq!((sim.property("2.1"), sim.property("2.2")), (Some(json!(true)), Some(json!(40))));

    let read = is_send(lamp.get("light:brightness")).await.unwrap();
    assert_eq!(
        (read.value, read.shown.as_deref(), read.way),
        (Some(json!(40)), Some("40 %"), Way::Miot)
    );
    let read = lamp.get_many(["2.2", "on", "1.2"]).await.unwrap();
    let values: Vec<_> = read.into_iter().map(|answer| answer.value.unwrap()).collect();
    assert_eq!(values, [json!(40), json!(true), json!("yeelink.light.lamp4")]);
    let toggled = is_send(lamp.action("light:toggle", [])).await.unwrap();
    assert!(toggled.is_ok() && toggled.via() == Via::Lan);
    assert_eq!((sim.report().executed("action"), sim.property("2.1")), (1, Some(json!(false))));
    assert_eq!(sim.report().violations.total(), 0);
}

#[tokio::test]
async fn values_are_checked_before_anything_is_sent() {
    let sim = SimDevice::humidifier().spawn().await.unwrap();
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Humidifier")).unwrap();
    let humidifier = home.device("Humidifier").unwrap();
    for (name, value, words) in [
        ("humidifier:target-humidity", json!(55), "55 is between two steps"),
        ("humidifier:target-humidity", json!(true), "is not of its format"),
        ("humidifier:taget-humidity", json!(50), "is it humidifier:target-humidity?"),
        ("environment:temperature", json!(20), "cannot be written"),
    ] {
        let error =
            humidifier.set([("humidifier:on", json!(false)), (name, value)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{error}");
        assert!(
            error.to_string().contains(words) && error.to_string().starts_with("Humidifier: "),
            "{error}"
        );
    }
    assert_eq!(sim.report().datagrams, 0);
    // By the name of the value, and as a text.
    let done = humidifier
        .set([("target-humidity", json!("60")), ("fan-level", json!("low"))])
        .await
        .unwrap();
    assert!(done.iter().all(|answer| answer.is_ok()));
    assert_eq!((sim.property("2.3"), sim.property("2.2")), (Some(json!(60)), Some(json!(1))));
}

#[tokio::test]
async fn a_refusal_is_the_answer_and_not_asked_for_elsewhere() {
    let sim = SimDevice::builder()
        .model("acme.thing.v1")
        .service(
            iot_home_sim::miio::Service::new(3)
                .property(iot_home_sim::miio::Property::integer(1, 0..=9).read_only()),
        )
        .spawn()
        .await
        .unwrap();
    let (cloud, home) = one(&sim, "Thing").await;
    let thing = home.device("Thing").unwrap();
    let done = thing.set([("3.1", json!(5))]).await.unwrap();
    assert_eq!((done[0].code, done[0].way), (MiotCode::NOT_WRITABLE, Way::Miot));
    assert_eq!(done[0].id, Some(PropertyId::new(3, 1)));
    let error = thing.get("3.7").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, Some(MiotCode::NOT_FOUND)));
    assert!(cloud.report().writes.is_empty() && cloud.report().reads.is_empty());
    let error = thing.get("light:on").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert!(error.hint().unwrap().contains("by its numbers"), "{error}");
}

#[tokio::test]
async fn devices_from_before_miot_are_called_by_the_same_names() {
    let sim = SimDevice::fan().spawn().await.unwrap();
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Fan")).unwrap();
    let fan = home.device("Fan").unwrap();
    let done =
        fan.set([("fan:on", json!(true)), ("fan:horizontal-angle", json!(90))]).await.unwrap();
    assert!(done.iter().all(|answer| answer.is_ok() && answer.way == Way::Classic), "{done:?}");
    assert_eq!(sim.property("power"), Some(json!("on")));
    let read = fan.get("environment:temperature").await.unwrap();
    assert_eq!((read.shown.as_deref(), read.via()), (Some("23.5 °C"), Via::Lan));
}

#[tokio::test]
async fn what_no_way_takes_does_not_concern_the_others() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let home = home().await.open().await.unwrap();
    let mut facts = Facts::default();
    (facts.bulb, facts.yeelight) = (Some(bulb.id()), Some(bulb.addr()));
    home.learn(Source::Yeelight, facts).unwrap();
    let lamp = home.device(&bulb.addr().to_string()).unwrap();
    let names = ["9.9", "light:on", "light:brightness"];
    let read = is_send(lamp.get_each(names)).await.unwrap();
    assert_eq!(read[0].as_ref().unwrap_err().kind(), ErrorKind::NotSupported);
    assert!(read[1..].iter().all(|answer| answer.as_ref().is_ok_and(|it| it.value.is_some())));
    assert_eq!(lamp.get_many(names).await.unwrap_err().kind(), ErrorKind::NotSupported);
    let set = is_send(lamp.set_each([("9.9", json!(1)), ("light:brightness", json!(31))])).await;
    let set = set.unwrap();
    assert_eq!(set[0].as_ref().unwrap_err().kind(), ErrorKind::NotSupported);
    assert!(set[1].as_ref().unwrap().is_ok());
    assert_eq!(bulb.property("bright"), Some(json!(31)));
    let error = lamp.get_each(["light:on", "light:nothing"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
}

#[tokio::test]
async fn a_bulb_is_spoken_to_in_its_own_protocol_and_else_over_miio() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    // The same lamp as miIO knows it: without a spec its names are those of bulbs.
    let miio = SimDevice::light()
        .model("yeelink.light.color7")
        .did(bulb.id().get())
        .spawn()
        .await
        .unwrap();
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(&miio, "Bulb")).unwrap();
    let mut facts = Facts::default();
    facts.bulb = Some(bulb.id());
    facts.yeelight = Some(bulb.addr());
    home.learn(Source::Yeelight, facts).unwrap();
    assert_eq!(home.devices().len(), 1);
    let lamp = home.device(&bulb.addr().to_string()).unwrap();
    let done =
        lamp.set([("light:on", json!(true)), ("light:brightness", json!(30))]).await.unwrap();
    assert!(done.iter().all(|answer| answer.is_ok() && answer.via() == Via::Yeelight), "{done:?}");
    assert_eq!(
        (bulb.property("power"), bulb.property("bright")),
        (Some(json!("on")), Some(json!(30)))
    );
    assert_eq!(lamp.get("light:brightness").await.unwrap().value, Some(json!(30)));

    // LAN control is switched off, and connections are cut.
    bulb.set_lan_control(false);
    bulb.reset_connections();
    miio.set_property("bright", 77).unwrap();
    let read = lamp.get("light:brightness").await.unwrap();
    assert_eq!(
        (read.value.clone(), read.way, read.via()),
        (Some(json!(77)), Way::YeelightOverMiio, Via::Lan)
    );
}

/// A bulb's connection, which the home makes itself, stands in a transcript; miIO's client was handed in.
#[tokio::test]
async fn connections_can_be_watched() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let home = home().await.on_wire(move |event| {
        let WireEvent::Yeelight(event) = event else { panic!("{event:?}") };
        let text = String::from_utf8_lossy(event.bytes).into_owned();
        heard.lock().unwrap().push((event.direction, event.peer, text));
    });
    let home = home.open().await.unwrap();
    let mut facts = Facts::default();
    facts.bulb = Some(bulb.id());
    facts.yeelight = Some(bulb.addr());
    home.learn(Source::Yeelight, facts).unwrap();
    let lamp = home.device(&bulb.id().to_string()).unwrap();
    lamp.set([("light:brightness", json!(30))]).await.unwrap();
    let told = told.lock().unwrap();
    assert!(told.iter().all(|(_, peer, _)| *peer == bulb.addr()), "{told:?}");
    for (direction, word) in [(Direction::Sent, "set_bright"), (Direction::Received, "\"ok\"")] {
        let is =
            |(way, _, text): &&(Direction, _, String)| *way == direction && text.contains(word);
        assert!(told.iter().any(|line| is(&line)), "{word}: {told:?}");
    }
}

#[tokio::test]
async fn lan_control_is_switched_on_over_miio() {
    let sim = SimDevice::light()
        .method("set_ps", |_, params| {
            Ok(json!([if *params == json!(["cfg_lan_ctrl", "1"]) { "ok" } else { "error" }]))
        })
        .spawn()
        .await
        .unwrap();
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Desk lamp")).unwrap();
    home.device("Desk lamp").unwrap().enable_lan_control().await.unwrap();
    assert_eq!(sim.report().executed("set_ps"), 1);

    let plain = SimDevice::plug().spawn().await.unwrap();
    home.learn(Source::Miio, known(&plain, "Plug")).unwrap();
    let error = home.device("Plug").unwrap().enable_lan_control().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
}

#[tokio::test]
async fn the_next_start_needs_neither_cloud_nor_discovery() {
    let path = std::env::temp_dir().join(format!("iot-home-hub-start-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let sim = SimDevice::light().spawn().await.unwrap();
    let first = home().await.inventory(&path).open().await.unwrap();
    first.learn(Source::Miio, known(&sim, "Desk lamp")).unwrap();
    first.save().unwrap();
    drop(first);
    let second = home().await.inventory(&path).open().await.unwrap();
    let lamp = second.device("Desk lamp").unwrap();
    assert_eq!(lamp.get("light:brightness").await.unwrap().value, Some(json!(50)));

    let token = sim.token().expose_hex();
    let error = second.device("Desk lmap").unwrap_err();
    let shown = format!("{second:?} {lamp:?} {:?} {error} {error:?}", lamp.facts());
    assert!(!shown.contains(&token), "{shown}");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn without_a_way_nothing_is_tried() {
    let home: Home = home().await.open().await.unwrap();
    let mut facts = Facts::default();
    facts.did = Some(7.into());
    home.learn(Source::Mdns, facts).unwrap();
    let error = home.device("7").unwrap().get("2.1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoWay);
    assert!(error.to_string().starts_with("7: ") && error.hint().is_some());
    assert_eq!(home.refresh().await.unwrap_err().kind(), ErrorKind::BadInput);
}
