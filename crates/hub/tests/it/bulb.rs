//! A bulb that falls silent, and the cloud beside it.

use std::time::Duration;

use iot_home_hub::home::{Device, ErrorKind, Via, Way};
use iot_home_hub::{Facts, Home, Source};
use iot_home_sim::micloud::CloudDevice;
use iot_home_sim::yeelight::{Faults, Silence};
use iot_home_sim::{SimBulb, SimCloud, SimDevice};
use serde_json::json;
use tokio::time::Instant;

use crate::rig::{cloud, home, logged_in};

/// Less than the bulb's client would wait for an answer by itself.
const SOON: Duration = Duration::from_millis(2800);

/// A bulb whose own protocol is the only way to it on the LAN, and which the cloud reaches too.
async fn rig() -> (SimBulb, SimCloud, Home, Device) {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let far = CloudDevice::of(SimDevice::light().did(bulb.id().get()));
    let cloud = cloud([far.name("Bulb").field("localip", "").field("token", "")]).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    home.refresh().await.unwrap();
    let mut facts = Facts::default();
    facts.bulb = Some(bulb.id());
    facts.yeelight = Some(bulb.addr());
    home.learn(Source::Yeelight, facts).unwrap();
    let lamp = home.device("Bulb").unwrap();
    (bulb, cloud, home, lamp)
}

fn silence(bulb: &SimBulb, silence: Silence) {
    bulb.set_faults(Faults::default().silence(silence));
}

#[tokio::test]
async fn the_cloud_soon_takes_over_from_a_connected_bulb_that_falls_silent() {
    let (bulb, _cloud, _home, lamp) = rig().await;
    assert_eq!(lamp.get("light:on").await.unwrap().way, Way::Yeelight);
    silence(&bulb, Silence::Total);
    let began = Instant::now();
    assert_eq!(lamp.get("light:on").await.unwrap().via(), Via::Cloud);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

    // What changes something is not sent where nothing answers.
    let done = lamp.set([("light:brightness", json!(12))]).await.unwrap();
    assert_eq!((done[0].is_ok(), done[0].via()), (true, Via::Cloud));
    let toggled = lamp.action("light:toggle", []).await.unwrap();
    assert_eq!((toggled.is_ok(), toggled.via()), (true, Via::Cloud));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    silence(&bulb, Silence::Never);
    assert_eq!((bulb.report().executed("set_bright"), bulb.report().executed("toggle")), (0, 0));
}

#[tokio::test]
async fn a_bulb_that_takes_connections_and_says_nothing_is_not_waited_for() {
    let (bulb, _cloud, _home, lamp) = rig().await;
    silence(&bulb, Silence::Total);
    let began = Instant::now();
    let toggled = lamp.action("light:toggle", []).await.unwrap();
    assert_eq!((toggled.is_ok(), toggled.via()), (true, Via::Cloud));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(bulb.report().executed("toggle"), 0);
}

#[tokio::test]
async fn what_a_silent_bulb_may_have_carried_out_goes_no_other_way() {
    let (bulb, cloud, home, lamp) = rig().await;
    lamp.get("light:on").await.unwrap();
    // Some firmware carries everything out and answers nothing.
    silence(&bulb, Silence::Answers);
    let began = Instant::now();
    let error = lamp.action("light:toggle", []).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{error}");
    assert!(began.elapsed() < Duration::from_millis(4500), "{:?}", began.elapsed());
    assert_eq!(bulb.report().executed("toggle"), 1);

    // The same of what is set.
    silence(&bulb, Silence::Never);
    let mut facts = Facts::default();
    (facts.bulb, facts.yeelight) = (Some(bulb.id()), Some(bulb.addr()));
    home.learn(Source::Yeelight, facts).unwrap();
    assert_eq!(lamp.get("light:on").await.unwrap().way, Way::Yeelight);
    silence(&bulb, Silence::Answers);
    let error = lamp.set([("light:on", json!(true))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{error}");
    assert_eq!((bulb.report().executed("toggle"), bulb.report().executed("set_power")), (1, 1));
    assert!(cloud.report().actions.is_empty() && cloud.report().writes.is_empty());
}
