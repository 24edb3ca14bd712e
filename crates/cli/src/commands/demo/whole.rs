//! The whole home of the demo, which is found and controlled as one. Each step says what it saw, or what was not as it
//! should be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{join_all, try_join_all};
use iot_home::hub::discovery::{Event, Protocol};
use iot_home::hub::home::{ErrorKind, Via};
use iot_home::hub::{Home, discover};
use iot_home::lumi::Lumi;
use iot_home::micloud::{Hosts, MiCloud};
use iot_home::miio::Client;
use iot_home::miot::SpecServer;
use iot_home::sim::SimHome;
use iot_home::sim::home::{Device, LanCut, Member, PASSWORD, USER};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::Context;
use super::steps::{check, expect, millis};
use super::told;
use crate::ordered::spellings;

/// Fourteen devices on the LAN with four children, a cloud that knows them all, and what controls them.
pub(super) struct Whole {
    sim: SimHome,
    home: Home,
    cloud: MiCloud,
    /// How often actions are known to have run, and how often they may have.
    ran: Mutex<BTreeMap<&'static str, (u64, u64)>>,
}

impl Whole {
    pub(super) async fn start(context: &Context) -> Result<Self, String> {
        let sim = SimHome::furnished().spawn().await.map_err(text)?;
        let hosts = Hosts::default().account(&sim.cloud().account_url()).map_err(text)?;
        let hosts = hosts.sts(&sim.cloud().sts_url()).map_err(text)?;
        let hosts = hosts.api(&sim.cloud().api_url()).map_err(text)?;
        let http = Arc::new(iot_home::http::Client::builder().no_proxy().build().map_err(text)?);
        let cloud = MiCloud::builder().hosts(hosts).http(Arc::clone(&http) as _).build();
        let cloud = cloud.map_err(told)?;
        let specs = SpecServer::builder().url(sim.specs().url()).http(http).build();
        let mut client = Client::builder().timeout(PATIENCE);
        if let Some(recorder) = &context.recorder {
            let tokens = sim.devices().flat_map(|device| spellings(&device.token()));
            client = client.on_wire(recorder.observer(tokens.collect()));
        }
        let client = client.bind().await.map_err(text)?;
        // On loopback alone, where nothing but the answers is heard.
        let lumi = Lumi::builder().local_addr(([127, 0, 0, 1], 0).into()).without_reports();
        let home = Home::builder().miio(client).cloud(cloud.clone());
        let home = home.lumi(lumi.bind().await.map_err(text)?);
        let home = home.spec_server(specs.map_err(text)?).open().await.map_err(text)?;
        Ok(Self { sim, home, cloud, ran: Mutex::default() })
    }

    /// Asks everybody, and learns of everybody who answers. Returns how many there are.
    async fn look_around(&self) -> Result<usize, String> {
        let members = self.sim.members();
        let mut search = discover().wait(SEARCH).count(members.len() + self.children());
        for member in members {
            search = search.target(protocol(member)?, member.search_addr());
        }
        let mut search = search.start().map_err(text)?;
        let mut new = 0;
        while let Some(event) = search.next().await {
            let Event::Device { sighting, update } = event else { continue };
            new += usize::from(update.is_new);
            if let Some(facts) = sighting.facts() {
                self.home.learn(sighting.source(), facts);
            }
        }
        Ok(new)
    }

    /// Children that their gateway tells of on the LAN.
    fn children(&self) -> usize {
        self.sim.gateways().map(|gateway| gateway.children().len()).sum()
    }

    async fn set(&self, name: &str, property: &str, value: Value, via: Via) -> Result<(), String> {
        let device = self.home.device(name).map_err(text)?;
        let done = device.set([(property, value)]).await.map_err(text)?;
        let done = done.first().ok_or("nothing was answered")?;
        check(done.is_ok(), || format!("{name} refuses {property}"))?;
        expect(
            &format!("the way to {name}"),
            &json!(done.via().as_str()),
            Some(via.as_str().into()),
        )
    }

