//! python-miio's command line as the client, our simulated devices against it.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use iot_home::sim::{Faults, SimDevice};
use serde_json::json;

use super::miiocli::Miiocli;
use super::ours::{self, LIGHT, TOKEN};
use super::python_faults::{blanks, quirks, repeated_id, wrong_token};
use crate::install::Peers;
use crate::process::Failure;
use crate::software_lamp;
use crate::tally::Tally;

/// Where python-miio runs, and what it finds there.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The peers.
    pub(crate) peers: &'a Peers,
    /// The folder of this run, with the specification of the light in its cache.
    pub(crate) run: &'a Path,
}

impl Place<'_> {
    /// Its command line for a device of ours.
    pub(super) fn cli(self, addr: Ipv4Addr) -> Miiocli {
        Miiocli::new(self.peers, self.run, addr, TOKEN)
    }
}

/// Lets it do everything it can do with our devices.
pub(crate) async fn play(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    // What waits for silence takes 20 s, nearly all of it asleep: it goes on beside the rest.
    let refusals = async { tokio::join!(wrong_token(place), blanks(place), repeated_id(place)) };
    let rest = async {
        hidden(place, tally).await?;
        shown(place, tally).await?;
        by_specification(place, tally).await?;
        by_class(place, tally).await?;
        software_lamp(place, tally).await
    };
    let (refusals, quirks, rest) = tokio::join!(refusals, quirks(place), rest);
    for (case, outcome) in quirks {
        case.judge(outcome, tally);
    }
    let (token, blanks, id) = refusals;
    for refusal in [token, blanks, id] {
        match refusal {
            Ok(refusal) => refusal.judge(tally),
            Err(failure) => tally.fail(failure),
        }
    }
    rest
}

/// A device as they are today: hello, info, raw commands, MIoT by number.
async fn hidden(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(10, 1);
    let faults = Faults::seed(1).stamp_window(Duration::from_secs(2));
    let sim = ours::light(addr).did(0x1234_5678).faults(faults).spawn().await?;
    let cli = place.cli(addr).model(LIGHT);

    let options = ["--debug", "--output", "json"];
    let said =
        cli.run(&options, "device", &["raw_command", "get_prop", "['bright', 'power']"]).await?;
    tally.equal("get_prop", said.json()?, json!([40, "on"]));
    let hello = said.stderr.contains("Discovered 12345678")
        && said.stderr.contains("token: b'ffffffffffffffffffffffffffffffff'");
    tally.check("it logs did and hidden token", hello, &said.stderr);

    // Its info, in the form that is our answer word for word.
    let info = place.cli(addr).json("device", &["info"]).await?;
    tally.includes("info", &info, &json!({"model": LIGHT, "mac": "28:6C:07:34:56:78"}));

    tally.equal("set_power", cli.raw("set_power", "['off']").await?, json!(["ok"]));
    tally.equal("set_power took place", sim.property("2.1"), Some(json!(false)));
    tally.equal("read back", cli.raw("get_prop", "['power']").await?, json!(["off"]));
    let refused = cli.raw("no_such_method", "[]").await?;
    tally.includes("an unknown method", &refused, &json!({"code": -32601}));

    for (id, value, kind, wanted) in [
        ((2, 1), "true", "bool", json!(true)),
        ((2, 2), "55", "int", json!(55)),
        ((2, 4), "Küche \"灯\"", "str", json!("Küche \"灯\"")),
    ] {
        let set = cli.set_property(id, value, kind).await?;
        tally.includes("set", &set, &json!({"siid": id.0, "piid": id.1, "code": 0}));
        tally.equal("set took place", sim.property(id), Some(wanted.clone()));
        let read = cli.get_property(id.0, id.1).await?;
        tally.includes("read back", &read, &json!({"code": 0, "value": wanted}));
    }
    let range = cli.set_property((2, 2), "500", "int").await?;
    tally.includes("a value out of range", &range, &json!({"code": -4005}));
    let locked = cli.set_property((3, 1), "x", "str").await?;
    tally.includes("a property that cannot be written", &locked, &json!({"code": -4002}));
    let unknown = cli.get_property(9, 9).await?;
    tally.includes("an unknown property", &unknown, &json!({"code": -4003}));

    let toggled = cli.json("miotdevice", &["call_action_by", "2", "1"]).await?;
    tally.includes("an action", &toggled, &json!({"code": 0}));
    tally.equal("the action took place", sim.property("2.1"), Some(json!(false)));
    let dimmed = cli.json("miotdevice", &["call_action_by", "2", "2", "[12]"]).await?;
    tally.includes("an action with a value", &dimmed, &json!({"code": 0}));
    tally.equal("that action took place", sim.property("2.2"), Some(json!(12)));

    let report = sim.report();
    tally.equal("refused by our device", report.violations.total(), 0);
    tally.equal("requests without an answer", report.requests - report.answers, 0);
    // Three hellos for each run of it.
    tally.equal("hellos", report.hellos, 3 * 16);
    tally.exchanged(report.hellos, report.answers);
    Ok(())
}

