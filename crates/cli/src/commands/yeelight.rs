//! `iot-home yeelight …`: finding bulbs and talking to one.

mod call;
mod get;
mod link;
mod list;
mod play;
mod result;
mod set;
mod told;
mod watch;

use iot_home::yeelight::{Effect, Limits, Method, PowerMode, Profile};
use serde::Serialize;

use self::link::{Link, Purpose};
pub(super) use self::list::{HINT, state};
use self::result::{carry_out, parsed};
pub(super) use self::told::{light, object};
use super::Context;
use crate::args::{Manner, Switch, Timer, YeelightCommand};
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::Ordered;

pub(super) async fn run(context: &Context, command: YeelightCommand) -> Outcome {
    match command {
        YeelightCommand::List(args) => list::list(context, args).await,
        YeelightCommand::Get(args) => get::get(context, args).await,
        YeelightCommand::On(args) => {
            let mode = args.mode.and_then(|mode| mode.power_mode());
            let method = power(&args.switch.manner, true, mode)?;
            send(context, &args.switch, method).await
        }
        YeelightCommand::Off(args) => {
            let method = power(&args.manner, false, None)?;
            send(context, &args, method).await
        }
        YeelightCommand::Toggle(args) => {
            let method = toggle(&args.manner)?;
            send(context, &args, method).await
        }
        YeelightCommand::Set(args) => set::set(context, args).await,
        YeelightCommand::Flow(args) => play::flow(context, args).await,
        YeelightCommand::Presets => play::presets(context),
        YeelightCommand::Scene(args) => play::scene(context, args).await,
        YeelightCommand::Timer(args) => timer(context, args).await,
        YeelightCommand::Name { addr, text } => {
            let method = checked(Method::SetName(text))?;
            let link = Link::open(context, &addr, Purpose::Command).await?;
            carry_out(context, &link, vec![method]).await
        }
        YeelightCommand::Call(args) => call::call(context, args).await,
        YeelightCommand::Watch { addr } => watch::watch(context, &addr).await,
    }
}

fn power(manner: &Manner, on: bool, mode: Option<PowerMode>) -> Result<Method, Failure> {
    let effect = manner.effect()?.unwrap_or_default();
    Ok(Method::SetPower { light: manner.light(), on, mode, effect })
}

/// Bulbs take an effect with a toggle, though no document says so; without one nothing is said of it.
fn toggle(manner: &Manner) -> Result<Method, Failure> {
    let plain = Method::Toggle(manner.light());
    let params = match manner.effect()? {
        None => return Ok(plain),
        Some(Effect::Sudden) => "[\"sudden\",0]".into(),
        Some(Effect::Smooth(duration)) => format!("[\"smooth\",{}]", duration.as_millis()),
    };
    Ok(Method::raw(plain.name(), &params)?)
}

async fn send(context: &Context, switch: &Switch, method: Method) -> Outcome {
    let method = checked(method)?;
    let link = Link::open(context, &switch.addr, Purpose::Command).await?;
    carry_out(context, &link, vec![method]).await
}

/// What no bulb takes is found before anything is sent.
fn checked(method: Method) -> Result<Method, Failure> {
    Ok(method.checked(&Profile::unknown(), Limits::Refuse)?)
}

#[derive(Serialize)]
struct Shown {
    result: Ordered,
    minutes: Option<u64>,
}

async fn timer(context: &Context, args: Timer) -> Outcome {
    let method = match args.minutes {
        Some(minutes) => checked(Method::SetTimer(minutes))?,
        None if args.clear => Method::ClearTimer,
        None => Method::Timer,
    };
    let shows = method == Method::Timer;
    let link = Link::open(context, &args.addr, Purpose::Command).await?;
    if !shows {
        return carry_out(context, &link, vec![method]).await;
    }
    let reply = link.call(context, method).await?;
    let minutes = reply.values().first().and_then(|timer| timer.get("delay")?.as_u64());
    let shown = Shown { result: parsed(&reply)?, minutes };
    context.output.print(&shown, |shown, _| match shown.minutes {
        None => "no timer".into(),
        Some(1) => "off in 1 minute".into(),
        Some(minutes) => format!("off in {minutes} minutes"),
    })?;
    Ok(Verdict::Done)
}
