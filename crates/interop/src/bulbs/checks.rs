//! What has to come of it: at the clients, at the bulbs, and on the wire between them.

use std::collections::BTreeMap;
use std::time::Duration;

use iot_home::yeelight::SEARCH_PORT;
use iot_home::yeelight::search::GROUP;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{BRIEFLY, BULBS, Bench, NETWORKS, VISITOR, addr, at, everybody, id};
use crate::process::Failure;
use crate::tally::Tally;

pub(super) async fn play(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    bench.lay(1).await?;
    bench.passed().await?;
    for (who, finds) in [("one network", [1].as_slice()), ("two networks", &NETWORKS)] {
        if finds.len() > 1 {
            bench.lay(2).await?;
            bench.passed().await?;
        }
        all(bench, who, finds, tally).await?;
        others(bench, who, tally).await?;
    }
    one(bench, tally).await?;
    early(bench, tally).await?;
    by_address(bench, tally).await?;
    control(bench, tally).await?;
    music(bench, tally).await?;
    advertisements(bench, tally).await?;
    finish(bench, tally).await
}

/// Our search without targets: each bulb once, though it answers three times.
async fn all(
    bench: &mut Bench<'_>,
    who: &str,
    networks: &[u8],
    tally: &mut Tally,
) -> Result<(), Failure> {
    let seen = bench.client.ask(json!({"do": "discover"})).await?;
    tally.equal(&format!("{who}: a search finds"), found(&seen), bulbs(networks));
    tally.check(&format!("{who}: three seconds"), (3000..3900).contains(&took(&seen)), &seen);
    let wire = networks.iter().flat_map(|network| searched(*network, 3)).collect();
    tally.equal(&format!("{who}: what passes on the wire"), bench.passed().await?, wire);
    Ok(())
}

/// The others' searches, which leave by the first network only unless told otherwise.
async fn others(bench: &mut Bench<'_>, who: &str, tally: &mut Tally) -> Result<(), Failure> {
    let finds = bench.python_finds(json!([2])).await?;
    tally.equal(&format!("{who}: python-yeelight finds"), finds, bulbs(&[1]));
    let mut wire = searched(1, 1);
    // It leaves out the last line end.
    wire.remove(&search(1));
    wire.insert(format!("client1 {} > {GROUP} multicast 84 bytes", addr(1, 1)), 1);
    tally.equal(&format!("{who}: what passes of that"), bench.passed().await?, wire);

    let options = json!({"limit": 6, "timeout": 1500, "fallback": false});
    let found = bench.node.ask(json!({"do": "discover", "options": options})).await?;
    let device = |device: &Value| {
        let at = format!("{}:{}", device["host"].as_str().unwrap_or_default(), device["port"]);
        (at, device["id"].as_str().unwrap_or_default().to_owned())
    };
    let mut finds: Vec<_> = found["ok"].as_array().into_iter().flatten().map(device).collect();
    finds.sort();
    tally.equal(&format!("{who}: yeelight-awesome finds"), finds, bulbs(&[1]));
    // Every 200 ms, until it gives up.
    let passed = bench.passed().await?;
    let searches = passed.get(&search(1)).copied().unwrap_or(0);
    tally.check(&format!("{who}: its searches"), searches >= 3, searches);
    let wire = searched(1, searches);
    tally.equal(&format!("{who}: what passes of those"), passed, wire);
    Ok(())
}

/// Searches over one interface: the other network hears nothing of it.
async fn one(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for network in NETWORKS {
        let interfaces = [addr(network, 1).to_string()];
        let order = json!({"do": "discover", "interfaces": interfaces, "count": BULBS.len()});
        let seen = bench.client.ask(order).await?;
        tally.equal("a search over one interface finds", found(&seen), bulbs(&[network]));
        let wire = searched(network, 1);
        tally.equal("what passes on its wire and the other", bench.passed().await?, wire);
    }
    let finds = bench.python_finds(json!([1, "lan2"])).await?;
    tally.equal("python-yeelight over the other interface", finds, bulbs(&[2]));
    bench.passed().await?;
    Ok(())
}

/// A search that knows how many there are: it ends with the last, and asks nobody again.
async fn early(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let seen = bench.client.ask(json!({"do": "discover", "count": 6})).await?;
    tally.equal("a search for six finds", found(&seen), bulbs(&NETWORKS));
    tally.check("it ends before the second round", took(&seen) < 900, &seen);
    // Past the third round.
    sleep(Duration::from_millis(2200)).await;
    let wire = NETWORKS.iter().flat_map(|network| searched(*network, 1)).collect();
    tally.equal("what passes before it and after", bench.passed().await?, wire);
    Ok(())
}

