//! python-miio's push server as the device that scenes tell, our simulated gateway against it; and its client
//! as the device that tells, our listener against it.
//!
//! It is a library, so a script of ours (`peers/push_server.py`) does with it what it is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::miio::client::{SceneEvent, ScenePush};
use iot_home::miio::scene::{Scene, SceneNumber};
use iot_home::miio::{Client, PORT, Token};
use iot_home::sim::SimDevice;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::ours::{self, TOKEN};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const CLICK: &str = "event.lumi.sensor_switch.v2.click";

/// Lets both be told by the other.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut command = Command::new(peers.python());
    command.arg(script).env("LC_ALL", "C.UTF-8");
    let mut peer = Dialogue::start("python-miio-push", &mut command, run).await?;
    let played = async {
        is_told(&mut peer, tally).await?;
        tells(&mut peer, tally).await
    };
    let played = played.await;
    peer.stop().await;
    played
}

async fn ask(peer: &mut Dialogue, order: Value) -> Result<Value, Failure> {
    let answer = peer.ask(&order).await?;
    match answer.get("ok") {
        Some(ok) => Ok(ok.clone()),
        None => Err(peer.failure(&answer.to_string())),
    }
}

/// The push server stores scenes in our gateway and is told of what happens.
async fn is_told(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let (addr, target) = (ours::addr(30, 1), ours::addr(30, 2));
    let sim = SimDevice::builder()
        .listen((addr, PORT))
        .token(Token::new(TOKEN))
        .model("lumi.gateway.v3")
        .scenes(None)
        .spawn()
        .await?;
    let token = sim.token().expose_hex();
    let order = json!({"do": "start", "ip": addr, "token": token, "address": target});
    tally.equal("its address", ask(peer, order).await?, json!(target.to_string()));

    let child = json!({"source_sid": "lumi.158d0001", "source_model": "lumi.sensor_switch.v2"});
    let extra = "[1,13,1,85,[0,1],0,0]";
    let click = json!({"do": "subscribe", "action": "click", "extra": extra, "with": child});
    let click = ask(peer, click).await?;
    tally.equal("a scene for a child", &click, &json!("x.scene.1000001"));
    let alarm = json!({"do": "subscribe", "action": "alarm_triggering",
        "extra": "[1,19,1,111,[0,1],2,0]", "with": {"trigger_token": token, "trigger_value": 1}});
    let alarm = ask(peer, alarm).await?;
    tally.equal("a scene for the gateway", &alarm, &json!("x.scene.1000002"));
    tally.equal("stored", sim.scenes(), vec!["x.scene.1000001".into(), "x.scene.1000002".into()]);

    let mut wanted = Vec::new();
    for _ in 0..10 {
        tally.equal("fires", sim.fire(CLICK), 1);
        wanted.push(json!(["lumi.158d0001", "chuangmi.plug.v3.click", []]));
        let order = json!({"do": "heard", "least": 1});
        tally.equal("told", ask(peer, order).await?, json!([wanted[0]]));
    }
    sim.fire("event.lumi.gateway.v3.alarm_triggering");
    let told = ask(peer, json!({"do": "heard", "least": 1})).await?;
    let did = sim.did().to_string();
    let alarm_told = json!([[did, "chuangmi.plug.v3.alarm_triggering", []]]);
    tally.equal("told of the gateway", told, alarm_told);

    for id in [click, alarm] {
        let removed = ask(peer, json!({"do": "unsubscribe", "id": id})).await?;
        tally.equal("removed", removed, json!(["ok"]));
    }
    tally.equal("nothing is left", sim.scenes(), Vec::<String>::new());
    tally.equal("nothing fires", sim.fire(CLICK), 0);
    // Its answer may still be under way.
    for _ in 0..100 {
        if sim.report().fired_scenes == 11 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report = sim.report();
    tally.equal("its answers", report.fired_scenes, 11);
    tally.equal("refused by our device", report.violations.total(), 0);
    tally.exchanged(report.hellos, report.answers + report.fired_scenes);
    Ok(())
}

/// Our listener is told by what python-miio sends, and by our own gateway beside it.
async fn tells(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let listening = SocketAddr::from((ours::addr(30, 3), PORT));
    let mut scenes = ScenePush::bind(listening).await?;
    let source = SimDevice::builder()
        .listen((ours::addr(30, 4), PORT))
        .token(Token::new(TOKEN))
        .scenes(None)
        .spawn()
        .await?;
    let client = Client::bind().await?;
    let device = client.device(source.addr(), source.token());
    let extra = "[1,13,1,85,[0,1],0,0]";
    let scene = Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra)
        .map_err(|error| Failure::new(error.to_string()))?;
    scenes.store(&device, &scene, SceneNumber::FIRST).await?;
    // The address that python-miio sends from is the one that this machine chooses for loopback.
    scenes.listen_to(&client.device(Ipv4Addr::LOCALHOST, Token::new(TOKEN)));

    let token = source.token().expose_hex();
    for count in 0..10 {
        let order = json!({"do": "tell", "ip": listening.ip(), "token": token,
            "method": "chuangmi.plug.v3.click:lumi_158d0001", "params": [count]});
        tally.equal("our answer", ask(peer, order).await?, json!(0));
        let told = timeout(Duration::from_secs(5), scenes.next()).await;
        let told = told.map_err(|_| Failure::new("our listener told nothing"))?;
        let told = match told {
            Some(SceneEvent::Fired(fired)) => {
                json!([fired.source.to_string(), fired.action, fired.params])
            }
            other => json!(format!("{other:?}")),
        };
        tally.equal("told", told, json!(["lumi.158d0001", "click", [count]]));
    }
    source.fire(CLICK);
    let told = timeout(Duration::from_secs(5), scenes.next()).await;
    tally.check("told by our own", matches!(told, Ok(Some(SceneEvent::Fired(_)))), &told);
    let stats = scenes.stats();
    tally.equal("fired", stats.fired, 11);
    let forged = stats.bad_checksum + stats.other_address + stats.other_did + stats.malformed;
    tally.equal("taken for a forgery", forged, 0);
    tally.exchanged(stats.hellos.into(), stats.fired.into());
    ScenePush::remove(&device, SceneNumber::FIRST).await?;
    Ok(())
}
