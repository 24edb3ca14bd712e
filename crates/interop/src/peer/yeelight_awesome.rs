//! yeelight-awesome as the client, our simulated bulbs against it.
//!
//! It is a library, so a script of ours (`peers/yeelight_awesome.js`) does with it what it is told.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{Builder, Quota};
use serde_json::{Value, json};
use tokio::process::Command;

use super::bulb::{Client, Exchange, Step};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const SCRIPT: &str = "yeelight_awesome.js";
/// Its own is 5 s, which a busy machine may need.
const TIMEOUT_MS: u32 = 10_000;
/// It gives up connecting after a second, which a busy machine may need.
const CONNECTING: u32 = 3;

/// Writes the script to where the package is found, and says where that is.
pub(crate) fn script(peers: &Peers) -> Result<PathBuf, Failure> {
    let script = peers.node_folder().join(SCRIPT);
    std::fs::write(&script, include_str!("../../peers/yeelight_awesome.js")).map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", script.display()))
    })?;
    Ok(script)
}

/// Lets it do everything it can do with our bulbs.
pub(crate) async fn play(peers: &Peers, run: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let script = script(peers)?;
    let mut peer =
        Dialogue::start("yeelight-awesome", Command::new("node").arg(script), run).await?;
    let played = async {
        color(&mut peer, tally).await?;
        burst(&mut peer, tally).await?;
        by_itself(&mut peer, tally).await?;
        music(&mut peer, tally).await?;
        refusals(&mut peer, tally).await
    };
    let played = played.await;
    peer.stop().await;
    played
}

/// A client for a bulb of ours, connected. `set` are attributes of it.
async fn meet<'a>(
    peer: &'a mut Dialogue,
    tally: &'a mut Tally,
    bulb: Builder,
    set: Value,
) -> Result<Exchange<'a>, Failure> {
    let bulb = bulb.spawn().await?;
    let addr = bulb.addr();
    let order = json!({
        "do": "connect",
        "ip": addr.ip().to_string(),
        "port": addr.port(),
        "timeout": TIMEOUT_MS,
        "set": set,
    });
    let mut connected = peer.ask(&order).await?;
    for _ in 1..CONNECTING {
        if connected["error"]["message"] == "Connection timeout" {
            connected = peer.ask(&order).await?;
        }
    }
    tally.equal("it connects", connected, json!({"ok": null}));
    Ok(Exchange { client: Client::Awesome, peer, bulb, tally })
}

/// Without the command that it sends to see whether the bulb is there, which no bulb knows.
fn quiet() -> Value {
    json!({"disablePing": true})
}

/// All of its methods.
async fn color(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().quota(Quota::off());
    let mut at = meet(peer, tally, bulb, quiet()).await?;
    at.play(steps()).await?;
    at.leave("a colour bulb", |_| ()).await
}

