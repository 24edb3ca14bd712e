//! A whole home: found once, set by name over the best way, over the cloud while the LAN is cut, and on the LAN again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use iot_home_http::Client;
use iot_home_hub::discovery::{Event, Protocol};
use iot_home_hub::home::{ErrorKind, Via};
use iot_home_hub::{Facts, Home, discover};
use iot_home_miot::SpecServer;
use iot_home_sim::home::{Device, LUMI_KEY, PASSWORD, USER};
use iot_home_sim::yeelight::Silence;
use iot_home_sim::{Faults, SimHome};
use serde_json::{Value, json};

use crate::rig::{logged_in_as, lumi, miio};

struct Whole {
    sim: SimHome,
    home: Home,
}

impl Whole {
    /// What is there was found, and the cloud's list fetched.
    async fn known() -> Self {
        let whole = Self::new().await;
        whole.discover().await;
        assert_eq!(whole.home.refresh().await.unwrap().devices, ALL);
        whole
    }

    /// Nobody has looked around yet.
    async fn new() -> Self {
        let sim = SimHome::furnished().spawn().await.unwrap();
        let cloud = logged_in_as(sim.cloud(), USER, PASSWORD).await;
        let http = Arc::new(Client::builder().no_proxy().build().unwrap());
        let specs = SpecServer::builder().url(sim.specs().url()).http(http).build().unwrap();
        let home = Home::builder().miio(miio().await).cloud(cloud).spec_server(specs);
        let gateway = sim.gateways().next().unwrap().sid();
        let home = home.lumi(lumi().await).gateway_key(gateway, LUMI_KEY.parse().unwrap());
        Self { sim, home: home.open().await.unwrap() }
    }

    /// Everything that answers is learned. Returns how many devices were new to the search, and how many were told of again.
    async fn discover(&self) -> (usize, usize) {
        let mut search = discover().wait(Duration::from_millis(1500));
        for member in self.sim.members() {
            let protocol = match member.device() {
                Device::Miio(_) => Protocol::Miio,
                Device::Yeelight(_) => Protocol::Yeelight,
                _ => Protocol::Lumi,
            };
            search = search.target(protocol, member.search_addr());
        }
        let mut search = search.start().unwrap();
        let (mut new, mut again) = (0, 0);
        while let Some(event) = search.next().await {
            let Event::Device { sighting, update } = event else { panic!("{event:?}") };
            if update.is_new {
                new += 1;
            } else {
                again += 1;
            }
            self.home.learn(sighting.source(), sighting.facts().unwrap()).unwrap();
        }
        (new, again)
    }

    async fn set(&self, name: &str, property: &str, value: Value) -> Result<Via, ErrorKind> {
        let done = self.home.device(name).unwrap().set([(property, value)]).await;
        let done = done.map_err(|error| error.kind())?;
        assert!(done[0].is_ok(), "{name}: {done:?}");
        Ok(done[0].via())
    }

    /// Sets it until that is certain.
    async fn set_for_sure(&self, name: &str, property: &str, value: Value) -> Via {
        for _ in 0..5 {
            match self.set(name, property, value.clone()).await {
                Err(ErrorKind::MaybeExecuted) => {}
                done => return done.unwrap_or_else(|kind| panic!("{name}: {kind:?}")),
            }
        }
        panic!("{name}: five packets got lost one behind the other")
    }

    /// What a device itself says.
    fn value(&self, name: &str, property: &str) -> Value {
        let value = match self.sim.member(name).unwrap().device() {
            Device::Miio(device) => device.property(property),
            Device::Yeelight(bulb) => bulb.property(property),
            Device::Lumi(gateway) => gateway.value(gateway.children()[0], property),
            _ => None,
        };
        value.unwrap_or_else(|| panic!("{name} has no {property}"))
    }
}