    /// Reads, and runs an action, at every device at once.
    async fn act(&self, via: impl Fn(Via) -> bool + Copy) -> Result<(), String> {
        let acts = ACTIONS.map(|(name, action, _, property)| async move {
            let device = self.home.device(name).map_err(text)?;
            // Nobody knows of a cut before something was tried.
            let read = device.get(property).await.map_err(text)?;
            let (done, way) = match device.action(action, []).await {
                Ok(done) => ((1, 0), done.via()),
                Err(error) if error.kind() == ErrorKind::MaybeExecuted => ((0, 1), read.via()),
                Err(error) => return Err(text(error)),
            };
            for way in [read.via(), way] {
                check(via(way), || format!("{name} was reached by the way {way}"))?;
            }
            Ok((name, done))
        });
        let mut problem = Ok(());
        for done in join_all(acts).await {
            match done {
                Ok((name, (certainly, perhaps))) => {
                    let mut ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
                    let sum = ran.entry(name).or_default();
                    *sum = (sum.0 + certainly, sum.1 + perhaps);
                }
                Err(error) => problem = Err(error),
            }
        }
        problem
    }
}

pub(super) async fn found(whole: &Whole) -> Result<String, String> {
    let started = Instant::now();
    let found = whole.look_around().await?;
    let took = started.elapsed();
    let members = whole.sim.members().len();
    expect("devices found", &json!(found), Some((members + whole.children()).into()))?;
    expect("devices known", &json!(whole.home.devices().len()), Some(found.into()))?;
    Ok(format!(
        "{members} devices answer three protocols within {}, each is one device; {}",
        millis(took),
        "10 speak miIO, 3 are bulbs, 1 is a Lumi gateway with two children"
    ))
}

pub(super) async fn listed(whole: &Whole) -> Result<String, String> {
    let started = Instant::now();
    let mut dialog = whole.cloud.log_in(USER, PASSWORD);
    let challenge = dialog.challenge().await.map_err(told)?;
    check(challenge.is_none(), || "the login was challenged".into())?;
    let listed = whole.home.refresh().await.map_err(text)?.devices;
    let took = started.elapsed();
    expect("devices known", &json!(whole.home.devices().len()), Some(listed.into()))?;
    let mut tokens = 0;
    for member in whole.sim.members() {
        let facts = whole.home.device(member.name()).map_err(text)?.facts();
        let facts = facts.ok_or_else(|| format!("{} is forgotten", member.name()))?;
        if let Some(device) = member.miio() {
            check(facts.token == Some(device.token()), || {
                format!("the token of {} is another one", member.name())
            })?;
            tokens += 1;
        }
    }
    Ok(format!(
        "the cloud names {listed} devices, {} of them children, and brings {tokens} tokens, within {}",
        listed - whole.sim.members().len(),
        millis(took)
    ))
}

pub(super) async fn set(whole: &Whole) -> Result<String, String> {
    let started = Instant::now();
    let settings = [
        ("Desk lamp", "light:brightness", json!(40), Via::Lan),
        ("Kettle plug", "switch:on", json!(true), Via::Lan),
        ("Humidifier", "target-humidity", json!(60), Via::Lan),
        ("Fan", "fan:horizontal-angle", json!(90), Via::Lan),
        ("Old vacuum", "vacuum:fan-power", json!(90), Via::Lan),
        ("Bedside", "light:color", json!(0xff_8800), Via::Yeelight),
        ("Ceiling", "ambient-light:on", json!(true), Via::Yeelight),
        ("Hub plug", "switch:on", json!(true), Via::Cloud),
    ];
    let count = settings.len();
    let set = settings.map(|(name, property, value, via)| whole.set(name, property, value, via));
    try_join_all(set).await?;
    let took = started.elapsed();
    for (name, property, value) in [
        ("Desk lamp", "bright", json!(40)),
        ("Fan", "angle", json!(90)),
        ("Bedside", "rgb", json!(0xff_8800)),
        ("Ceiling", "bg_power", json!("on")),
    ] {
        expect(name, &value, own(whole, name, property))?;
    }
    Ok(format!(
        "{count} devices are set by the names of MIoT-Spec: 5 by miIO, 2 by Yeelight, a child by the cloud, within {}",
        millis(took)
    ))
}

