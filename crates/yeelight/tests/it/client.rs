//! The client against a simulated bulb on real sockets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_sim::SimBulb;
use iot_home_yeelight::client::Change;
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{
    Bulb, Color, Effect, ErrorKind, Flow, Light, Property, PropertyValue, Rgb, Scene, Step,
};

use crate::rig::to_sim;

/// Without the moment that weak firmware needs after a connection.
fn quick() -> Config {
    Config::default().settle(Duration::ZERO)
}

#[tokio::test]
async fn a_bulb_is_read_controlled_and_watched_over_one_connection() {
    let sim =
        SimBulb::color().property("power", "off").property("bright", 40).spawn().await.unwrap();
    let bulb = Bulb::builder(sim.addr()).session(quick()).connect().await.unwrap();
    assert_eq!(bulb.state().brightness(Light::Main), Some(40));
    let mut changes = bulb.changes();

    bulb.on(Effect::Sudden).await.unwrap();
    bulb.set_rgb(Rgb(0xff_8800), Effect::smooth(Duration::from_millis(500))).await.unwrap();
    assert_eq!(sim.property("rgb"), Some(0xff_8800.into()));
    let read = bulb.get([Property::Rgb, Property::Power, Property::from("made_up")]).await.unwrap();
    assert_eq!(read.value(&Property::Rgb), Some(&PropertyValue::Number(0xff_8800)));
    assert_eq!(read.value(&Property::from("made_up")), Some(&PropertyValue::Unsupported));
    assert_eq!(bulb.state().color(Light::Main), Some(Color::Rgb(Rgb(0xff_8800))));

    let Some(Change::Properties(power)) = changes.next().await else { panic!("no change") };
    assert_eq!(power.value(&Property::Power).and_then(PropertyValue::as_switch), Some(true));

    sim.set_property("bright", 77).unwrap();
    let told = async {
        while bulb.state().brightness(Light::Main) != Some(77) {
            changes.next().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(5), told).await.unwrap();
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
    assert_eq!(sim.report().connections, 1);
}

#[tokio::test]
async fn every_method_is_one_that_a_strict_bulb_takes() {
    let sim = SimBulb::ceiling().spawn().await.unwrap();
    let bulb = Bulb::builder(sim.addr()).session(quick()).connect().await.unwrap();
    for light in [bulb.clone(), bulb.background()] {
        light.on(Effect::Sudden).await.unwrap();
        light.set_bright(30, Effect::smooth(Duration::from_millis(30))).await.unwrap();
        light.set_temperature(3_000, Effect::Sudden).await.unwrap();
        light
            .start_flow(Flow::new([Step::temperature(4_000, Duration::from_millis(50))]).forever())
            .await
            .unwrap();
        light.stop_flow().await.unwrap();
        light.set_scene(Scene::Temperature { kelvin: 5_000, bright: 10 }).await.unwrap();
        light.set_default().await.unwrap();
        light.toggle().await.unwrap();
    }
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
}

#[tokio::test]
async fn what_refuses_a_connection_is_told_from_what_does_not_answer() {
    let sim = SimBulb::color().lan_control(false).spawn().await.unwrap();
    let error = Bulb::connect(sim.addr()).await.unwrap_err();
    assert!(error.hint().unwrap().contains("LAN Control"), "{error}");
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = gone.local_addr().unwrap();
    drop(gone);
    assert_eq!(Bulb::connect(addr).await.unwrap_err().kind(), ErrorKind::Refused);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = quick().timeout(Duration::from_millis(100));
    let connecting = Bulb::builder(silent.local_addr().unwrap()).session(config).connect();
    assert_eq!(connecting.await.unwrap_err().kind(), ErrorKind::NoAnswer);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_while_the_connection_was_lost_is_told() {
    let sim = Arc::new(SimBulb::color().property("bright", 40).spawn_in_memory().unwrap());
    let bulb = to_sim(&sim).connect().await.unwrap();
    let mut changes = bulb.changes();
    sim.reset_connections();
    assert_eq!(changes.next().await, Some(Change::Lost));
    sim.set_property("bright", 77).unwrap();
    assert_eq!(changes.next().await, Some(Change::Restored));
    let missed = [(Property::Bright, PropertyValue::Number(77))].into_iter().collect();
    assert_eq!(changes.next().await, Some(Change::Properties(missed)));
}
