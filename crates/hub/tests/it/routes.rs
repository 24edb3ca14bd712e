//! Which way requests take when ways fail.

use std::time::Duration;

use iot_home_hub::home::{ErrorKind, Via};
use iot_home_hub::{Facts, Source};
use iot_home_sim::miio::Silence;
use iot_home_sim::{Faults, SimDevice};
use serde_json::json;

use crate::rig::{home, known, one, seen};

#[tokio::test]
async fn the_cloud_takes_over_when_the_lan_is_cut_and_hands_back() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("Desk lamp").unwrap();
    assert_eq!(lamp.get("light:on").await.unwrap().via(), Via::Lan);

    sim.set_silence(Silence::Total);
    let read = lamp.get("light:on").await.unwrap();
    assert_eq!((read.value.clone(), read.via()), (Some(json!(false)), Via::Cloud));
    let done = lamp.set([("light:brightness", json!(12))]).await.unwrap();
    assert_eq!((done[0].is_ok(), done[0].via()), (true, Via::Cloud));
    let toggled = lamp.action("light:toggle", []).await.unwrap();
    assert_eq!((toggled.is_ok(), toggled.via()), (true, Via::Cloud));
    assert_eq!((sim.property("2.1"), sim.property("2.2")), (Some(json!(true)), Some(json!(12))));

    // It is heard again, as by a discovery.
    sim.set_silence(Silence::Never);
    home.learn(Source::Miio, seen(&sim)).unwrap();
    let toggled = lamp.action("light:toggle", []).await.unwrap();
    assert_eq!((toggled.is_ok(), toggled.via()), (true, Via::Lan));
    assert_eq!(sim.property("2.1"), Some(json!(false)));
    assert_eq!(sim.report().executed("action"), 2);
    assert_eq!(cloud.report().actions.values().sum::<u64>(), 1);
    // The token was not at fault, and was asked for once at most.
    assert!(cloud.report().called("/home/device_list") <= 1);
    assert_eq!(cloud.report().violations.total(), 0);
}

#[tokio::test]
async fn an_action_on_a_cut_lan_goes_to_the_cloud_unsent() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (_cloud, home) = one(&sim, "Desk lamp").await;
    sim.set_silence(Silence::Total);
    let toggled = home.device("Desk lamp").unwrap().action("light:toggle", []).await.unwrap();
    assert_eq!((toggled.is_ok(), toggled.via()), (true, Via::Cloud));
    assert_eq!(sim.report().executed("action"), 1);
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_sent_no_other_way() {
    let sim = SimDevice::light().faults(Faults::seed(0).id_memory(32)).spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("Desk lamp").unwrap();
    lamp.get("light:on").await.unwrap();
    // From now on everything arrives, and no answer comes back.
    sim.set_faults(Faults::seed(1).id_memory(32).loss_out(1.0));
    let error = lamp.action("light:toggle", []).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{error}");
    assert!(!error.is_retryable() && error.hint().is_some());
    assert_eq!(sim.report().executed("action"), 1);
    assert_eq!(sim.property("2.1"), Some(json!(true)));
    assert!(cloud.report().actions.is_empty());
}

