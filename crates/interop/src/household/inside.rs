//! The halves of this program that run at the stations: a host of simulated devices, and our client.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home::hub::discovery::Event;
use iot_home::hub::{DiscoveryError, Facts, discover};
use iot_home::lumi;
use iot_home::miio::PORT;
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
                    devices.push(light.spawn().await?);
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

/// Our client. Each order is a search.
pub(crate) async fn client() -> Result<(), Failure> {
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order = order(&line)?;
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
    let (before, began) = (threads(), Instant::now());
    let mut search = search.start()?;
    let (mut told, mut neighbors, mut failed) = (0, Vec::new(), Vec::new());
    while let Some(event) = search.next().await {
        match event {
            Event::Device { update, .. } if update.is_new => told += 1,
            Event::Device { update, .. } => {
                told -= update.absorbed.len().try_into().unwrap_or(i64::MAX)
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
        "threads_left": left(before).await}))
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

/// A gateway's made up key.
const KEY: &str = "0987654321qwerty";