fn steps() -> Vec<Step> {
    let step = Step::new;
    let color = |red: u8, green: u8, blue: u8| json!({"make": "Color", "args": [red, green, blue]});
    let states = json!([
        {"make": "FlowState", "args": [60_000, 1, 0xff_00_00, 80]},
        {"make": "FlowState", "args": [60_000, 2, 2700, -1]},
        {"make": "FlowState", "args": [60_000, 7, 0, 0]},
    ]);
    let flow_params = |beginning: &str| {
        json!({
            "flowing": 1,
            "flow_params": format!("{beginning},60000,1,16711680,80,60000,2,2700,-1,60000,7,0,-1"),
        })
    };
    let scene = |class: &str, args: Value| json!([{"make": format!("{class}Scene"), "args": args}]);
    vec![
        step("setPower", json!([false])).shows(json!({"power": "off"})),
        step("toggle", json!([])).shows(json!({"power": "on"})),
        step("setPower", json!([true, "smooth", 300])).shows(json!({"power": "on"})),
        step("setBright", json!([42])).shows(json!({"bright": 42})),
        step("setCtAbx", json!([3000, "smooth", 300])).shows(json!({"ct": 3000, "color_mode": 2})),
        step("setRGB", json!([color(255, 136, 0), "sudden"]))
            .shows(json!({"rgb": 0xff_88_00, "color_mode": 1})),
        step("setHSV", json!([200, 60, "smooth", 50]))
            .shows(json!({"hue": 200, "sat": 60, "color_mode": 3})),
        step("setAdjust", json!(["increase", "bright"])),
        step("adjust", json!(["adjust_bright", -100, 500])).shows(json!({"bright": 1})),
        step("adjust", json!(["adjust_ct", 100, 500])).shows(json!({"ct": 6500, "color_mode": 2})),
        step("adjust", json!(["adjust_color", 10, 500])).shows(json!({"color_mode": 3})),
        step("startColorFlow", json!([states, 1, 6])).shows(flow_params("6,1")),
        step("stopColorFlow", json!([])).shows(json!({"flowing": 0})),
        step("setPower", json!([false])).shows(json!({"power": "off"})),
        step("setScene", scene("Color", json!([color(0, 255, 0), 70])))
            .shows(json!({"power": "on", "rgb": 0x00_ff_00, "bright": 70, "color_mode": 1})),
        step("setScene", scene("Hsv", json!([300, 70, 99])))
            .shows(json!({"hue": 300, "sat": 70, "bright": 99, "color_mode": 3})),
        step("setScene", scene("Ct", json!([5400, 30])))
            .shows(json!({"ct": 5400, "bright": 30, "color_mode": 2})),
        step("setScene", scene("Cf", json!([0, states, 0]))).shows(flow_params("0,0")),
        step("stopColorFlow", json!([])).shows(json!({"flowing": 0})),
        step("cronAdd", json!([0, 10])).shows(json!({"delayoff": 10})),
        step("cronGet", json!([0])).answers(json!([{"type": 0, "delay": 10, "mix": 0}])),
        step("cronDelete", json!([0])).shows(json!({"delayoff": 0})),
        step("cronGet", json!([0])).answers(json!([])),
        step("setDefault", json!([])),
        step("setName", json!([NAME])).shows(json!({"name": NAME})),
    ]
}

/// Not ASCII, and with each character that JSON gives a meaning.
const NAME: &str = "Küche \"7\" \\ 灯: left";

/// Many commands in flight, each with its own answer.
async fn burst(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().quota(Quota::off()).property("bright", 12).property("ct", 3456);
    let at = meet(peer, tally, bulb, quiet()).await?;
    let asked = (0..40).map(|time| json!([[if time % 2 == 0 { "bright" } else { "ct" }]]));
    let order = json!({"do": "burst", "method": "getProperty", "args": asked.collect::<Vec<_>>()});
    let answers = at.peer.ask(order).await?;
    let wanted = (0..40).map(|time| json!([if time % 2 == 0 { "12" } else { "3456" }]));
    at.tally.equal("forty at once", answers, json!({"ok": wanted.collect::<Vec<_>>()}));
    at.leave("forty at once", |_| ()).await
}

/// What the bulb says without being asked does not disturb it, nor does a connection that is lost.
async fn by_itself(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let set = json!({"disablePing": true, "autoReconnect": true, "autoReconnectTime": 50});
    let mut at = meet(peer, tally, SimBulb::color(), set).await?;
    at.wait("connected").await?;
    at.connections("the bulb knows of the connection", 1).await;
    for bright in 1..=20 {
        at.bulb.set_property("bright", bright)?;
    }
    at.agrees("after notifications").await?;
    at.tally.equal("notifications sent to it", at.bulb.report().pushes, 20);
    at.bulb.reset_connections();
    at.wait("disconnected").await?;
    at.wait("connected").await?;
    at.agrees("connected again").await?;
    at.leave("what comes by itself", |_| ()).await
}