/// A search of known addresses in both networks, from one socket.
async fn by_address(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let targets: Vec<_> = everybody().map(|(net, bulb)| addr(net, bulb).to_string()).collect();
    let seen = bench.client.ask(json!({"do": "discover", "targets": targets, "count": 6})).await?;
    tally.equal("a search by address finds", found(&seen), bulbs(&NETWORKS));
    let unicast = |(network, bulb)| {
        let (own, to) = (addr(network, 1), addr(network, bulb));
        (format!("client{network} {own} > {to}:{SEARCH_PORT} unicast search"), 1)
    };
    let answers = NETWORKS.iter().flat_map(|network| answers(*network, 1));
    let wire = everybody().map(unicast).chain(answers).collect();
    tally.equal("what passes of it", bench.passed().await?, wire);
    Ok(())
}

/// The addresses found are good for control.
async fn control(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for (network, bulb) in everybody() {
        let bright = 10 * network + bulb;
        let to = at(network, bulb);
        let order = json!({"do": "control", "to": to, "bright": bright});
        let said = bench.client.ask(order).await?;
        tally.includes(&format!("{to} is controlled"), &said, &json!({"read": bright, "on": true}));
        let report = bench.report((network, bulb)).await?;
        tally.equal(&format!("{to} shows it"), &report["bright"], &json!(bright));
    }
    Ok(())
}

/// A bulb knows its own network only: it can connect back if it is told the address that the client
/// has there.
async fn music(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for network in NETWORKS {
        let bulb = (network, BULBS[0]);
        let rgb = 0x10_20_30 * u32::from(network);
        let order = json!({"do": "music", "to": at(bulb.0, bulb.1), "rgb": rgb});
        let said = bench.client.ask(order).await?;
        tally.equal(&format!("music in network {network}"), said, json!({"rgb": rgb}));
        let on = json!({"music_connections": 1, "music_commands": 1, "rgb": rgb, "music_on": 1});
        bench.shows(bulb, &format!("music in network {network}"), &on, tally).await?;
        bench.client.ask(json!({"do": "silence"})).await?;
        let off = json!({"music_on": 0});
        bench.shows(bulb, &format!("no music in network {network}"), &off, tally).await?;
    }

    // Somebody else's, from the same machine.
    let (network, bulb) = (2, BULBS[1]);
    let ip = addr(network, bulb).to_string();
    bench.python.ask(json!({"do": "client", "ip": ip, "port": iot_home::yeelight::PORT})).await?;
    let started = bench.python.ask(json!({"do": "call", "method": "start_music"})).await?;
    tally.equal("python-yeelight's music", started, json!({"ok": "ok"}));
    let on = json!({"music_connections": 1, "music_on": 1});
    bench.shows((network, bulb), "python-yeelight's music", &on, tally).await?;
    let stopped = bench.python.ask(json!({"do": "call", "method": "stop_music"})).await?;
    tally.equal("python-yeelight's music ends", stopped, json!({"ok": "ok"}));
    Ok(())
}

/// Bulbs that get power, and say so; and bulbs that go without a word.
async fn advertisements(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let listening = bench.client.ask(json!({"do": "listen"})).await?;
    tally.equal("our client listens", listening, json!("listening"));
    bench.passed().await?;
    for (network, bulb) in everybody() {
        bench.bulb((network, bulb))?.ask(json!({"do": "advertise"})).await?;
    }
    let heard = bench.heard(6).await?;
    let wanted = told("new", everybody());
    tally.equal("advertisements heard", heard.keys().cloned().collect::<Vec<_>>(), wanted);
    let advertisement = |(network, bulb)| {
        let (from, id) = (addr(network, bulb), id(network, bulb));
        (format!("client{network} {from} > {GROUP} multicast advertisement of {id}"), 1)
    };
    let wire = everybody().map(advertisement).collect();
    tally.equal("what passes of them", bench.passed().await?, wire);

    let visitors = NETWORKS.map(|network| (network, VISITOR));
    for (network, bulb) in visitors {
        bench.begin(network, bulb, BRIEFLY).await?;
    }
    let came = bench.heard(2).await?;
    let wanted = told("new", visitors);
    tally.equal("visitors heard", came.keys().cloned().collect::<Vec<_>>(), wanted);
    for visitor in visitors {
        if let Some(station) = bench.bulbs.remove(&visitor) {
            station.stop().await;
        }
    }
    let went = bench.heard(2).await?;
    let wanted = told("expired", visitors);
    tally.equal("visitors given up", went.keys().cloned().collect::<Vec<_>>(), wanted);
    // By what they said last, which may have been more than once.
    let ms = |heard: &BTreeMap<_, u64>| heard.values().copied().min().unwrap_or(0);
    let stayed = ms(&went).saturating_sub(ms(&came));
    tally.check("not before their time", stayed >= 2000, stayed);
    Ok(())
}