/// A device fresh from the factory: the token that it shows is the one that works, and its own
/// answer to `miIO.info` names the address and token which the peer then uses.
async fn shown(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(10, 2);
    let sim = ours::fresh(addr).await?;
    let hex = TOKEN.map(|byte| format!("{byte:02x}")).concat();
    let said = place.cli(addr).run(&["--debug"], "device", &["info"]).await?;
    tally.check("the token it is shown", said.stderr.contains(&hex), &said.stderr);
    for line in [
        format!("Model: {LIGHT}"),
        String::from("Supported using: GenericMiot"),
        format!("--ip {addr} --token {hex}"),
        String::from("Supported by genericmiot: True"),
    ] {
        tally.check(&line, said.stdout.contains(&line), &said.stdout);
    }
    finish(&sim, tally);
    Ok(())
}

/// Its way of today: everything by names out of the specification.
async fn by_specification(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(10, 3);
    let sim = ours::light(addr).spawn().await?;
    let cli = place.cli(addr);
    let set = cli.json("genericmiot", &["set", "light:brightness", "77"]).await?;
    tally.equal("set by name", set.pointer("/0/code"), Some(&json!(0)));
    let called = cli.json("genericmiot", &["call", "light:toggle"]).await?;
    tally.includes("an action by name", &called, &json!({"code": 0}));
    let status = cli.json("genericmiot", &["status"]).await?;
    let wanted = json!({"light:on": false, "light:brightness": 77, "light:mode": 0});
    tally.includes("status by name", &status, &wanted);
    let cells = (1..=24).all(|n| status[format!("memory:cell-{n}")] == format!("cell {n}"));
    tally.check("28 properties in requests of ten", cells, &status);
    finish(&sim, tally);
    Ok(())
}

/// Its way of before MIoT: a class for each kind of device.
async fn by_class(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(10, 7);
    let sim = ours::plug(addr).await?;
    let cli = place.cli(addr);
    tally.equal("a class sets", cli.json("chuangmiplug", &["on"]).await?, json!(["ok"]));
    tally.equal("set took place", sim.property("power"), Some(json!("on")));
    let status = cli.json("chuangmiplug", &["status"]).await?;
    tally.equal("a class reads", status, json!({"power": "on", "temperature": 31}));
    finish(&sim, tally);
    Ok(())
}

/// The lamp of the example: a device that is no simulated one.
async fn software_lamp(place: Place<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let addr = ours::addr(10, 8);
    let _lamp = ours::software_lamp(addr).await?;
    let cli = place.cli(addr).model(software_lamp::MODEL);
    let info = cli.json("device", &["info"]).await?;
    tally.includes("info of the lamp", &info, &json!({"model": software_lamp::MODEL}));
    tally.equal("the lamp on", cli.raw("set_power", "['on']").await?, json!(["ok"]));
    let read = cli.raw("get_prop", "['power', 'bright', 'none']").await?;
    tally.equal("the lamp read", read, json!(["on", 100, null]));
    let set = cli.set_property((2, 2), "33", "int").await?;
    tally.includes("the lamp dimmed", &set, &json!({"siid": 2, "piid": 2, "code": 0}));
    let read = cli.get_property(2, 2).await?;
    tally.includes("the lamp read by number", &read, &json!({"code": 0, "value": 33}));
    let range = cli.set_property((2, 2), "500", "int").await?;
    tally.includes("a value out of the lamp's range", &range, &json!({"code": -4005}));
    let toggled = cli.json("miotdevice", &["call_action_by", "2", "1"]).await?;
    tally.includes("the lamp toggled", &toggled, &json!({"code": 0}));
    tally.equal("the lamp off", cli.raw("get_prop", "['power']").await?, json!(["off"]));
    Ok(())
}

/// Counts the exchanges with a device that had nothing to refuse.
fn finish(sim: &SimDevice, tally: &mut Tally) {
    let report = sim.report();
    tally.equal("refused by our device", report.violations.total(), 0);
    tally.exchanged(report.hellos, report.answers);
}
