//! Watching while sources fail and come back.

use std::time::Duration;

use futures_util::StreamExt;
use iot_home_hub::home::{Event, Origin};
use iot_home_hub::{Facts, Source};
use iot_home_sim::miio::{LanPush, Silence};
use iot_home_sim::{SimBulb, SimDevice};
use serde_json::json;
use tokio::time::sleep;

use crate::watch::{MS, change, often, quiet, rarely, soon, told, with_bulb, with_light};

#[tokio::test]
async fn a_bulb_that_is_lost_is_polled_and_heard_again_when_it_is_back() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let (home, lamp) = with_bulb(&bulb).await;
    let mut watch = often(home.watch().properties(&lamp, ["light:brightness"])).start();
    change(&mut watch).await;
    bulb.set_lan_control(false);
    let failed = soon(watch.next()).await.unwrap();
    let Event::Failed { device, error } = failed else { panic!("{failed:?}") };
    assert_eq!(device, lamp);
    assert!(error.to_string().contains(&lamp.name()), "{error}");
    quiet(&mut watch, 600 * MS).await;
    bulb.set_property("bright", 7).unwrap();
    bulb.set_lan_control(true);
    assert_eq!(change(&mut watch).await.value, json!(7));
    // Pushed or polled, whichever is first, and only once.
    let mut pushes = 0;
    for bright in 20..40 {
        bulb.set_property("bright", bright).unwrap();
        let change = change(&mut watch).await;
        assert_eq!(change.value, json!(bright));
        pushes += usize::from(change.from == Origin::Bulb);
        if pushes > 2 {
            return;
        }
        sleep(150 * MS).await;
    }
    panic!("no push any more");
}

#[tokio::test]
async fn a_subscription_that_is_forgotten_hides_nothing() {
    let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
    let (home, lamp) = with_light(&sim).await;
    let mut watch = often(home.watch().properties(&lamp, ["light:brightness"])).start();
    change(&mut watch).await;
    soon(async {
        while sim.report().subscriptions == 0 {
            sleep(5 * MS).await;
        }
    })
    .await;
    // A device that was switched off has forgotten who listens, and tells nobody.
    sim.reboot();
    sim.set_property("2.2", 9).unwrap();
    let polled = change(&mut watch).await;
    assert_eq!(told(&polled), ("light:brightness", json!(9), Origin::PolledLan, false));
}

#[tokio::test]
async fn a_silent_device_is_told_of_once_and_its_return_by_what_changed() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (home, lamp) = with_light(&sim).await;
    let mut watch = often(home.watch().device(&lamp)).start();
    let mut first = Vec::new();
    while first.len() < 4 {
        first.push(change(&mut watch).await.property);
    }
    quiet(&mut watch, 300 * MS).await;
    first.sort_unstable();
    let all = ["light:brightness", "light:color-temperature", "light:mode", "light:on"];
    assert_eq!(first, all.map(Into::into));

    sim.set_silence(Silence::Total);
    let failed = soon(watch.next()).await.unwrap();
    let Event::Failed { error, .. } = failed else { panic!("{failed:?}") };
    assert!(error.is_timeout(), "{error}");
    // It is asked a few times more, each of which takes its time.
    quiet(&mut watch, 6000 * MS).await;
    sim.set_property("2.2", 3).unwrap();
    sim.set_silence(Silence::Never);
    let back = change(&mut watch).await;
    assert_eq!(told(&back), ("light:brightness", json!(3), Origin::PolledLan, false));
}

#[tokio::test]
async fn a_property_that_no_push_tells_is_found_by_polling() {
    // The spec knows a property that this bulb's own protocol does not.
    let bulb = SimBulb::color().spawn().await.unwrap();
    let miio = SimDevice::light().did(bulb.id().get()).spawn().await.unwrap();
    let (home, _) = with_light(&miio).await;
    let mut facts = Facts::default();
    facts.bulb = Some(bulb.id());
    facts.yeelight = Some(bulb.addr());
    home.learn(Source::Yeelight, facts).unwrap();
    let lamp = home.device("Lamp").unwrap();
    let mut watch = often(home.watch().properties(&lamp, ["light:color-temperature"])).start();
    let first = change(&mut watch).await;
    assert!(first.is_first);
    miio.set_property("2.3", 3333).unwrap();
    let polled = change(&mut watch).await;
    assert_eq!((polled.value, polled.from), (json!(3333), Origin::PolledLan));
}

#[tokio::test]
async fn a_subscription_that_failed_is_tried_again() {
    let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
    sim.set_silence(Silence::Total);
    let (home, lamp) = with_light(&sim).await;
    let mut watch = rarely(home.watch().properties(&lamp, ["light:brightness"])).start();
    let failed = soon(watch.next()).await.unwrap();
    assert!(matches!(failed, Event::Failed { .. }), "{failed:?}");
    // Eight probes, half a second apart, are not answered.
    sleep(Duration::from_secs(5)).await;
    sim.set_silence(Silence::Never);
    soon(async {
        while sim.report().subscriptions == 0 {
            sleep(20 * MS).await;
        }
    })
    .await;
    sim.set_property("2.2", 61).unwrap();
    let pushed = change(&mut watch).await;
    assert_eq!(told(&pushed), ("light:brightness", json!(61), Origin::Subscription, true));
}
