//! Watching all devices of a home, while it comes to know others.

use futures_util::StreamExt;
use iot_home_hub::home::{Change, Event, Origin, Watch};
use iot_home_hub::{Facts, Source};
use iot_home_sim::micloud::CloudDevice;
use iot_home_sim::miio::LanPush;
use iot_home_sim::{SimBulb, SimDevice};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::rig::{cloud, home, known, logged_in, seen};
use crate::watch::{MS, change, often, quiet, rarely, soon};

/// The next change of this property.
async fn of(watch: &mut Watch, property: &str) -> Change {
    loop {
        let change = change(watch).await;
        if &*change.property == property {
            return change;
        }
    }
}

#[tokio::test]
async fn a_device_that_is_found_later_is_watched_too() {
    let home = home().await.open().await.unwrap();
    let mut watch = often(home.watch()).start();
    quiet(&mut watch, 100 * MS).await;
    let sim = SimDevice::light().spawn().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Lamp")).unwrap();
    let first = of(&mut watch, "light:brightness").await;
    assert_eq!((first.device.name(), first.is_first), ("Lamp".to_owned(), true));
    sim.set_property("2.2", 77).unwrap();
    let changed = loop {
        let changed = of(&mut watch, "light:brightness").await;
        if !changed.is_first {
            break changed;
        }
    };
    assert_eq!((changed.value, changed.from), (json!(77), Origin::PolledLan));

    // One more, which tells by itself.
    let bulb = SimBulb::color().spawn().await.unwrap();
    let mut facts = Facts::default();
    (facts.bulb, facts.yeelight) = (Some(bulb.id()), Some(bulb.addr()));
    home.learn(Source::Yeelight, facts).unwrap();
    let told = soon(async {
        for bright in (10..=90).cycle() {
            bulb.set_property("bright", bright).unwrap();
            while let Ok(Some(Event::Change(change))) = timeout(50 * MS, watch.next()).await {
                if change.from == Origin::Bulb {
                    return change;
                }
            }
        }
        unreachable!()
    });
    assert_eq!(told.await.device.facts().unwrap().bulb, Some(bulb.id()));
}

#[tokio::test]
async fn what_the_cloud_lists_later_is_watched_too() {
    let far = CloudDevice::of(SimDevice::light()).field("localip", "");
    let cloud = cloud([far.name("Far lamp")]).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    let mut watch = home.watch().start();
    quiet(&mut watch, 100 * MS).await;
    home.refresh().await.unwrap();
    let first = of(&mut watch, "light:on").await;
    assert_eq!((first.device.name(), first.from), ("Far lamp".to_owned(), Origin::PolledCloud));
}

#[tokio::test]
async fn who_turns_out_to_be_another_is_watched_once() {
    for is_lamp_older in [true, false] {
        let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
        let home = home().await.open().await.unwrap();
        let mut watch = often(home.watch()).start();
        let (mut record, mut nobody) = (known(&sim, "Lamp"), known(&sim, "Somebody"));
        (record.miio, nobody.did) = (None, None);
        let mut told = [(Source::Inventory, record), (Source::Miio, nobody)];
        if !is_lamp_older {
            told.reverse();
        }
        for (source, facts) in told {
            assert!(home.learn(source, facts).unwrap().is_new);
        }
        assert_eq!(of_light(&mut watch).await.device.name(), "Somebody");
        soon(async {
            while sim.report().subscriptions == 0 {
                sleep(5 * MS).await;
            }
        })
        .await;

        // The one at the address is heard, and who it is.
        let update = home.learn(Source::Miio, seen(&sim)).unwrap();
        assert_eq!(update.absorbed.len(), 1);
        if is_lamp_older {
            // Nobody listens to somebody any more.
            soon(async {
                while sim.report().unsubscriptions == 0 {
                    sleep(5 * MS).await;
                }
            })
            .await;
        }
        while let Ok(event) = timeout(600 * MS, watch.next()).await {
            assert!(event.is_some());
        }
        for bright in [11, 22, 33] {
            sim.set_property("2.2", bright).unwrap();
            let changed = change(&mut watch).await;
            assert_eq!((&*changed.property, changed.value), ("light:brightness", json!(bright)));
            assert!(!changed.is_first);
            quiet(&mut watch, 500 * MS).await;
        }
    }
}

/// The next change, whatever does not answer beside it.
async fn of_light(watch: &mut Watch) -> Change {
    soon(async {
        loop {
            if let Event::Change(change) = watch.next().await.unwrap() {
                return change;
            }
        }
    })
    .await
}

#[tokio::test]
async fn who_has_named_devices_gets_no_others() {
    let (sim, other) =
        (SimDevice::light().spawn().await.unwrap(), SimDevice::light().spawn().await.unwrap());
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Lamp")).unwrap();
    let lamp = home.device("Lamp").unwrap();
    let mut watch = rarely(home.watch().properties(&lamp, ["light:on"])).start();
    change(&mut watch).await;
    home.learn(Source::Miio, known(&other, "Other lamp")).unwrap();
    quiet(&mut watch, 500 * MS).await;
    assert_eq!(other.report().datagrams, 0);
}
