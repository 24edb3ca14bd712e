//! node-mihome as the client, our simulated devices against it.
//!
//! It is a library without a command line, so a script of ours (`peers/mihome.js`) plays steps with
//! it and prints what came of each.

use std::net::Ipv4Addr;
use std::time::Duration;

use iot_home::sim::{Faults, Quirk, SimDevice};
use serde_json::{Value, json};
use tokio::process::Command;

use super::ours::{self, HUMIDIFIER, TOKEN};
use crate::install::Peers;
use crate::process::{Failure, succeed};
use crate::software_lamp;
use crate::tally::Tally;

const DEADLINE: Duration = Duration::from_secs(60);
/// Its own patience before it repeats a request, and less where nothing will be answered.
const USUAL: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_millis(500);
const SCRIPT: &str = "mihome.js";

/// Lets it do everything it can do with our devices.
pub(crate) async fn play(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let script = peers.node_folder().join(SCRIPT);
    std::fs::write(&script, include_str!("../../peers/mihome.js")).map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", script.display()))
    })?;
    classic(peers, tally).await?;
    miot(peers, tally).await?;
    quirks(peers, tally).await?;
    wrong_token(peers, tally).await?;
    repeated_id(peers, tally).await?;
    software_lamp(peers, tally).await
}

/// A device from before MIoT, by the library's class for its model.
async fn classic(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(20, 1);
    let faults = Faults::seed(2).stamp_window(Duration::from_secs(2));
    let sim = ours::humidifier(addr, faults).await?;
    let steps = json!([
        ["send", "miIO.info", []],
        ["load", ["power", "limit_hum", "depth"]],
        ["do", "setPower", [true]],
        ["do", "setTargetHumidity", [60]],
        ["send", "get_prop", ["limit_hum", "power"]],
        ["burst", 20, "get_prop", ["power"]],
        ["send", "no_such_method", []],
    ]);
    let [info, loaded, power, humidity, read, burst, unknown] =
        steps_of(peers, addr, &steps).await?;
    tally.includes("info", &info["ok"], &json!({"model": HUMIDIFIER}));
    let wanted = json!({"power": "off", "limit_hum": 40, "depth": 120});
    tally.equal("properties", &loaded["ok"], &wanted);
    tally.equal("set by its class", [&power["ok"], &humidity["ok"]], [&json!(["ok"]); 2]);
    tally.equal("set took place", sim.property("limit_hum"), Some(json!(60)));
    tally.equal("read back", &read["ok"], &json!([60, "on"]));
    tally.equal("twenty at once", &burst["ok"], &json!(vec![["on"]; 20]));
    tally.equal("an unknown method", &unknown["error"]["code"], &json!(-32601));
    let report = sim.report();
    tally.equal("set once", report.executed("set_power"), 1);
    finish(&sim, tally);
    Ok(())
}

/// MIoT by the library's names for numbers.
async fn miot(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(20, 2);
    let sim = ours::light(addr).spawn().await?;
    let names = json!({
        "light:on": {"siid": 2, "piid": 1},
        "light:brightness": {"siid": 2, "piid": 2},
        "light:none": {"siid": 9, "piid": 9},
    });
    let alone = json!({"refresh": ["light:brightness"]});
    let steps = json!([
        ["spec", names],
        ["load", ["light:on", "light:brightness", "light:none"]],
        ["do", "miotSetProperty", ["light:brightness", 44, alone]],
        ["do", "miotSetProperty", ["light:on", false, alone]],
        ["load", ["light:on", "light:brightness"]],
        ["do", "miotSetProperty", ["light:brightness", 500, alone]],
        ["send", "action", {"did": "1", "siid": 2, "aiid": 1, "in": []}],
        ["send", "get_properties", [{"did": "x", "siid": 2, "piid": 1}]],
    ]);
    let [_, loaded, set, _, read, range, action, raw] = steps_of(peers, addr, &steps).await?;
    // What has a code other than 0 is left out.
    tally.equal("get", &loaded["ok"], &json!({"light:on": true, "light:brightness": 40}));
    tally.includes("set", &set["ok"], &json!({"siid": 2, "piid": 2, "code": 0}));
    tally.equal("read back", &read["ok"], &json!({"light:on": false, "light:brightness": 44}));
    let message = &range["error"]["message"];
    tally.equal("a value out of range", message, &json!("Could not perform operation"));
    tally.includes("an action", &action["ok"], &json!({"code": 0}));
    tally.equal("the action took place", sim.property("2.1"), Some(json!(true)));
    tally.includes("get by number", &raw["ok"][0], &json!({"did": "x", "code": 0, "value": true}));
    finish(&sim, tally);
    Ok(())
}

