//! python-yeelight as the client, our simulated bulbs against it.
//!
//! It is a library, so a script of ours (`peers/python_yeelight.py`) does with it what it is told.

mod asyncio;
mod models;
mod refusals;
mod steps;

use std::path::Path;

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{AnswerForm, Builder, PushForm, Quota};
use serde_json::{Value, json};
use tokio::process::Command;

use super::bulb::{Client, Exchange, Step};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

/// Starts the script. It searches by itself only where it is told to.
pub(crate) async fn start(
    name: &str,
    mut command: Command,
    script: &Path,
    run: &Path,
) -> Result<Dialogue, Failure> {
    command.arg(script).env("LC_ALL", "C.UTF-8");
    Dialogue::start(name, &mut command, run).await
}

/// Lets it do everything it can do with our bulbs.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let python = Command::new(peers.python());
    let mut peer = start("python-yeelight", python, script, run).await?;
    let played = async {
        color(&mut peer, tally).await?;
        ceiling(&mut peer, tally).await?;
        by_itself(&mut peer, tally).await?;
        music(&mut peer, tally).await?;
        presets(&mut peer, tally).await?;
        auto_on(&mut peer, tally).await?;
        asyncio::play(&mut peer, tally).await?;
        refusals::play(&mut peer, tally).await?;
        models::play(&mut peer, tally).await
    };
    let played = played.await;
    peer.stop().await;
    played
}

/// A client of one of its classes for a bulb of ours.
async fn meet<'a>(
    peer: &'a mut Dialogue,
    tally: &'a mut Tally,
    client: Client,
    bulb: Builder,
) -> Result<Exchange<'a>, Failure> {
    meet_with(peer, tally, client, bulb, json!({})).await
}

/// The same, with more said about the client.
async fn meet_with<'a>(
    peer: &'a mut Dialogue,
    tally: &'a mut Tally,
    client: Client,
    bulb: Builder,
    with: Value,
) -> Result<Exchange<'a>, Failure> {
    let bulb = bulb.spawn().await?;
    let class = if client == Client::AsyncPython { "aio.AsyncBulb" } else { "Bulb" };
    let addr = bulb.addr();
    let order = json!({
        "do": "client",
        "class": class,
        "ip": addr.ip().to_string(),
        "port": addr.port(),
        "with": with,
    });
    let made = peer.ask(order).await?;
    tally.equal("a client is made", made, json!({"ok": null}));
    Ok(Exchange { client, peer, bulb, tally })
}

/// Everything that a colour bulb does, and the search for one bulb, whose address is known.
async fn color(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().name("desk").quota(Quota::off());
    let mut at = meet(peer, tally, Client::Python, searched(bulb, 1)).await?;
    capabilities(&mut at).await?;
    at.play(steps::main_light()).await?;
    defaults(&mut at).await?;
    at.finish("a colour bulb", |wanted| wanted.zero_id = 1);
    Ok(())
}

/// A lamp with night light and a second light, that writes as newer firmware does.
async fn ceiling(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::ceiling().quota(Quota::off()).answers(AnswerForm::Compact);
    let mut at = meet(peer, tally, Client::Python, searched(bulb, 2)).await?;
    capabilities(&mut at).await?;
    at.play(steps::second_light()).await?;
    at.play(steps::night_light()).await?;
    at.finish("a ceiling lamp", |wanted| wanted.zero_id = 1);
    Ok(())
}

/// The bulb with this number is also searched, at the port where every bulb is.
fn searched(bulb: Builder, number: u8) -> Builder {
    let ip = super::ours::addr(30, number);
    bulb.listen((ip, 0)).search_listen((ip, iot_home::yeelight::SEARCH_PORT))
}

/// The unicast search, which names the bulb as its host and lacks the last line end.
async fn capabilities(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let answer = at.call_plainly("get_capabilities", json!([5])).await?;
    let bright = at.bulb.property("bright").unwrap_or_default().to_string();
    let name = at.bulb.property("name").unwrap_or_default();
    let wanted = json!({
        "id": at.bulb.id().to_string(),
        "model": at.bulb.model(),
        "fw_ver": "18",
        "power": "on",
        "bright": bright,
        "name": name,
    });
    at.tally.includes("capabilities", &answer["ok"], &wanted);
    let support = answer["ok"]["support"].as_str().unwrap_or_default().to_owned();
    let all = ["get_prop", "set_power", "set_scene"];
    let listed = all.iter().all(|method| support.split(' ').any(|listed| listed == *method));
    at.tally.check("the methods of its capabilities", listed, support);
    Ok(())
}

/// What was stored is there again after the wall switch, and so is its client after an error.
async fn defaults(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let stored = json!({"bright": 64, "ct": 5000, "color_mode": 2});
    at.play([
        Step::new("set_scene", json!([{"is": "SceneClass.CT"}, 5000, 64])).shows(stored.clone()),
        Step::new("set_default", json!([])).shows(stored.clone()),
        Step::new("set_rgb", json!([1, 2, 3])).shows(json!({"rgb": 0x01_02_03, "color_mode": 1})),
    ])
    .await?;
    at.bulb.power_cycle();
    at.shows("the wall switch", &stored).await;
    let lost = at.call("get_properties", json!([]), json!({})).await?;
    at.tally.equal("the connection is lost", &lost["error"]["type"], &json!("BulbException"));
    at.agrees("connected again").await
}

