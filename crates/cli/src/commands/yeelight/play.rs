//! `iot-home yeelight flow`, `presets` and `scene`.

use iot_home::yeelight::flow::preset::PRESETS;
use iot_home::yeelight::{Flow, Method, Scene};
use serde::Serialize;

use super::link::{Link, Purpose};
use super::result::carry_out;
use crate::args::{FlowArgs, Play, SceneArgs, SceneKind};
use crate::commands::Context;
use crate::failure::{Outcome, Verdict};
use crate::output::Table;

pub(super) async fn flow(context: &Context, args: FlowArgs) -> Outcome {
    let light = args.light();
    let (method, purpose) = if args.stop {
        (Method::StopFlow(light), Purpose::Command)
    } else {
        (Method::StartFlow { light, flow: made(&args.play) }, Purpose::Checked)
    };
    let method = super::checked(method)?;
    let link = Link::open(context, &args.addr, purpose).await?;
    carry_out(context, &link, vec![method]).await
}

pub(super) async fn scene(context: &Context, args: SceneArgs) -> Outcome {
    let light = args.light();
    let scene = match args.scene {
        SceneKind::Color { rgb, bright } => Scene::Rgb { rgb, bright },
        SceneKind::Hsv { hue, sat, bright } => Scene::Hsv { hue, sat, bright },
        SceneKind::Ct { kelvin, bright } => Scene::Temperature { kelvin, bright },
        SceneKind::AutoOff { bright, minutes } => Scene::AutoOff { bright, minutes },
        SceneKind::Flow(play) => Scene::Flow(made(&play)),
    };
    let method = super::checked(Method::SetScene { light, scene })?;
    let link = Link::open(context, &args.addr, Purpose::Checked).await?;
    carry_out(context, &link, vec![method]).await
}

/// What was said of a preset goes before what it says itself.
fn made(play: &Play) -> Flow {
    let mut flow = match play.preset {
        Some(preset) => preset.flow(),
        None => Flow::new(play.steps.iter().copied()),
    };
    if let Some(rounds) = play.rounds {
        flow = flow.rounds(rounds);
    }
    if let Some(then) = play.then {
        flow = flow.then(then.into());
    }
    flow
}

#[derive(Serialize)]
struct Ready {
    name: &'static str,
    description: &'static str,
    color: bool,
}

pub(super) fn presets(context: &Context) -> Outcome {
    let presets = PRESETS.iter().map(|preset| Ready {
        name: preset.name,
        description: preset.description,
        color: preset.is_colored,
    });
    let presets: Vec<_> = presets.collect();
    context.output.print(&presets, |presets, style| {
        let mut table = Table::new(&["name", "needs colour", "looks like"]);
        for preset in presets {
            let color = if preset.color { "yes" } else { "no" };
            table.row([preset.name, color, preset.description].map(str::to_owned));
        }
        table.render(style)
    })?;
    Ok(Verdict::Done)
}
