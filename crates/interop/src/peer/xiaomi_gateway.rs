//! PyXiaomiGateway as the client, our simulated gateways against it, in both versions of the protocol.
//!
//! It is a library, so a script of ours (`peers/xiaomi_gateway.py`) does with it what it is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use iot_home::lumi::{Key, Version};
use iot_home_sim::SimGateway;
use iot_home_sim::lumi::Report;
use serde_json::json;
use tokio::process::Command;

use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

/// Made up.
const KEY: &str = "q3zq0f2yd3t3nqx4";
const OTHER_KEY: &str = "0987654321qwerty";
/// Sooner than real ones, and later than everything that comes before the one that is waited for.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// Lets it do what a home's controller does.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    // Told, and read from the gateway's own state.
    for (version, proto) in [
        (Version::V1, Some("1.1.2")),
        (Version::V1, None),
        (Version::V2, Some("2.0.1")),
        (Version::V2, None),
    ] {
        let mut python = Command::new(peers.python());
        let mut peer = Dialogue::start("xiaomi-gateway", python.arg(script), run).await?;
        let played = everyday(&mut peer, tally, version, proto).await;
        peer.stop().await;
        played?;
    }
    Ok(())
}

async fn everyday(
    peer: &mut Dialogue,
    tally: &mut Tally,
    version: Version,
    proto: Option<&str>,
) -> Result<(), Failure> {
    let port = peer.ask(json!({"do": "port"})).await?["ok"].as_u64();
    let port = port.and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| peer.failure("it names no port"))?;
    let key: Key = KEY.parse().map_err(|error| Failure::new(format!("a key: {error}")))?;
    let sim = SimGateway::builder(key)
        .version(version)
        .heartbeat(HEARTBEAT)
        .report_to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .spawn()
        .await
        .map_err(|error| Failure::new(format!("a gateway: {error}")))?;
    let (own, plug, magnet) = (sim.sid(), sim.children()[0], sim.children()[1]);
    let order = |key: &str| {
        json!({"do": "gateway", "port": sim.addr().port(), "sid": own.to_string(), "key": key,
            "proto": proto})
    };
    let [gateway, sensor, switch] = [own, magnet, plug].map(|sid| json!([sid.to_string()]));
    let devices =
        json!({"sensor": gateway, "light": gateway, "binary_sensor": sensor, "switch": switch});
    let told = if version == Version::V1 { "1.1.2" } else { "2.0.1" };
    let wanted = json!({"ok": {"devices": devices, "proto": told}});
    tally.equal("the devices", peer.ask(order(KEY)).await?, wanted);

    let write = |status: &str| json!({"do": "write", "sid": plug.to_string(), "values": {"status": status}});
    tally.equal("a write", peer.ask(write("on")).await?, json!({"ok": true}));
    tally.equal("what it did", sim.value(plug, "status"), Some("on".into()));
    let hear =
        |cmd: &str, sid: &dyn ToString| json!({"do": "hear", "cmd": cmd, "sid": sid.to_string()});
    let heard = peer.ask(hear("report", &plug)).await?;
    tally.includes("its report", &heard["ok"], &json!({"status": "on"}));
    let read = peer.ask(json!({"do": "read", "sid": plug.to_string()})).await?;
    tally.equal("a read", &read["ok"][0], &json!(true));
    tally.includes("what it tells", &read["ok"][1], &json!({"status": "on", "voltage": 3600}));

    sim.set_value(magnet, "status", "open");
    let heard = peer.ask(hear("report", &magnet)).await?;
    tally.includes("a report", &heard["ok"], &json!({"status": "open"}));

    // An old token, which it puts right by a list.
    let old = |report: Report| report.violations.old_token;
    let before = old(sim.report());
    sim.roll_token();
    tally.equal("a write with an old token", peer.ask(write("toggle")).await?, json!({"ok": true}));
    tally.equal("how often it was one", old(sim.report()) - before, 1);
    // A new one, which it hears of.
    let heard = peer.ask(hear("heartbeat", &own)).await?;
    tally.equal("a heartbeat", heard, json!({"ok": null}));
    tally.equal("a write after it", peer.ask(write("toggle")).await?, json!({"ok": true}));
    tally.equal("no more old ones", old(sim.report()) - before, 1);
    tally.equal("how often it was written to", sim.report().executed(plug), 3);

    peer.ask(order(OTHER_KEY)).await?;
    tally.equal("a wrong key", peer.ask(write("off")).await?, json!({"ok": false}));
    let mut report = sim.report();
    tally.equal("how often it was tried", report.violations.wrong_key, 2);
    tally.equal(
        "and written",
        (report.executed(plug), sim.value(plug, "status")),
        (3, Some("on".into())),
    );
    (report.violations.old_token, report.violations.wrong_key) = (0, 0);
    tally.equal("what else was wrong", report.violations.total(), 0);
    tally.exchanged(0, report.answers);
    Ok(())
}