pub(super) async fn cut(whole: &Whole) -> Result<String, String> {
    whole.act(|via| via != Via::Cloud).await?;
    let cuts: Vec<LanCut<'_>> = whole.sim.members().iter().filter_map(cut_short).collect();
    let started = Instant::now();
    whole.act(|via| via == Via::Cloud).await?;
    let took = started.elapsed();
    whole.set("Bedside", "light:brightness", json!(7), Via::Cloud).await?;
    expect("the bulb's own brightness", &json!(7), own(whole, "Bedside", "bright"))?;
    drop(cuts);
    Ok(format!(
        "packets to miIO devices get lost and bulbs take no connections: the cloud takes over within {}",
        millis(took)
    ))
}

pub(super) async fn back(whole: &Whole) -> Result<String, String> {
    for bulb in whole.sim.bulbs() {
        bulb.set_lan_control(true);
    }
    let before = whole.sim.cloud().report();
    let started = Instant::now();
    expect(
        "devices heard",
        &json!(whole.look_around().await?),
        Some((whole.sim.members().len() + whole.children()).into()),
    )?;
    whole.act(|via| via != Via::Cloud).await?;
    let took = started.elapsed();
    let after = whole.sim.cloud().report();
    expect("calls of the cloud", &json!(after.calls), Some(json!(before.calls)))?;
    Ok(format!(
        "the LAN is back: the same devices are heard, and used without the cloud, within {}",
        millis(took)
    ))
}

/// The simulators' own counters.
pub(super) fn once(whole: &Whole) -> Result<String, String> {
    let ran = whole.ran.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = whole.sim.actions();
    let (mut called, mut all) = (0, 0);
    for (name, _, id, _) in ACTIONS {
        let (certainly, perhaps) = ran.get(name).copied().unwrap_or_default();
        let times = counted.get(name).and_then(|of| of.get(id)).copied().unwrap_or_default();
        check((certainly..=certainly + perhaps).contains(&times), || {
            format!(
                "{name} was called {certainly} to {} times and acted {times} times",
                certainly + perhaps
            )
        })?;
        called += certainly + perhaps;
        all += times;
    }
    expect(
        "refusals of the cloud",
        &json!(whole.sim.cloud().report().violations.total()),
        Some(json!(0)),
    )?;
    Ok(format!(
        "{called} actions were called, before, during and after the cut; {all} ran, none of them twice"
    ))
}

/// What is said of the home before it is played with.
pub(super) fn introduction(whole: &Whole) -> String {
    let gateways = whole.sim.gateways().count();
    format!(
        "Another home has {} miIO devices, {} bulbs, {gateways} Lumi gateway, and a cloud that knows them all.\n\n",
        whole.sim.devices().count(),
        whole.sim.bulbs().count(),
    )
}

fn protocol(member: &Member) -> Result<Protocol, String> {
    Ok(match member.device() {
        Device::Miio(_) => Protocol::Miio,
        Device::Yeelight(_) => Protocol::Yeelight,
        Device::Lumi(_) => Protocol::Lumi,
        _ => return Err(format!("{} cannot be searched", member.name())),
    })
}

/// Bulbs refuse connections, which is known at once; else the audience would wait five seconds for an answer.
fn cut_short(member: &Member) -> Option<LanCut<'_>> {
    match member.bulb() {
        Some(bulb) => {
            bulb.set_lan_control(false);
            None
        }
        None => Some(member.cut_lan()),
    }
}

/// What a device itself says.
fn own(whole: &Whole, name: &str, property: &str) -> Option<Value> {
    let member = whole.sim.member(name)?;
    let miio = member.miio().and_then(|device| device.property(property));
    miio.or_else(|| member.bulb()?.property(property))
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// A device, an action by name, what its own counter calls it, and what it is read by.
const ACTIONS: [(&str, &str, &str, &str); 8] = [
    ("Desk lamp", "light:toggle", "2.1", "light:on"),
    ("Hall lamp", "light:toggle", "2.1", "light:on"),
    ("Noisy lamp", "light:toggle", "2.1", "light:on"),
    ("Kettle plug", "switch:toggle", "2.1", "switch:on"),
    ("Vacuum", "vacuum:start-sweep", "2.1", "vacuum:status"),
    ("Old vacuum", "identify:identify", "find_me", "vacuum:status"),
    ("Bedside", "light:toggle", "toggle", "light:on"),
    ("Shelf", "light:toggle", "toggle", "light:on"),
];
const PATIENCE: Duration = Duration::from_millis(700);
const SEARCH: Duration = Duration::from_secs(2);