#[tokio::test]
async fn a_set_that_is_on_its_way_when_the_lan_is_cut_goes_no_other_way() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("Desk lamp").unwrap();
    lamp.get("light:on").await.unwrap();
    sim.set_silence(Silence::Total);
    let error = lamp.set([("light:brightness", json!(12))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{error}");
    assert!(cloud.report().writes.is_empty());
    // Whoever has looked sets it again, and then it is known that the LAN is cut.
    let done = lamp.set([("light:brightness", json!(12))]).await.unwrap();
    assert_eq!((done[0].is_ok(), done[0].via()), (true, Via::Cloud));
}

#[tokio::test]
async fn the_cloud_passes_methods_on_where_there_is_no_spec() {
    let sim = SimDevice::fan().spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Fan").await;
    let fan = home.device("Fan").unwrap();
    sim.set_silence(Silence::Total);
    let values = [("fan:on", json!(true)), ("fan:horizontal-angle", json!(90))];
    let done = fan.set(values).await.unwrap();
    assert!(done.iter().all(|answer| answer.is_ok() && answer.via() == Via::Cloud), "{done:?}");
    assert_eq!(
        (sim.property("power"), sim.property("angle")),
        (Some(json!("on")), Some(json!(90)))
    );
    let read = fan.get("environment:temperature").await.unwrap();
    assert_eq!((read.shown.as_deref(), read.via()), (Some("23.5 °C"), Via::Cloud));
    assert_eq!(cloud.report().rpcs.values().sum::<u64>(), 3);

    sim.set_silence(Silence::Never);
    home.learn(Source::Miio, seen(&sim)).unwrap();
    assert_eq!(fan.get("fan:on").await.unwrap().via(), Via::Lan);
}

#[tokio::test]
async fn no_action_runs_twice_on_a_bad_network() {
    // Devices remember ids, so that a repetition on the wire is no second action.
    let sim = SimDevice::light().faults(Faults::seed(0).id_memory(32)).spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("Desk lamp").unwrap();
    let (mut done, mut uncertain) = (0, 0);
    for seed in 0..12 {
        let loss = if seed % 3 == 0 { 0.9 } else { 0.4 };
        sim.set_faults(Faults::seed(seed).id_memory(32).loss(loss).duplicate(0.2));
        match lamp.action("light:toggle", []).await {
            Ok(answer) if answer.is_ok() => done += 1,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::MaybeExecuted => uncertain += 1,
            Err(error) => panic!("the cloud was there: {error}"),
        }
        home.learn(Source::Miio, seen(&sim)).unwrap();
    }
    let executed = sim.report().executed("action");
    assert!((done..=done + uncertain).contains(&executed), "{done} {uncertain} {executed}");
    assert!(done > 0 && cloud.report().actions.values().sum::<u64>() <= done);
}

#[tokio::test]
async fn a_token_that_was_changed_is_fetched_anew_once() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (cloud, home) = one(&sim, "Desk lamp").await;
    let lamp = home.device("Desk lamp").unwrap();
    lamp.get("light:on").await.unwrap();
    let asked = cloud.report().called("/home/device_list");

    sim.set_token([0x42; 16]);
    let many = (0..4).map(|_| {
        let lamp = lamp.clone();
        tokio::spawn(async move { lamp.get("light:brightness").await.unwrap().via() })
    });
    for read in many.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap(), Via::Lan);
    }
    assert_eq!(cloud.report().called("/home/device_list"), asked + 1);
    assert_eq!(lamp.action("light:toggle", []).await.unwrap().via(), Via::Lan);
    assert_eq!(sim.report().executed("action"), 1);
    assert!(cloud.report().reads.is_empty());
    assert_eq!(cloud.report().called("/home/device_list"), asked + 1);
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_told_as_silence() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let home = home().await.open().await.unwrap();
    let mut facts = known(&sim, "Desk lamp");
    facts.token = Some([0x42; 16].into());
    home.learn(Source::Miio, facts).unwrap();
    let lamp = home.device("Desk lamp").unwrap();
    for error in [
        lamp.get("light:on").await.unwrap_err(),
        lamp.action("light:toggle", []).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoAnswer, "{error}");
        assert!(error.hint().unwrap().contains("token"), "{error}");
    }
}

#[tokio::test]
async fn a_device_that_nobody_reaches_is_told_with_all_that_was_tried() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let mut facts = Facts::default();
    facts.did = Some(sim.did());
    let offline = iot_home_sim::micloud::CloudDevice::new(sim.did().to_string());
    let cloud = crate::rig::cloud([offline.name("Desk lamp").field("model", sim.model())]).await;
    let client = crate::rig::logged_in(&cloud).await;
    let home = home().await.cloud(client).deadline(Duration::from_secs(8)).open().await.unwrap();
    home.refresh().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Desk lamp")).unwrap();
    sim.set_silence(Silence::Total);
    let error = home.device("Desk lamp").unwrap().get("light:on").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("offline") && error.earlier().count() > 0, "{error}");
    assert!(error.is_timeout() && error.is_retryable());
}
