//! What has to come of it: at the client, at the devices, and on the wire between them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use iot_home::miio::PORT;
use serde_json::{Value, json};

use super::{Bench, DEVICES, NETWORKS, addr, cable, did, everybody, forwards, up};
use crate::process::Failure;
use crate::tally::Tally;

/// An address of no network, behind a default route.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
/// An address of the second network that nobody has.
const NOBODY: Ipv4Addr = addr(2, 200);

pub(super) async fn play(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let none = bench.client.ask(json!({"do": "discover"})).await?;
    let about = none["text"].as_str().is_some_and(|text| text.contains("interfaces"));
    let refused = none["kind"] == "Io" && about;
    tally.check("a search without any network", refused, none);

    bench.lay().await?;
    all(bench, tally).await?;
    for network in NETWORKS {
        one(bench, network, tally).await?;
    }
    early(bench, tally).await?;
    calls(bench, tally).await?;
    silence(bench, tally).await?;
    no_broadcast_address(bench, tally).await?;
    more_interfaces(bench, tally).await?;
    finish(bench, tally).await
}

/// A search without targets: each device once, though it answers six times.
async fn all(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let seen = bench.client.ask(json!({"do": "discover"})).await?;
    tally.equal("a search finds", found(&seen), devices(&NETWORKS));
    tally.check("it takes three seconds", (3000..3900).contains(&took(&seen)), &seen);
    let mut wire = searched(1, 3);
    wire.append(&mut searched(2, 3));
    tally.equal("what passes on the wire", bench.passed().await?, wire);
    let heard = everybody().map(|device| (device, 6)).collect();
    tally.equal("hellos that the devices hear", bench.heard().await?, heard);
    Ok(())
}

/// A search over one interface: the other network hears nothing of it.
async fn one(bench: &mut Bench<'_>, network: u8, tally: &mut Tally) -> Result<(), Failure> {
    let order = json!({"do": "discover", "interfaces": [addr(network, 1).to_string()]});
    let seen = bench.client.ask(order).await?;
    tally.equal("a search over one interface finds", found(&seen), devices(&[network]));
    let wire = bench.passed().await?;
    tally.equal("what passes on its wire and the other", wire, searched(network, 3));
    let heard = everybody().map(|device| (device, if device.0 == network { 6 } else { 0 }));
    tally.equal("hellos on its side and the other", bench.heard().await?, heard.collect());
    Ok(())
}

/// A search that knows how many there are: it ends with the last, and asks nobody again.
async fn early(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let seen = bench.client.ask(json!({"do": "discover", "count": 6})).await?;
    tally.equal("a search for six finds", found(&seen), devices(&NETWORKS));
    tally.check("it ends before the second round", took(&seen) < 500, &seen);
    // Past the third round.
    tokio::time::sleep(Duration::from_millis(1800)).await;
    let mut wire = searched(1, 1);
    wire.append(&mut searched(2, 1));
    tally.equal("what passes before it and after", bench.passed().await?, wire);
    let heard = everybody().map(|device| (device, 2)).collect();
    tally.equal("hellos before it and after", bench.heard().await?, heard);
    Ok(())
}

/// The addresses found are good for calls, from one socket into both networks.
async fn calls(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for (network, device) in everybody() {
        let to = addr(network, device).to_string();
        let said = bench.client.ask(json!({"do": "info", "to": to})).await?;
        tally.check("the model of a device found", said["model"].is_string(), &said);
    }
    let heard = everybody().map(|device| (device, 1)).collect();
    tally.equal("hellos, one before each call", bench.heard().await?, heard);
    Ok(())
}

/// Silence, told apart by whether the address lies in a network of the client's.
async fn silence(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for (to, off_subnet) in [(NOBODY, false), (OUTSIDE, true)] {
        for what in ["hello", "info"] {
            let seen = bench.client.ask(json!({"do": what, "to": to.to_string()})).await?;
            let wanted = json!({"kind": "NoHello", "off_subnet": off_subnet});
            tally.includes(&format!("{what} to {to}, no route"), &seen, &wanted);
        }
    }
    bench.passed().await?;
    // A router that has no MAC address of anybody: what goes there leaves, and nothing comes.
    let router = addr(2, 254);
    let lines = format!(
        "neighbour add {router} lladdr 02:00:00:00:00:fe nud permanent dev lan2\n\
         route add default via {router} dev lan2\n"
    );
    bench.client.ip(bench.run, &lines).await?;
    for what in ["hello", "info"] {
        let seen = bench.client.ask(json!({"do": what, "to": OUTSIDE.to_string()})).await?;
        let wanted = json!({"kind": "NoHello", "off_subnet": true});
        tally.includes(&format!("{what} to {OUTSIDE}, by a router"), &seen, &wanted);
        let passed = bench.passed().await?;
        let key = format!("client2 {} > {OUTSIDE}:{PORT} unicast hello", addr(2, 1));
        let hellos = passed.get(&key).copied().unwrap_or(0);
        tally.check("nothing but its hellos leaves", hellos > 0 && passed.len() == 1, &passed);
        tally.equal("the hellos that the error tells of", told(&seen), Some(hellos));
    }
    let heard = everybody().map(|device| (device, 0)).collect();
    tally.equal("hellos meant for somebody else", bench.heard().await?, heard);
    Ok(())
}

