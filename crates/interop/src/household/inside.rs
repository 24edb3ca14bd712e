//! The halves of this program that run at the stations: a host of simulated devices, and our client.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home::hub::discovery::Event;
use iot_home::hub::{DiscoveryError, Facts, Home, Source, discover};
use iot_home::lumi;
use iot_home::miio::PORT;
use iot_home::miot::{Spec, samples};
use iot_home::sim::lumi::Child;
use iot_home::sim::miio::HelloToken;
use iot_home::sim::{SimBulb, SimDevice, SimGateway};
use iot_home::yeelight;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::networks::{listen, say};
use crate::process::Failure;

/// Whatever it is told to be, on the address that it is told to have.
pub(crate) async fn host() -> Result<(), Failure> {
    // They end with it.
    let (mut devices, mut bulbs, mut gateways) = (Vec::new(), Vec::new(), Vec::new());
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order = order(&line)?;
        let addr = addr(&order["addr"]).unwrap_or(Ipv4Addr::UNSPECIFIED);
        let did = order["did"].as_u64().unwrap_or(0);
        for kind in order["kinds"].as_array().into_iter().flatten() {
            match kind.as_str() {
                Some("miio") => {
                    // A hello by broadcast reaches only who listens everywhere.
                    let light = SimDevice::light().did(did).listen((Ipv4Addr::UNSPECIFIED, PORT));
                    devices.push(light.hello(HelloToken::Shown).spawn().await?);
                }
                Some("bulb") => {
                    let bulb = SimBulb::color()
                        .id(did)
                        .listen((addr, yeelight::PORT))
                        .search_listen((Ipv4Addr::UNSPECIFIED, yeelight::SEARCH_PORT))
                        .join_group(addr)
                        .advertise_to((yeelight::search::GROUP, yeelight::SEARCH_PORT))
                        .max_age(Duration::from_secs(1));
                    bulbs.push(bulb.spawn().await?);
                }
                Some("gateway") => {
                    let gateway = SimGateway::builder(KEY.parse().map_err(unfit)?)
                        .sid(format!("286c{did:08x}").parse().map_err(unfit)?)
                        .children([
                            Child::plug(PLUG.parse().map_err(unfit)?),
                            Child::magnet(DOOR.parse().map_err(unfit)?),
                        ])
                        .listen((addr, lumi::PORT))
                        .search_listen((Ipv4Addr::UNSPECIFIED, lumi::SEARCH_PORT))
                        .join_group(addr);
                    gateways.push(gateway.spawn().await.map_err(unfit)?);
                }
                _ => return Err(Failure::new(format!("{line:?} is no order"))),
            }
        }
        say(&json!("begun"));
    }
    Ok(())
}

/// Our client. Each order is a search, or has what is found controlled.
pub(crate) async fn client() -> Result<(), Failure> {
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order = order(&line)?;
        if let Some(dids) = order["control"].as_array() {
            say(&control(dids).await?);
            continue;
        }
        let seen = search(&order).await.unwrap_or_else(
            |error| json!({"kind": format!("{:?}", error.kind()), "text": error.to_string()}),
        );
        say(&seen);
    }
    Ok(())
}

/// A search of everything, as long as it takes unless the order says otherwise.
async fn search(order: &Value) -> Result<Value, DiscoveryError> {
    let interfaces = order["interfaces"].as_array().into_iter().flatten().filter_map(addr);
    let mut search = discover().interfaces(interfaces);
    if let Some(count) = order["count"].as_u64().and_then(|count| usize::try_from(count).ok()) {
        search = search.count(count);
    }
    let (before, held, began) = (threads(), memory("VmRSS"), Instant::now());
    // From here on the most that it takes is counted.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let mut search = search.start()?;
    let (mut told, mut neighbors, mut failed) = (0, Vec::new(), Vec::new());
    while let Some(event) = search.next().await {
        match event {
            Event::Device { update, .. } if update.is_new => told += 1,
            Event::Device { update, .. } => {
                told -= update.absorbed.len().try_into().unwrap_or(i64::MAX);
            }
            Event::Neighbor(neighbor) => {
                neighbors.push(json!([
                    neighbor.service.name(),
                    &*neighbor.name,
                    neighbor.addr.to_string()
                ]));
            }
            Event::Failed(error) => failed.push(error.to_string()),
            _ => failed.push("an event that is not known".to_owned()),
        }
    }
    let ms = u64::try_from(began.elapsed().as_millis()).ok();
    let mut devices: Vec<Value> =
        search.household().devices().map(|(_, facts)| device(facts)).collect();
    devices.sort_by_key(ToString::to_string);
    drop(search);
    Ok(json!({"devices": devices, "told": told, "neighbors": neighbors, "failed": failed, "ms": ms,
        "threads_left": left(before).await, "grown_kib": memory("VmHWM").saturating_sub(held)}))
}

/// Learns what a search finds, and sets and reads the brightness of the devices of these dids: what is read, and by which
/// way.
async fn control(dids: &[Value]) -> Result<Value, Failure> {
    let failed = |what: &dyn std::fmt::Display| Failure::new(format!("our home: {what}"));
    let mut search = discover().start().map_err(|error| failed(&error))?;
    while search.next().await.is_some() {}
    let mut home = Home::builder();
    for (_, facts) in search.household().devices() {
        if let Some(model) = facts.model.as_deref().filter(|_| facts.miio.is_some()) {
            let spec = Spec::from_json(samples::LIGHT.json.as_bytes());
            home = home.spec(model, spec.map_err(|error| failed(&error))?);
        }
    }
    let home = home.open().await.map_err(|error| failed(&error))?;
    for (_, facts) in search.household().devices() {
        home.learn(Source::Miio, facts.clone());
    }
    let mut done = Vec::new();
    for (did, brightness) in dids.iter().filter_map(Value::as_str).zip(21..) {
        let device = home.device(did).map_err(|error| failed(&error))?;
        let set = device.set([("light:brightness", json!(brightness))]).await;
        let read = match set {
            Ok(_) => device.get("light:brightness").await,
            Err(error) => Err(error),
        };
        done.push(match read {
            Ok(answer) => json!([did, answer.value, answer.via().as_str()]),
            Err(error) => json!([did, error.to_string()]),
        });
    }
    Ok(done.into())
}

fn device(facts: &Facts) -> Value {
    json!({
        "did": facts.did.as_ref().map(ToString::to_string),
        "bulb": facts.bulb.map(|bulb| bulb.to_string()),
        "sid": facts.sid.map(|sid| sid.to_string()),
        "mac": facts.mac.map(|mac| mac.to_string()),
        "model": facts.model,
        "miio": facts.miio.map(|addr| addr.to_string()),
        "yeelight": facts.yeelight.map(|addr| addr.to_string()),
        "lumi": facts.lumi.map(|addr| addr.to_string()),
    })
}

/// How many threads of the search are there after it, once they had time to end.
async fn left(before: usize) -> usize {
    for _ in 0..250 {
        if threads() <= before {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    threads().saturating_sub(before)
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// A figure of this process's memory in KiB.
fn memory(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(figure));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn order(line: &str) -> Result<Value, Failure> {
    serde_json::from_str(line)
        .map_err(|error| Failure::new(format!("{line:?} is no order: {error}")))
}

fn addr(value: &Value) -> Option<Ipv4Addr> {
    value.as_str()?.parse().ok()
}

fn unfit(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our simulated gateway: {error}"))
}

/// The ids of what hangs below a gateway.
const PLUG: &str = "158d0001a2b3c4";
const DOOR: &str = "158d0001a2b3c5";
/// A gateway's made up key.
const KEY: &str = "0987654321qwerty";