async fn finish(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    for bulb in everybody() {
        let report = bench.report(bulb).await?;
        let of = |name: &str| report[name].as_u64().unwrap_or(0);
        // One of them met the client whose first id is 0.
        let allowed = u64::from(bulb == (2, BULBS[1]));
        tally.equal(&format!("{bulb:?} refused"), of("violations"), allowed);
        tally.equal(&format!("{bulb:?} answers"), of("search_answers"), of("searches"));
        tally.exchanged(of("search_answers"), of("answers"));
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

    /// What python-yeelight's search with these arguments finds, in order.
    async fn python_finds(&mut self, args: Value) -> Result<Vec<(String, String)>, Failure> {
        let order = json!({"do": "call", "of": "main", "method": "discover_bulbs", "args": args});
        let found = self.python.ask(order).await?;
        let bulb = |bulb: &Value| {
            let at = format!("{}:{}", bulb["ip"].as_str().unwrap_or_default(), bulb["port"]);
            (at, bulb["capabilities"]["id"].as_str().unwrap_or_default().to_owned())
        };
        let mut found: Vec<_> = found["ok"].as_array().into_iter().flatten().map(bulb).collect();
        found.sort();
        Ok(found)
    }

    async fn report(&mut self, bulb: (u8, u8)) -> Result<Value, Failure> {
        self.bulb(bulb)?.ask(json!({"do": "report"})).await
    }

    /// What is sent for music is not answered, and arrives when it arrives.
    async fn shows(
        &mut self,
        bulb: (u8, u8),
        what: &str,
        wanted: &Value,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let report = self.report(bulb).await?;
            let wanted_now = wanted.as_object().into_iter().flatten();
            let holds = wanted_now.into_iter().all(|(name, value)| report[name] == *value);
            if holds || Instant::now() > until {
                tally.includes(&format!("{what}: the bulb"), &report, wanted);
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What was heard without asking, in order, and when.
    async fn heard(&mut self, least: usize) -> Result<BTreeMap<Told, u64>, Failure> {
        let heard = self.client.ask(json!({"do": "heard", "least": least})).await?;
        let heard: Vec<(String, String, String, u64)> = serde_json::from_value(heard)
            .map_err(|error| Failure::new(format!("what was heard is not told: {error}")))?;
        Ok(heard.into_iter().map(|(what, at, id, ms)| ((what, at, id), ms)).collect())
    }
}

/// What has become of a bulb, where it is, and its id.
type Told = (String, String, String);

fn told(what: &str, bulbs: impl IntoIterator<Item = (u8, u8)>) -> Vec<Told> {
    let told =
        |(network, bulb)| (what.to_owned(), at(network, bulb), id(network, bulb).to_string());
    bulbs.into_iter().map(told).collect()
}

fn search(network: u8) -> String {
    format!("client{network} {} > {GROUP}:{SEARCH_PORT} multicast search", addr(network, 1))
}

fn answers(network: u8, times: u64) -> impl Iterator<Item = (String, u64)> {
    BULBS.into_iter().map(move |bulb| {
        let (from, own, id) = (addr(network, bulb), addr(network, 1), id(network, bulb));
        (format!("client{network} {from} > {own} unicast answer of {id}"), times)
    })
}

/// What a search over one network makes pass there, which the bulbs answer as often.
fn searched(network: u8, times: u64) -> BTreeMap<String, u64> {
    answers(network, times).chain([(search(network), times)]).collect()
}

/// The bulbs of these networks as a search tells of them, in order.
fn bulbs(networks: &[u8]) -> Vec<(String, String)> {
    everybody()
        .filter(|(network, _)| networks.contains(network))
        .map(|(network, bulb)| (at(network, bulb), id(network, bulb).to_string()))
        .collect()
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
