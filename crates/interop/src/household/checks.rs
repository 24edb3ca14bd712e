//! What has to come of a search of everything.

use serde_json::{Value, json};

use super::{Bench, MIIO, addr};
use crate::process::Failure;
use crate::tally::Tally;

pub(super) async fn play(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let none = bench.client.ask(json!({})).await?;
    tally.equal("a search without any network", none["kind"].clone(), json!("NoInterface"));

    bench.lay().await?;
    let home: Vec<Value> = [1, 2].into_iter().flat_map(devices).collect();
    let seen = bench.client.ask(json!({})).await?;
    found(&seen, home.clone(), tally);
    tally.equal(
        "neighbours",
        seen["neighbors"].clone(),
        json!([["_home-assistant._tcp.local.", "Home", "10.77.2.11:8123"]]),
    );
    let ms = seen["ms"].as_u64().unwrap_or(0);
    tally.check("it takes three seconds", (3000..4500).contains(&ms), ms);

    let order = json!({"interfaces": [addr(2, 1).to_string()]});
    found(&bench.client.ask(order).await?, devices(2), tally);
    // A container's network is searched by who asks for it.
    let order = json!({"interfaces": [addr(3, 1).to_string()]});
    found(&bench.client.ask(order).await?, devices(3), tally);

    let seen = bench.client.ask(json!({"count": 7})).await?;
    // How much was told of each by then is chance.
    tally.equal("seven are enough", ids(&seen["devices"]), ids(&home.into()));
    tally.equal("each of the seven is told of once", seen["told"].clone(), json!(7));
    let ms = seen["ms"].as_u64().unwrap_or(u64::MAX);
    tally.check("it ends with the last of them", ms < 3000, ms);
    // Each on its own network; two by miIO and the bulb as one.
    let order = json!({"control": ["125829387", "125829388", "125829643"]});
    let done = bench.client.ask(order).await?;
    let wanted =
        json!([["125829387", 21, "lan"], ["125829388", 22, "lan"], ["125829643", 23, "lan"]]);
    tally.equal("a search's finds are controlled by name", done, wanted);
    flooded(bench, "instances", 0.0, tally).await?;
    let seen = flooded(bench, "addresses", 0.001, tally).await?;
    let failed = json!(["the search by mDNS does not work"]);
    tally.equal("a search that hears more than a home has", seen["failed"].clone(), failed);
    tally.exchanged(7, 6);
    Ok(())
}

/// Somebody forges announcements for as long as the search takes: it ends in time, holds little, and whoever answers it by
/// another protocol is found.
async fn flooded(
    bench: &mut Bench<'_>,
    what: &str,
    pause: f32,
    tally: &mut Tally,
) -> Result<Value, Failure> {
    let Some((host, _, announcer)) = bench.hosts.get_mut(1) else { return Ok(Value::Null) };
    let addr = host.addr().to_string();
    let order = json!({"flood": what, "seconds": 4, "pause": pause, "addr": addr, "type": MIIO});
    announcer.ask(order).await?;
    let seen = bench.client.ask(json!({})).await?;
    let ms = seen["ms"].as_u64().unwrap_or(0);
    tally.check("forged announcements put no end off", (3000..4500).contains(&ms), ms);
    let grown = seen["grown_kib"].as_u64().unwrap_or(u64::MAX);
    tally.check("forged announcements fill no memory", grown < MOST_GROWTH, grown);
    tally.equal("threads left over by a flood", seen["threads_left"].clone(), json!(0));
    let found = ids(&seen["devices"]);
    let answering =
        [1, 2].into_iter().flat_map(devices).filter(|one| one["did"] != ASLEEP && !is_child(one));
    for one in answering.map(|one| ids(&json!([one]))) {
        tally.check("a flood hides nobody who answers", contains(&found, &one), &one);
    }
    Ok(seen)
}

/// A gateway is asked for its children after it was found, which a flood may make too late.
fn is_child(one: &Value) -> bool {
    one["did"].is_null() && one["lumi"].is_null()
}

fn contains(all: &Value, some: &Value) -> bool {
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    some.as_array().is_some_and(|some| some.iter().all(|one| all.contains(one)))
}

/// Each device once, with all that is told of it, and nothing left running.
fn found(seen: &Value, wanted: Vec<Value>, tally: &mut Tally) {
    let mut wanted = wanted;
    wanted.sort_by_key(ToString::to_string);
    tally.equal("each is told of once", seen["told"].clone(), json!(wanted.len()));
    tally.equal("a search of everything finds", seen["devices"].clone(), wanted.into());
    tally.equal("what does not work", seen["failed"].clone(), json!([]));
    tally.equal("threads left over", seen["threads_left"].clone(), json!(0));
}

/// Who is there, whatever is known of them.
fn ids(devices: &Value) -> Value {
    let devices = devices.as_array().into_iter().flatten();
    let mut ids: Vec<_> =
        devices.map(|device| json!([device["did"], device["sid"]]).to_string()).collect();
    ids.sort();
    json!(ids)
}

fn devices(network: u8) -> Vec<Value> {
    let one = |facts: Value| {
        let mut device = json!({"did": null, "bulb": null, "sid": null, "mac": null, "model": null,
            "miio": null, "yeelight": null, "lumi": null});
        if let (Some(device), Some(facts)) = (device.as_object_mut(), facts.as_object()) {
            device.extend(facts.clone());
        }
        device
    };
    match network {
        1 => [
            json!({"did": "125829387", "mac": "28:6C:07:AA:01:0B", "model": "yeelink.light.lamp4",
                "miio": "10.77.1.11:54321"}),
            json!({"did": "125829388", "bulb": "0x000000000780010c", "model": "yeelink.light.color4",
                "miio": "10.77.1.12:54321", "yeelight": "10.77.1.12:55443"}),
            json!({"sid": "286c0780010d", "mac": "28:6C:07:80:01:0D", "model": "gateway",
                "lumi": "10.77.1.13:9898"}),
            json!({"sid": "158d0001a2b3c4", "model": "plug"}),
            json!({"sid": "158d0001a2b3c5", "model": "magnet"}),
        ]
        .map(one)
        .into(),
        2 => [
            json!({"did": "125829643", "model": "mmgg.pet_waterer.s1", "miio": "10.77.2.11:54321"}),
            json!({"did": "125829644", "mac": "28:6C:07:AA:02:0C", "model": "rockrobo.vacuum.v1",
                "miio": "10.77.2.12:54321"}),
        ]
        .map(one)
        .into(),
        _ => [json!({"did": "125829899", "miio": "10.77.3.11:54321"})].map(one).into(),
    }
}

/// The did of the host that is only announced.
const ASLEEP: &str = "125829644";
/// In KiB: two searches' worth of records beyond what ends the search by mDNS.
const MOST_GROWTH: u64 = 32 * 1024;