/// An interface that was given no broadcast address, as `ip addr add` does unless told otherwise.
async fn no_broadcast_address(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let own = addr(2, 1);
    let lines = format!("addr del {own}/24 dev lan2\naddr add {own}/24 dev lan2\n");
    bench.client.ip(bench.run, &lines).await?;
    let order = json!({"do": "discover", "interfaces": [own.to_string()]});
    let seen = bench.client.ask(order).await?;
    tally.equal("without a broadcast address it finds", found(&seen), devices(&[2]));
    let heard = everybody().map(|device| (device, if device.0 == 2 { 3 } else { 0 })).collect();
    tally.equal("hellos to 255.255.255.255 alone", bench.heard().await?, heard);
    bench.passed().await?;
    Ok(())
}

/// A second interface in the first network, as with a cable and Wi-Fi at once, one without a
/// carrier and one that is down.
async fn more_interfaces(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let second = cable(1, "client1b", "lan1b", bench.client.pid()?);
    bench.middle.ip(bench.run, &second).await?;
    let lines = format!(
        "link add name idle type veth peer name off\n{}{}link set off down\n{}",
        up("idle", addr(3, 1)),
        up("off", addr(4, 1)),
        up("lan1b", addr(1, 2)),
    );
    bench.client.ip(bench.run, &lines).await?;
    forwards(&bench.middle, 1).await?;
    bench.middle.ask("watch client1b").await?;
    let seen = bench.client.ask(json!({"do": "discover"})).await?;
    tally.equal("with more interfaces it finds", found(&seen), devices(&NETWORKS));
    let passed = bench.passed().await?;
    for (port, own) in [("client1", addr(1, 1)), ("client1b", addr(1, 2)), ("client2", addr(2, 1))]
    {
        let hello = format!("{port} {own} > {}:{PORT} broadcast hello", Ipv4Addr::BROADCAST);
        tally.equal(&format!("out of {port} pass"), passed.get(&hello), Some(&3));
    }
    // From the first network's two interfaces to both addresses, from the second's to one.
    let heard = everybody().map(|device| (device, if device.0 == 1 { 12 } else { 3 })).collect();
    tally.equal("hellos with more interfaces", bench.heard().await?, heard);
    Ok(())
}

async fn finish(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for report in bench.reports().await?.values() {
        let of = |name: &str| report[name].as_u64().unwrap_or(0);
        tally.equal("refused by our device", of("violations"), 0);
        tally.equal("datagrams that are neither", of("datagrams"), of("hellos") + of("answers"));
        tally.exchanged(of("hellos"), of("answers"));
    }
    Ok(())
}

impl Bench<'_> {
    /// What passed the client's ends of the wires since this was last asked, and how often.
    async fn passed(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        let passed = self.middle.ask("take").await?;
        serde_json::from_value(passed)
            .map_err(|error| Failure::new(format!("the wire is not told of: {error}")))
    }

    /// The hellos that each device heard since this was last asked.
    async fn heard(&mut self) -> Result<BTreeMap<(u8, u8), u64>, Failure> {
        let reports = self.reports().await?;
        let hellos = reports.iter().map(|(device, report)| {
            let now = report["hellos"].as_u64().unwrap_or(0);
            let before = self.heard.insert(*device, now).unwrap_or(0);
            (*device, now - before)
        });
        Ok(hellos.collect())
    }

    async fn reports(&mut self) -> Result<BTreeMap<(u8, u8), Value>, Failure> {
        let mut reports = BTreeMap::new();
        for (device, station) in &mut self.devices {
            reports.insert(*device, station.ask("report").await?);
        }
        Ok(reports)
    }
}

/// What a search over one network makes pass there: two broadcasts in each round, and as many
/// answers of each device.
fn searched(network: u8, rounds: u64) -> BTreeMap<String, u64> {
    let own = addr(network, 1);
    let hello = |to| format!("client{network} {own} > {to}:{PORT} broadcast hello");
    let broadcasts = [addr(network, 255), Ipv4Addr::BROADCAST].map(|to| (hello(to), rounds));
    let answers = DEVICES.map(|device| {
        let (from, did) = (addr(network, device), did(network, device));
        let answer = format!("client{network} {from}:{PORT} > {own} unicast answer of {did}");
        (answer, 2 * rounds)
    });
    broadcasts.into_iter().chain(answers).collect()
}

/// The devices of these networks as a search tells of them, in order.
fn devices(networks: &[u8]) -> Vec<(String, String)> {
    everybody()
        .filter(|(network, _)| networks.contains(network))
        .map(|(network, device)| {
            let at = format!("{}:{PORT}", addr(network, device));
            (at, did(network, device).to_string())
        })
        .collect()
}

/// The number of hellos in the text of an error, which comes after the address.
fn told(seen: &Value) -> Option<u64> {
    let (_, reason) = seen["text"].as_str()?.split_once(&format!(":{PORT}: "))?;
    reason.split(|letter: char| !letter.is_ascii_digit()).find_map(|word| word.parse().ok())
}

/// What a search told of, in order and with everything it said twice.
fn found(seen: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> =
        serde_json::from_value(seen["found"].clone()).unwrap_or_default();
    found.sort();
    found
}

fn took(seen: &Value) -> u64 {
    seen["ms"].as_u64().unwrap_or(u64::MAX)
}
