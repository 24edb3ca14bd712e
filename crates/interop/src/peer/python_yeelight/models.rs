//! What python-yeelight knows of each model, and what our bulbs and our client do.

use iot_home::core::Instant;
use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{Machine, Output, Quota};
use iot_home::yeelight::{Light, Profile};
use serde_json::json;

use super::meet;
use crate::dialogue::Dialogue;
use crate::peer::bulb::Client;
use crate::process::Failure;
use crate::tally::Tally;

pub(super) async fn play(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    table(peer, tally).await?;
    for (model, kind) in [
        ("mono", "White"),
        ("ct_bulb", "WhiteTemp"),
        ("color4", "Color"),
        ("ceiling1", "WhiteTemp"),
        ("ceiling4", "WhiteTempMood"),
        ("strip6", "Color"),
    ] {
        let mut at = meet(peer, tally, Client::Python, SimBulb::of_model(model)).await?;
        at.agrees(model).await?;
        let seen = at.see("bulb_type").await?;
        at.tally.equal(&format!("what it takes {model} for"), seen, json!(kind));
        at.finish(model, |wanted| wanted.zero_id = 1);
    }
    Ok(())
}

/// Temperatures, night light and second light of each model: its table, ours, and what our bulbs
/// take.
async fn table(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let specs = peer.ask(json!({"do": "models"})).await?;
    let specs = specs["ok"].as_object().cloned().unwrap_or_default();
    tally.check("models that it knows", specs.len() >= 40, specs.len());
    for (model, spec) in &specs {
        let profile = Profile::of_model(model);
        let (low, high) = profile.ct_range(Light::Main);
        let (low, high) = match &**model {
            // Other sources have these wider, as then has our client.
            "strip2" if low == 1700 => (2700, high),
            "ceiling5" if high == 6500 => (low, 5700),
            _ => (low, high),
        };
        let ours = json!({
            "color_temp": {"min": low, "max": high},
            "night_light": profile.has_night_light(),
            "background_light": profile.has_background(),
        });
        tally.includes(&format!("our client's {model}"), spec, &ours);

        let mut bulb = SimBulb::of_model(model).quota(Quota::off()).build()?;
        let has = |name: &str| bulb.property(name).is_some();
        let lights = json!({"night_light": has("nl_br"), "background_light": has("bg_power")});
        tally.includes(&format!("our bulb {model}"), spec, &lights);
        let temperature = |end: &str| spec["color_temp"][end].as_i64().unwrap_or(0);
        let (low, high) = (temperature("min"), temperature("max"));
        let taken = [low - 1, low, high, high + 1].map(|kelvin| takes(&mut bulb, kelvin));
        let tunable = low < high;
        let wanted = [false, tunable, tunable, false];
        tally.equal(&format!("temperatures that our bulb {model} takes"), taken, wanted);
    }
    Ok(())
}

/// Whether a bulb takes a colour temperature.
fn takes(bulb: &mut Machine, kelvin: i64) -> bool {
    let Some(client) = bulb.accept(Instant::ORIGIN) else { return false };
    let params = json!([kelvin, "sudden", 0]);
    let command = format!("{{\"id\":1,\"method\":\"set_ct_abx\",\"params\":{params}}}\r\n");
    bulb.handle_bytes(Instant::ORIGIN, client, command.as_bytes());
    let mut said = Vec::new();
    while let Some(output) = bulb.poll_output(Instant::ORIGIN) {
        if let Output::Write { bytes, .. } = output {
            said.extend(bytes);
        }
    }
    bulb.closed(Instant::ORIGIN, client);
    String::from_utf8_lossy(&said).contains("\"ok\"")
}