/// Notifications, which it takes on a second connection.
async fn by_itself(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    for (pushes, seven) in [(PushForm::Numbers, json!(7)), (PushForm::Texts, json!("7"))] {
        let bulb = SimBulb::color().pushes(pushes);
        let mut at = meet(peer, tally, Client::Python, bulb).await?;
        at.agrees("before it listens").await?;
        at.peer.ask(json!({"do": "listen"})).await?;
        at.connections("a connection for notifications", 2).await;
        at.bulb.set_property("bright", 7)?;
        at.bulb.set_property("power", "off")?;
        at.step(Step::new("turn_on", json!([])).shows(json!({"power": "on"}))).await?;
        let told = [json!({"bright": seven}), json!({"power": "off"}), json!({"power": "on"})];
        at.hears("notifications", told).await?;
        let believed = at.see("last_properties").await?;
        let wanted = json!({"bright": seven, "power": "on"});
        at.tally.includes("it believes what it was told", &believed, &wanted);
        let ended = at.peer.ask(json!({"do": "unlisten"})).await?;
        at.tally.equal("it stops listening", ended, json!({"ok": true}));
        at.connections("no connection for notifications", 1).await;
        at.finish("notifications", |wanted| wanted.zero_id = 1);
    }
    Ok(())
}

/// Music: the bulb connects to it, and there is no quota.
async fn music(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, Client::Python, SimBulb::color()).await?;
    let on = json!({"music_on": 1});
    at.step(Step::new("start_music", json!([])).shows(on.clone())).await?;
    at.connections("it gives up the other connection", 0).await;
    for bright in 1..=90 {
        at.call("set_brightness", json!([bright]), json!({})).await?;
    }
    let last = json!({"bright": 90, "rgb": 0x00_80_ff, "hue": 12, "sat": 34, "ct": 4321});
    for step in steps::music() {
        at.step(step).await?;
    }
    at.shows("what was sent for music", &last).await;
    at.music_commands(94).await;
    let believed = at.see("last_properties").await?;
    at.tally.includes("it keeps count by itself", &believed, &last);

    at.step(Step::new("stop_music", json!([])).shows(json!({"music_on": 0}))).await?;
    at.agrees("after music").await?;
    // The light that goes off takes music with it.
    at.step(Step::new("start_music", json!([])).shows(on)).await?;
    let off = json!({"power": "off", "music_on": 0});
    at.step(Step::new("turn_off", json!([])).shows(off)).await?;
    at.step(Step::new("stop_music", json!([]))).await?;
    at.agrees("after the light went off").await?;
    at.tally.equal("connections for music", at.bulb.report().music_connections, 2);
    at.finish("music", |wanted| wanted.zero_id = 1);
    Ok(())
}

/// A client that switches on what is to be seen.
async fn auto_on(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().property("power", "off");
    let with = json!({"auto_on": true});
    let mut at = meet_with(peer, tally, Client::Python, bulb, with).await?;
    let shows = json!({"power": "on", "bright": 5});
    at.step(Step::new("set_brightness", json!([5])).shows(shows)).await?;
    at.finish("switched on for a command", |wanted| wanted.zero_id = 1);
    Ok(())
}

/// Its ready-made flows.
async fn presets(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().quota(Quota::off());
    let at = meet(peer, tally, Client::Python, bulb).await?;
    let played = at.peer.ask(json!({"do": "presets"})).await?;
    let played = played["ok"].as_object().cloned().unwrap_or_default();
    at.tally.check("there are ready-made flows", played.len() >= 20, played.len());
    for (name, answers) in &played {
        at.tally.equal(&format!("the flow {name}"), answers, &json!(["ok", "ok"]));
    }
    let times = u64::try_from(played.len()).unwrap_or(0);
    at.tally.equal("flows started", at.bulb.report().executed("start_cf"), times);
    at.finish("its flows", |wanted| wanted.zero_id = 1);
    Ok(())
}

impl Exchange<'_> {
    /// Calls a method that is called the same in both classes.
    async fn call_plainly(&mut self, method: &str, args: Value) -> Result<Value, Failure> {
        self.peer.ask(json!({"do": "call", "method": method, "args": args})).await
    }

    /// What the client has been told without having asked, once that is as much as this.
    async fn heard(&mut self, least: usize) -> Result<Value, Failure> {
        let heard = self.peer.ask(json!({"do": "heard", "least": least})).await?;
        Ok(heard["ok"].clone())
    }

    /// The client has to be told this and nothing else.
    async fn hears<const N: usize>(
        &mut self,
        what: &str,
        wanted: [Value; N],
    ) -> Result<(), Failure> {
        let heard = self.heard(N).await?;
        self.tally.equal(what, heard, Value::from(wanted.to_vec()));
        Ok(())
    }

    /// The client has to be told this code and text, and to say so by an error of its own kind.
    async fn refused(
        &mut self,
        method: &str,
        args: Value,
        code: i32,
        text: &str,
    ) -> Result<(), Failure> {
        let what = format!("{method} {args}: refused");
        let answer = self.call(method, args, json!({})).await?;
        let said = json!({"code": code, "message": text});
        let wanted = json!({"error": {"type": "BulbException", "of": "yeelight", "said": said}});
        self.tally.equal(&what, answer, wanted);
        Ok(())
    }

    /// An attribute of the client.
    async fn see(&mut self, name: &str) -> Result<Value, Failure> {
        let seen = self.peer.ask(json!({"do": "see", "name": name})).await?;
        Ok(seen["ok"].clone())
    }
}
