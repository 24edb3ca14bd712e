//! Watching, one source after the other.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_hub::home::{Change, Device, ErrorKind, Event, Origin, Watch, WatchBuilder};
use iot_home_hub::{Facts, Home, Source};
use iot_home_miot::Spec;
use iot_home_sim::micloud::CloudDevice;
use iot_home_sim::miio::LanPush;
use iot_home_sim::{SimBulb, SimDevice};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::rig::{cloud, home, known, logged_in};

pub(crate) const MS: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// Whatever takes longer never comes.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// The next change that this is true of; what comes before it goes to `passed`.
async fn until(
    watch: &mut Watch,
    passed: &mut Vec<Change>,
    is: impl Fn(&Change) -> bool,
) -> Change {
    soon(async {
        loop {
            match watch.next().await.expect("a watch does not end") {
                Event::Change(change) if is(&change) => return change,
                Event::Change(change) => passed.push(change),
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

pub(crate) async fn change(watch: &mut Watch) -> Change {
    until(watch, &mut Vec::new(), |_| true).await
}

/// Nothing is told for a while.
pub(crate) async fn quiet(watch: &mut Watch, wait: Duration) {
    if let Ok(event) = timeout(wait, watch.next()).await {
        panic!("{event:?}");
    }
}

pub(crate) fn told(change: &Change) -> (&str, Value, Origin, bool) {
    (&change.property, change.value.clone(), change.from, change.is_first)
}

/// Polls so rarely that what comes soon is no poll, after the first ones.
pub(crate) fn rarely(watch: WatchBuilder) -> WatchBuilder {
    watch.every(Duration::from_secs(600)..=Duration::from_secs(600))
}

pub(crate) fn often(watch: WatchBuilder) -> WatchBuilder {
    watch.every(50 * MS..=200 * MS)
}

pub(crate) async fn with_bulb(bulb: &SimBulb) -> (Home, Device) {
    let home = home().await.open().await.unwrap();
    let mut facts = Facts::default();
    facts.bulb = Some(bulb.id());
    facts.model = Some(format!("yeelink.light.{}", bulb.model()).into());
    facts.yeelight = Some(bulb.addr());
    home.learn(Source::Yeelight, facts).unwrap();
    let device = home.device(&bulb.addr().to_string()).unwrap();
    (home, device)
}

pub(crate) async fn with_light(sim: &SimDevice) -> (Home, Device) {
    let home = home().await.open().await.unwrap();
    home.learn(Source::Miio, known(sim, "Lamp")).unwrap();
    let device = home.device("Lamp").unwrap();
    (home, device)
}

#[tokio::test]
async fn a_bulb_tells_by_itself() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let (home, lamp) = with_bulb(&bulb).await;
    let mut watch =
        rarely(home.watch().properties(&lamp, ["light:brightness", "light:on"])).start();
    let (first, second) = (change(&mut watch).await, change(&mut watch).await);
    assert_eq!((first.from, first.is_first), (Origin::PolledLan, true));
    assert_eq!((second.from, second.is_first), (Origin::PolledLan, true));
    soon(async {
        while bulb.report().connections == 0 {
            sleep(5 * MS).await;
        }
    })
    .await;
    sleep(100 * MS).await;
    bulb.set_property("bright", 12).unwrap();
    let pushed = change(&mut watch).await;
    assert_eq!(told(&pushed), ("light:brightness", json!(12), Origin::Bulb, false));
    assert_eq!((pushed.shown.as_deref(), &pushed.device), (Some("12 %"), &lamp));
    // What nobody watches is not told.
    bulb.set_property("ct", 3000).unwrap();
    quiet(&mut watch, 300 * MS).await;
}

#[tokio::test]
async fn a_device_that_is_subscribed_to_tells_by_itself() {
    let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
    let (home, lamp) = with_light(&sim).await;
    let mut watch = rarely(home.watch().properties(&lamp, ["2.2"])).start();
    let first = change(&mut watch).await;
    assert_eq!(told(&first), ("light:brightness", json!(50), Origin::PolledLan, true));
    soon(async {
        while sim.report().subscriptions == 0 {
            sleep(5 * MS).await;
        }
    })
    .await;
    sim.set_property("2.2", 77).unwrap();
    let pushed = change(&mut watch).await;
    assert_eq!(told(&pushed), ("light:brightness", json!(77), Origin::Subscription, false));
    assert_eq!((pushed.shown.as_deref(), pushed.id), (Some("77 %"), first.id));
    quiet(&mut watch, 300 * MS).await;

    // Whoever drops the stream wants nothing more: no subscription and no poll.
    drop(watch);
    soon(async {
        while sim.report().unsubscriptions == 0 {
            sleep(5 * MS).await;
        }
    })
    .await;
    assert_eq!(sim.report().violations.total(), 0);
}

#[tokio::test]
async fn what_cannot_be_watched_is_told_once() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (home, lamp) = with_light(&sim).await;
    let named = ["light:brightness", "light:nothing", "9.9"];
    let mut watch = often(home.watch().properties(&lamp, named)).start();
    let (mut refused, mut values) = (Vec::new(), 0);
    while refused.len() < 2 || values < 1 {
        match soon(watch.next()).await.unwrap() {
            Event::Failed { error, .. } => refused.push((error.kind(), error.to_string())),
            Event::Change(_) => values += 1,
            other => panic!("{other:?}"),
        }
    }
    quiet(&mut watch, 500 * MS).await;
    refused.sort_by_key(|(_, words)| words.clone());
    assert_eq!(refused[0].0, ErrorKind::Refused, "{refused:?}");
    assert!(refused[0].1.starts_with("Lamp: 9.9: "), "{refused:?}");
    assert_eq!(refused[1].0, ErrorKind::BadInput, "{refused:?}");
}

#[tokio::test]
async fn devices_that_only_the_cloud_reaches_are_asked_together() {
    let far: Vec<_> = (0..30)
        .map(|n| SimDevice::light().did(910_000 + n))
        .map(|device| CloudDevice::of(device).field("localip", ""))
        .collect();
    let cloud = cloud(far).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    assert_eq!(home.refresh().await.unwrap().devices, 30);
    let before = cloud.report().called("/miotspec/prop/get");
    let watch = home.watch().every_in_cloud(Duration::from_secs(2)..=Duration::from_secs(600));
    let named = ["light:on", "light:brightness", "light:color-temperature"];
    let devices = home.devices();
    let watch = devices.iter().fold(watch, |watch, device| watch.properties(device, named));
    let mut watch = watch.start();
    for _ in 0..90 {
        let change = change(&mut watch).await;
        assert_eq!((change.from, change.is_first), (Origin::PolledCloud, true));
    }
    let asked = || cloud.report().called("/miotspec/prop/get") - before;
    assert_eq!(asked(), 1, "thirty devices with three properties each are one request");
    // They are asked together again.
    soon(async {
        while asked() < 2 {
            sleep(20 * MS).await;
        }
    })
    .await;
    quiet(&mut watch, 500 * MS).await;
    assert_eq!(asked(), 2);
    assert_eq!(cloud.report().reads.values().sum::<u64>(), 180);
    assert_eq!(cloud.report().violations.total(), 0);
}

#[tokio::test]
async fn a_slow_reader_is_told_how_much_it_missed_and_gets_the_last_values() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let (home, lamp) = with_bulb(&bulb).await;
    let named = ["light:brightness", "light:on"];
    let mut watch = rarely(home.watch().properties(&lamp, named).buffer(4)).start();
    change(&mut watch).await;
    change(&mut watch).await;
    sleep(200 * MS).await;
    bulb.set_property("power", "off").unwrap();
    for bright in 1..=60 {
        bulb.set_property("bright", bright).unwrap();
        sleep(5 * MS).await;
    }
    sleep(300 * MS).await;
    let (mut missed, mut changes) = (0, Vec::new());
    while let Ok(Some(event)) = timeout(300 * MS, watch.next()).await {
        match event {
            Event::Missed(events) => missed += events,
            Event::Change(change) => changes.push((change.property, change.value)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert!(missed > 20, "{missed}");
    assert_eq!(changes.last(), Some(&("light:brightness".into(), json!(60))));
    assert!(changes.contains(&("light:on".into(), json!(false))), "{changes:?}");
}

#[tokio::test]
async fn nothing_goes_on_when_the_stream_is_dropped() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let (home, lamp) = with_light(&sim).await;
    let mut watch = often(home.watch().properties(&lamp, ["light:on"])).start();
    change(&mut watch).await;
    soon(async {
        while sim.report().datagrams <= 4 {
            sleep(5 * MS).await;
        }
    })
    .await;
    drop(watch);
    sleep(300 * MS).await;
    let datagrams = sim.report().datagrams;
    sleep(800 * MS).await;
    assert_eq!(sim.report().datagrams, datagrams);
}

#[tokio::test]
async fn by_default_what_notifies_is_watched() {
    let sim = SimDevice::light().model("acme.lamp.v1").spawn().await.unwrap();
    let spec = br#"{"services":[{"iid":2,"type":"urn:miot-spec-v2:service:light:00007802:acme-v1:1","properties":[
        {"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:acme-v1:1","format":"bool","access":["read","notify"]},
        {"iid":2,"type":"urn:miot-spec-v2:property:brightness:0000000D:acme-v1:1","format":"uint8","access":["read"]}]}]}"#;
    let spec = Spec::from_json(spec).unwrap();
    let home = home().await.spec("acme.lamp.v1", spec).open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Lamp")).unwrap();
    let mut watch = often(home.watch()).start();
    assert_eq!(&*change(&mut watch).await.property, "light:on");
    quiet(&mut watch, 400 * MS).await;
}