/// With the children of the gateways.
const ALL: usize = 18;
/// Without those of the miIO gateway, which tells of none.
const ON_THE_LAN: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_found_once_and_the_cloud_tells_the_tokens() {
    let whole = Whole::new().await;
    assert_eq!(whole.discover().await, (ON_THE_LAN, 0));
    assert_eq!(whole.home.devices().len(), ON_THE_LAN);
    let has_token = |facts: &Facts| facts.token.is_some();
    let facts = |whole: &Whole| -> Vec<Facts> {
        whole.home.devices().iter().map(|device| device.facts().unwrap()).collect()
    };
    assert_eq!(facts(&whole).iter().filter(|facts| has_token(facts)).count(), 1, "the fan's");

    assert_eq!(whole.home.refresh().await.unwrap().devices, ALL);
    let known = facts(&whole);
    assert_eq!(known.len(), ALL, "{known:?}");
    let names: BTreeSet<_> = known.iter().filter_map(|facts| facts.name.as_deref()).collect();
    assert_eq!(names.len(), ALL);
    for facts in &known {
        let cloud = facts.cloud.as_ref().unwrap();
        assert_eq!((cloud.home.as_deref(), cloud.room.as_deref()), (Some("flat"), Some("hall")));
        assert!(facts.host.is_none_or(|host| host.is_loopback()), "{facts:?}");
    }
    for member in whole.sim.members() {
        let device = whole.home.device(member.name()).unwrap().facts().unwrap();
        assert_eq!(device.did.map(|did| did.to_string()).as_deref(), Some(member.did()));
        let (miio, yeelight, lumi) = match member.device() {
            Device::Miio(sim) => {
                assert_eq!(device.token, Some(sim.token()));
                (Some(sim.addr()), None, None)
            }
            Device::Yeelight(sim) => (None, Some(sim.addr()), None),
            Device::Lumi(sim) => (None, None, Some(sim.addr())),
            _ => (None, None, None),
        };
        assert_eq!((device.miio, device.yeelight, device.lumi), (miio, yeelight, lumi));
    }
    // Once more, and nothing is new.
    whole.discover().await;
    assert_eq!(whole.home.devices().len(), ALL);
    assert_eq!(whole.sim.cloud().report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_set_by_name_over_the_best_way() {
    let whole = Whole::known().await;
    for (name, property, value, via, own, told) in [
        ("Desk lamp", "light:brightness", json!(40), Via::Lan, "bright", json!(40)),
        ("Hall lamp", "brightness", json!(41), Via::Lan, "bright", json!(41)),
        ("Noisy lamp", "light:mode", json!("Film"), Via::Lan, "mode", json!(2)),
        ("Kettle plug", "switch:on", json!(true), Via::Lan, "power", json!("on")),
        ("Slow plug", "switch:on", json!(true), Via::Lan, "power", json!("on")),
        ("Humidifier", "target-humidity", json!(60), Via::Lan, "2.3", json!(60)),
        ("Vacuum", "suction-level", json!("Strong"), Via::Lan, "2.2", json!(2)),
        ("Fan", "fan:horizontal-angle", json!(90), Via::Lan, "angle", json!(90)),
        ("Old vacuum", "vacuum:fan-power", json!(90), Via::Lan, "fan_power", json!(90)),
        ("Bedside", "light:color", json!(0xff8800), Via::Yeelight, "rgb", json!(0xff8800)),
        ("Ceiling", "ambient-light:on", json!(true), Via::Yeelight, "bg_power", json!("on")),
        ("Shelf", "color-temperature", json!(2800), Via::Yeelight, "ct", json!(2800)),
    ] {
        assert_eq!(whole.set_for_sure(name, property, value.clone()).await, via, "{name}");
        assert_eq!(whole.value(name, own), told, "{name}");
        let read = whole.home.device(name).unwrap().get(property).await.unwrap();
        assert_eq!((read.via(), read.is_ok()), (via, true), "{name}");
    }
    // Children have no network of their own.
    let plug = whole.home.device("Hub plug").unwrap();
    assert_eq!(whole.set("Hub plug", "switch:on", json!(true)).await, Ok(Via::Cloud));
    assert_eq!(plug.get("switch:on").await.unwrap().value, Some(json!(true)));
    // Others' gateway is near.
    assert_eq!(whole.set("Socket", "switch:on", json!(true)).await, Ok(Via::Lan));
    assert_eq!(whole.value("Gateway", "status"), json!("on"));

    let specs = whole.sim.specs().report();
    assert_eq!((specs.lists, specs.unknown), (1, 0));
    assert!(specs.instances.values().all(|times| *times <= 3), "{specs:?}");
    assert_eq!(whole.sim.cloud().report().violations.total(), 0);
}

/// A device, an action by name, how its own counter calls it, and what it is read by.
const ACTIONS: [(&str, &str, &str, &str); 10] = [
    ("Desk lamp", "light:toggle", "2.1", "light:on"),
    ("Hall lamp", "light:toggle", "2.1", "light:on"),
    ("Noisy lamp", "light:toggle", "2.1", "light:on"),
    ("Kettle plug", "switch:toggle", "2.1", "switch:on"),
    ("Slow plug", "switch:toggle", "2.1", "switch:on"),
    ("Vacuum", "vacuum:start-sweep", "2.1", "vacuum:status"),
    ("Old vacuum", "identify:identify", "find_me", "vacuum:status"),
    ("Bedside", "light:toggle", "toggle", "light:on"),
    ("Ceiling", "ambient-light:toggle", "bg_toggle", "light:on"),
    ("Shelf", "light:toggle", "toggle", "light:on"),
];

/// How often an action is known to have run, and how often it may have.
#[derive(Debug, Default)]
struct Ran {
    certainly: u64,
    perhaps: u64,
}

impl Whole {
    /// Every action twice, at every device at once. While something is lost on the way an action may have run.
    async fn act(&self, via: Option<Via>, ran: &mut BTreeMap<&'static str, Ran>) {
        let acts = ACTIONS.iter().map(|(name, action, _, property)| async move {
            let device = self.home.device(name).unwrap();
            let mut ran = Ran::default();
            // Nobody knows of a cut before something was tried.
            let read = device.get(property).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(via.is_none_or(|via| read.via() == via), "{name}: {read:?}");
            for _ in 0..2 {
                match device.action(action, []).await {
                    Ok(done) => {
                        assert!(done.is_ok(), "{name}: {done:?}");
                        assert!(via.is_none_or(|via| done.via() == via), "{name}: {done:?}");
                        ran.certainly += 1;
                    }
                    Err(error) if error.kind() == ErrorKind::MaybeExecuted && *name == LOSSY => {
                        ran.perhaps += 1;
                    }
                    Err(error) => panic!("{name}: {error}"),
                }
            }
            (*name, ran)
        });
        for (name, of) in join_all(acts).await {
            let sum = ran.entry(name).or_default();
            sum.certainly += of.certainly;
            sum.perhaps += of.perhaps;
        }
    }
}

const LOSSY: &str = "Hall lamp";

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_takes_over_and_hands_back_and_no_action_runs_twice() {
    let whole = Whole::known().await;
    let mut ran = BTreeMap::new();
    whole.act(None, &mut ran).await;
    assert!(whole.sim.cloud().report().actions.is_empty(), "{:?}", whole.sim.cloud().report());

    let cut = whole.sim.cut_lan();
    whole.act(Some(Via::Cloud), &mut ran).await;
    assert_eq!(whole.set("Bedside", "light:brightness", json!(7)).await, Ok(Via::Cloud));
    assert_eq!(whole.value("Bedside", "bright"), json!(7));
    assert_eq!(whole.set("Fan", "fan:on", json!(true)).await, Ok(Via::Cloud));
    assert_eq!(whole.value("Fan", "power"), json!("on"));
    assert_eq!(whole.discover().await, (0, 0), "nobody is heard");
    drop(cut);

    // It is heard again.
    assert_eq!(whole.discover().await, (ON_THE_LAN, 0));
    let before = whole.sim.cloud().report();
    whole.act(None, &mut ran).await;
    let after = whole.sim.cloud().report();
    assert_eq!((&after.actions, &after.rpcs), (&before.actions, &before.rpcs));
    assert_eq!(whole.set("Bedside", "light:brightness", json!(8)).await, Ok(Via::Yeelight));

    let counted = whole.sim.actions();
    for (name, _, own, _) in &ACTIONS {
        let (times, Ran { certainly, perhaps }) = (counted[name][*own], &ran[name]);
        assert!((*certainly..=certainly + perhaps).contains(&times), "{name}: {times}, {ran:?}");
        if *name != LOSSY {
            assert_eq!((times, *perhaps), (6, 0), "{name}");
        }
        assert_eq!(counted[name].len(), 1, "{counted:?}");
    }
    assert_eq!(whole.sim.cloud().report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_answer_gets_lost_is_sent_no_other_way() {
    let whole = Whole::known().await;
    let names = ["Desk lamp", "Kettle plug", "Old vacuum", "Bedside"];
    for name in names {
        let (_, _, _, property) = ACTIONS.iter().find(|(of, ..)| *of == name).unwrap();
        whole.home.device(name).unwrap().get(property).await.unwrap();
        match whole.sim.member(name).unwrap().device() {
            Device::Miio(device) => {
                device.set_faults(Faults::seed(1).id_memory(32).loss_out(1.0));
            }
            Device::Yeelight(bulb) => bulb.set_silence(Silence::Answers),
            _ => {}
        }
    }
    let acts = names.map(|name| {
        let (_, action, ..) = ACTIONS.iter().find(|(of, ..)| *of == name).unwrap();
        let device = whole.home.device(name).unwrap();
        async move { (name, device.action(action, []).await) }
    });
    for (name, done) in join_all(acts).await {
        assert_eq!(done.unwrap_err().kind(), ErrorKind::MaybeExecuted, "{name}");
    }
    let counted = whole.sim.actions();
    for name in names {
        assert_eq!(counted[name].values().copied().collect::<Vec<_>>(), [1], "{name}: {counted:?}");
    }
    let cloud = whole.sim.cloud().report();
    assert!(cloud.actions.is_empty() && cloud.rpcs.is_empty(), "{cloud:?}");
}