/// Music, for which it has the command only: the connection is the caller's affair.
async fn music(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, SimBulb::color(), quiet()).await?;
    let host = Ipv4Addr::LOCALHOST.to_string();
    let port = at.peer.ask(json!({"do": "serve", "host": host})).await?;
    at.step(Step::new("setMusic", json!([1, host, port["ok"]])).shows(json!({"music_on": 1})))
        .await?;
    let mut commands: Vec<_> =
        (1..=90).map(|bright| json!(["set_bright", [bright, "sudden", 0]])).collect();
    commands.push(json!(["set_rgb", [0x00_80_ff, "smooth", 50]]));
    at.peer.ask(json!({"do": "play", "commands": commands})).await?;
    at.shows("what was sent for music", &json!({"bright": 90, "rgb": 0x00_80_ff})).await;
    at.music_commands(91).await;
    let ended = at.peer.ask(json!({"do": "silence"})).await?;
    let wanted = json!({"ok": {"connections": 1, "said": false}});
    at.tally.equal("one connection, and nothing said on it", ended, wanted);
    at.shows("music ends with its connection", &json!({"music_on": 0})).await;
    at.agrees("after music").await?;
    at.leave("music", |_| ()).await
}

/// What our bulbs refuse.
async fn refusals(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, SimBulb::white(), quiet()).await?;
    let general = json!({"code": -5000, "message": "general error"});
    let unknown = json!({"code": -1, "message": "method not supported"});
    let color = json!({"make": "Color", "args": [1, 2, 3]});
    for (method, args, error) in [
        ("setRGB", json!([color, "sudden"]), &unknown),
        ("setBright", json!([0]), &general),
        ("setBright", json!([9, "smooth", 10]), &general),
        ("cronAdd", json!([0, -1]), &general),
    ] {
        let answer = at.call(method, args, json!({})).await?;
        at.tally.equal(&format!("{method}: refused"), &answer["error"], error);
    }
    at.agrees("after it was refused").await?;
    at.leave("refused commands", |wanted| {
        wanted.unsupported_method = 1;
        wanted.out_of_range = 3;
    })
    .await?;

    // As it comes, it sends a command that no bulb knows: what our bulb says to that is to it the
    // sign that a bulb is there.
    let mut at = meet(peer, tally, SimBulb::color(), json!({})).await?;
    at.wait("commandError").await?;
    let pinged = at.call("ping", json!([]), json!({})).await?;
    at.tally.equal("its ping", pinged, json!({"ok": null}));
    let pings = at.bulb.report().violations.unsupported_method;
    at.tally.check("pings", pings >= 2, pings);
    at.leave("its ping", |wanted| wanted.unsupported_method = pings).await?;

    let mut at = meet(peer, tally, SimBulb::color().quota(Quota::new(2, 144)), quiet()).await?;
    at.agrees("within the quota").await?;
    at.agrees("within the quota").await?;
    let over = at.call("toggle", json!([]), json!({})).await?;
    let wanted = json!({"code": -1, "message": "client quota exceeded"});
    at.tally.equal("beyond the quota", &over["error"], &wanted);
    at.leave("the quota", |wanted| wanted.quota = 1).await
}

impl Exchange<'_> {
    /// Waits until the client has noticed something.
    async fn wait(&mut self, event: &str) -> Result<(), Failure> {
        let noticed = self.peer.ask(json!({"do": "wait", "event": event})).await?;
        self.tally.check(&format!("it notices: {event}"), noticed["ok"].is_u64(), noticed);
        Ok(())
    }

    /// Lets the client go, and ends the exchange.
    async fn leave(
        mut self,
        what: &str,
        wanted: impl FnOnce(&mut iot_home::sim::yeelight::Violations),
    ) -> Result<(), Failure> {
        self.peer.ask(json!({"do": "disconnect"})).await?;
        self.connections(&format!("{what}: it leaves"), 0).await;
        self.finish(what, wanted);
        Ok(())
    }
}
