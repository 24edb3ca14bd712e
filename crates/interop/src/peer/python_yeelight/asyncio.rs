//! python-yeelight's other client, which does all on one connection.

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{AnswerForm, Builder, Quota};
use serde_json::json;

use super::{meet_with, steps};
use crate::dialogue::Dialogue;
use crate::peer::bulb::{Client, Exchange, Step};
use crate::process::Failure;
use crate::tally::Tally;

pub(super) async fn play(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    color(peer, tally).await?;
    ceiling(peer, tally).await?;
    music(peer, tally).await?;
    refusals(peer, tally).await
}

/// A client that is connected, and knows the model of its bulb.
async fn meet<'a>(
    peer: &'a mut Dialogue,
    tally: &'a mut Tally,
    bulb: Builder,
    model: &str,
) -> Result<Exchange<'a>, Failure> {
    let with = json!({"model": model});
    let mut at = meet_with(peer, tally, Client::AsyncPython, bulb, with).await?;
    at.peer.ask(json!({"do": "listen"})).await?;
    at.hears("asyncio: connected", [json!({"connected": true})]).await?;
    Ok(at)
}

/// Everything that a colour bulb does; what it says by itself, and a connection that is lost.
async fn color(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, SimBulb::color().quota(Quota::off()), "color4").await?;
    at.play(steps::main_light()).await?;
    at.heard(0).await?;
    at.bulb.set_property("bright", 7)?;
    at.hears("asyncio: a notification", [json!({"bright": 7, "connected": true})]).await?;
    at.bulb.reset_connections();
    let told = [json!({"connected": false}), json!({"connected": true})];
    at.hears("asyncio: lost and connected again", told).await?;
    at.agrees("asyncio: connected again").await?;
    at.peer.ask(json!({"do": "unlisten"})).await?;
    at.connections("asyncio: no connection is left", 0).await;
    at.finish("asyncio: a colour bulb", |_| ());
    Ok(())
}

/// A lamp with night light and a second light.
async fn ceiling(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::ceiling().quota(Quota::off()).answers(AnswerForm::Compact);
    let mut at = meet(peer, tally, bulb, "ceiling4").await?;
    at.play(steps::second_light()).await?;
    at.play(steps::night_light()).await?;
    at.peer.ask(json!({"do": "unlisten"})).await?;
    at.finish("asyncio: a ceiling lamp", |_| ());
    Ok(())
}

async fn music(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, SimBulb::color(), "color4").await?;
    at.step(Step::new("start_music", json!([])).shows(json!({"music_on": 1}))).await?;
    for step in steps::music() {
        at.step(step).await?;
    }
    let last = json!({"rgb": 0x00_80_ff, "hue": 12, "sat": 34, "ct": 4321, "color_mode": 2});
    at.music_commands(4).await;
    at.shows("asyncio: what was sent for music", &last).await;
    let believed = at.see("last_properties").await?;
    at.tally.includes("asyncio: it keeps count by itself", &believed, &last);
    // It only closes the connection; what it returns is the command that it does not send.
    let command = json!(["set_music", [0], {}]);
    let stop = Step::new("stop_music", json!([])).answers(command);
    at.step(stop.shows(json!({"music_on": 0}))).await?;
    at.agrees("asyncio: after music").await?;
    at.peer.ask(json!({"do": "unlisten"})).await?;
    // To learn its own address it opened a connection, which it forgets.
    at.connections("asyncio: a connection is left over", 1).await;
    at.finish("asyncio: music", |_| ());
    Ok(())
}

/// What is refused; a quota that is used up makes it give up the connection.
async fn refusals(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().quota(Quota::new(2, 100));
    let mut at = meet(peer, tally, bulb, "color4").await?;
    let zero = json!(["set_bright", [0, "sudden", 0]]);
    at.refused("send_command", zero, -5000, "general error").await?;
    at.agrees("asyncio: within the quota").await?;
    at.refused("get_properties", json!([]), -1, "client quota exceeded").await?;
    at.connections("asyncio: it gives up the connection", 0).await;
    at.hears("asyncio: it says so", [json!({"connected": false})]).await?;
    at.peer.ask(json!({"do": "unlisten"})).await?;
    at.finish("asyncio: refused commands", |wanted| {
        wanted.out_of_range = 1;
        wanted.quota = 1;
    });
    Ok(())
}