/// The lamp of the example: a device that is no simulated one.
async fn software_lamp(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(20, 9);
    let _lamp = ours::software_lamp(addr).await?;
    let steps = json!([
        ["send", "miIO.info", []],
        ["send", "set_power", ["on"]],
        ["send", "set_properties", [{"did": "1", "siid": 2, "piid": 2, "value": 33}]],
        ["send", "get_prop", ["power", "bright"]],
        ["send", "action", {"did": "1", "siid": 2, "aiid": 1, "in": []}],
        ["send", "get_properties", [{"did": "1", "siid": 2, "piid": 1}, {"did": "1", "siid": 9, "piid": 9}]],
        ["send", "no_such_method", []],
    ]);
    let [info, on, dimmed, read, toggled, by_number, unknown] =
        steps_of(peers, addr, &steps).await?;
    tally.includes("info of the lamp", &info["ok"], &json!({"model": software_lamp::MODEL}));
    tally.equal("the lamp on", &on["ok"], &json!(["ok"]));
    tally.includes("the lamp dimmed", &dimmed["ok"][0], &json!({"code": 0}));
    tally.equal("the lamp read", &read["ok"], &json!(["on", 33]));
    tally.includes("the lamp toggled", &toggled["ok"], &json!({"code": 0}));
    tally.includes("the lamp off", &by_number["ok"][0], &json!({"code": 0, "value": false}));
    tally.includes("what the lamp does not have", &by_number["ok"][1], &json!({"code": -4003}));
    tally.equal("what the lamp cannot do", &unknown["error"]["code"], &json!(-32601));
    Ok(())
}

/// What it is known to put right.
async fn quirks(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let survived = [
        Quirk::TrailingNul,
        Quirk::TrailingNuls,
        Quirk::ControlCharacters,
        Quirk::ExtraKeys,
        Quirk::DuplicateReply,
        Quirk::WrongId,
        Quirk::NoBlanks,
    ];
    for (quirk, device) in survived.into_iter().zip(20..) {
        let addr = ours::addr(20, device);
        let sim = ours::faulty(addr, Faults::seed(2).quirk(quirk)).await?;
        let steps = json!([["send", "miIO.info", []], ["send", "get_prop", ["power", "bright"]]]);
        let [info, read] = steps_of(peers, addr, &steps).await?;
        let what = format!("the quirk {quirk}");
        tally.includes(&what, &info["ok"], &json!({"model": ours::LIGHT}));
        tally.equal(&what, &read["ok"], &json!(["on", 40]));
        finish(&sim, tally);
    }
    Ok(())
}

/// Hello needs no token, so that it tries three times and is never answered.
async fn wrong_token(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(20, 3);
    let sim = ours::light(addr).spawn().await?;
    let steps = json!([["send", "get_prop", ["power"]]]);
    let [refused] = played(peers, addr, [0x11; 16], SOON, &steps).await?;
    tally.equal("a wrong token", &refused["error"]["code"], &json!("timeout"));
    let report = sim.report();
    tally.equal("a wrong token: refused", report.violations.bad_checksum, 3);
    tally.equal("a wrong token: answers", report.answers, 0);
    tally.exchanged(report.hellos, report.answers);
    Ok(())
}

/// Each start of it begins with the id 1, which a device with a memory ignores the second time.
async fn repeated_id(peers: &Peers, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(20, 4);
    let sim = ours::faulty(addr, Faults::seed(2).id_memory(32)).await?;
    let steps = json!([["send", "get_prop", ["power"]]]);
    for _ in 0..2 {
        let [read] = played(peers, addr, TOKEN, SOON, &steps).await?;
        tally.equal("an id used before", &read["ok"], &json!(["on"]));
    }
    let report = sim.report();
    tally.equal("an id used before: refused", report.violations.repeated_id, 1);
    tally.exchanged(report.hellos, report.answers);
    Ok(())
}

/// Counts the exchanges with a device that had nothing to refuse.
fn finish(sim: &SimDevice, tally: &mut Tally) {
    let report = sim.report();
    tally.equal("refused by our device", report.violations.total(), 0);
    tally.equal("requests without an answer", report.requests - report.answers, 0);
    tally.exchanged(report.hellos, report.answers);
}

async fn steps_of<const N: usize>(
    peers: &Peers,
    addr: Ipv4Addr,
    steps: &Value,
) -> Result<[Value; N], Failure> {
    played(peers, addr, TOKEN, USUAL, steps).await
}

/// Plays the steps in a process of their own and returns an answer to each.
async fn played<const N: usize>(
    peers: &Peers,
    addr: Ipv4Addr,
    token: [u8; 16],
    timeout: Duration,
    steps: &Value,
) -> Result<[Value; N], Failure> {
    let job = json!({
        "device": {
            "model": HUMIDIFIER,
            "id": "1",
            "address": addr.to_string(),
            "token": token.map(|byte| format!("{byte:02x}")).concat(),
        },
        "timeout": timeout.as_secs_f64() * 1000.0,
        "steps": steps,
    });
    let mut node = Command::new("node");
    node.arg(SCRIPT).arg(job.to_string()).current_dir(peers.node_folder());
    let said = succeed(&mut node, DEADLINE).await?;
    let odd = || Failure::new(format!("{SCRIPT} answers {said:?}"));
    let mut answers: Value = serde_json::from_str(&said).map_err(|_| odd())?;
    let answers = answers["answers"].as_array_mut().map(std::mem::take).ok_or_else(odd)?;
    answers.try_into().map_err(|_| odd())
}
