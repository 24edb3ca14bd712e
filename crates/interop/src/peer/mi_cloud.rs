//! Clients of the Mi cloud that know nothing of us, and our stand-in: micloud, which encrypts, and node-mihome, which does not.
//!
//! Both call Xiaomi's own hosts by name; scripts of ours (`peers/micloud.py`, `peers/mihome_cloud.js`) send what is for any of
//! them to the stand-in.

use std::path::Path;

use iot_home::micloud::Region;
use iot_home_sim::micloud::{Account, Builder, CloudDevice, Expiry, Faults, Home, Outage};
use iot_home_sim::{SimCloud, SimDevice};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const USER: &str = "someone@example.com";
/// Made up; beyond ASCII, since what is hashed is its UTF-8.
const PASSWORD: &str = "päss wörd";
const LAMP: &str = "300000001";
const SCRIPT: &str = "mihome_cloud.js";

/// micloud: RC4 mode.
pub(crate) async fn play_micloud(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    // It sends the key along with what is signed with it.
    let cloud = cloud().takes_ssecurity(true).spawn().await?;
    let mut python = Command::new(peers.python());
    python.arg(script).arg(cloud.addr().port().to_string());
    let mut peer = Dialogue::start("micloud", &mut python, run).await?;
    let played = async {
        everyday(&mut peer, &cloud, tally).await?;
        let calls: u64 = cloud.report().calls.values().sum();
        tally.equal(
            "it sends the key with every call",
            cloud.report().violations.ssecurity_sent,
            calls,
        );
        finish(&cloud, calls, tally);
        Ok(())
    };
    let played = played.await;
    peer.stop().await;
    played
}

/// node-mihome: plain mode.
pub(crate) async fn play_node_mihome(
    peers: &Peers,
    run: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let cloud = cloud().spawn().await?;
    crate::save(&peers.node_folder(), SCRIPT, include_str!("../../peers/mihome_cloud.js"))?;
    let mut node = Command::new("node");
    node.arg(SCRIPT).arg(cloud.addr().port().to_string()).current_dir(peers.node_folder());
    let mut peer = Dialogue::start("node-mihome-cloud", &mut node, run).await?;
    let played = async {
        everyday(&mut peer, &cloud, tally).await?;
        let order = json!({
            "do": "miio", "country": "de", "did": LAMP, "method": "get_prop", "params": ["power"],
        });
        tally.equal("a method of miIO", peer.ask(order).await?, json!({"ok": ["on"]}));
        finish(&cloud, 0, tally);
        Ok(())
    };
    let played = played.await;
    peer.stop().await;
    played
}

/// A lamp in Europe that is a simulated device, and records in mainland China.
fn cloud() -> Builder {
    let mut builder = SimCloud::builder()
        .account(Account::new(USER, PASSWORD))
        .home(Home::new(1, "home").room(2, "hall").region(Region::De))
        .device(CloudDevice::of(SimDevice::light().did(300_000_001)).name("灯").home(1).room(2));
    for did in 0..1000 {
        builder = builder.device(CloudDevice::new(format!("7{did:05}")));
    }
    builder
}

async fn everyday(peer: &mut Dialogue, cloud: &SimCloud, tally: &mut Tally) -> Result<(), Failure> {
    let login = |password: &str| json!({"do": "login", "user": USER, "password": password});
    let refused = peer.ask(login("wrong")).await?;
    tally.check("a wrong password", refused.get("error").is_some(), &refused);
    tally.equal("a wrong password: why", cloud.report().wrong_passwords, 1);
    tally.equal("it logs in", peer.ask(login(PASSWORD)).await?, json!({"ok": true}));

    let devices = peer.ask(json!({"do": "devices", "country": "de"})).await?;
    let wanted = json!({"did": LAMP, "name": "灯"});
    let device = &devices["ok"][0];
    for key in ["did", "name"] {
        tally.equal("a device", &device[key], &wanted[key]);
    }
    let token = device["token"].as_str().map(str::len);
    tally.equal("its token", token, Some(32));
    let devices = peer.ask(json!({"do": "devices", "country": "cn"})).await?;
    tally.equal("a thousand devices", devices["ok"].as_array().map(Vec::len), Some(1000));
    let devices = peer.ask(json!({"do": "devices", "country": "sg"})).await?;
    tally.equal("another region", &devices, &json!({"ok": []}));

    for value in [true, false, true] {
        let item = json!({"did": LAMP, "siid": 2, "piid": 1, "value": value});
        let set = call("/miotspec/prop/set", &json!({"params": [item]}));
        let answer = peer.ask(set).await?;
        tally.equal("a property is set", &answer["ok"]["result"][0]["code"], &json!(0));
        let item = json!({"did": LAMP, "siid": 2, "piid": 1});
        let get = call("/miotspec/prop/get", &json!({"params": [item], "datasource": 2}));
        let answer = peer.ask(get).await?;
        tally.equal("it is read", &answer["ok"]["result"][0]["value"], &json!(value));
    }
    let brightness = json!({"did": LAMP, "siid": 2, "piid": 2, "value": 500});
    let set = call("/miotspec/prop/set", &json!({"params": [brightness]}));
    let answer = peer.ask(set).await?;
    tally.equal("out of range", &answer["ok"]["result"][0]["code"], &json!(-704_220_043));
    let rpc = json!({"id": 1, "method": "get_prop", "params": ["power"]});
    let answer = peer.ask(call(&format!("/home/rpc/{LAMP}"), &rpc)).await?;
    tally.equal("a method", &answer["ok"]["result"], &json!(["on"]));
    let wrong = peer.ask(call("/home/device_list", &json!([]))).await?;
    tally.equal("data that make no sense", &wrong["ok"]["code"], &json!(-8));

    // In pieces it is the same.
    let slow = Outage::Slow(4096, std::time::Duration::from_millis(1));
    cloud.set_faults(Faults::seed(1).next(slow, 1));
    let devices = peer.ask(json!({"do": "devices", "country": "cn"})).await?;
    tally.equal("in pieces", devices["ok"].as_array().map(Vec::len), Some(1000));

    let report = cloud.report();
    tally.equal("logins", (report.password_logins, report.tickets), (1, 1));
    tally.equal("writes that came", report.writes.get(LAMP), Some(&4));

    // Neither logs in again by itself.
    cloud.expire(Expiry::Status401);
    let list = json!({"getVirtualModel": false});
    let answer = peer.ask(call("/home/device_list", &list)).await?;
    tally.check("a login that has ended", answer.get("error").is_some(), &answer);
    tally.equal("it was told so", cloud.report().expired, 1);
    let again = peer.ask(login(PASSWORD)).await?;
    tally.equal("it logs in again", again, json!({"ok": true}));
    let answer = peer.ask(call("/home/device_list", &list)).await?;
    tally.equal("and goes on", &answer["ok"]["code"], &json!(0));
    Ok(())
}

fn call(path: &str, data: &Value) -> Value {
    json!({"do": "call", "country": "de", "path": path, "data": data})
}

/// Counts what was exchanged with a cloud that had nothing else to refuse.
fn finish(cloud: &SimCloud, keys_sent: u64, tally: &mut Tally) {
    let report = cloud.report();
    // The data that made no sense were ours.
    let known = keys_sent + 1;
    tally.equal("refused by our cloud", report.violations.total(), known);
    tally.exchanged(report.logins(), report.calls.values().sum());
}
