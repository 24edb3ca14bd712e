//! `iot-home get|set|action`: a device of the home, on the LAN first and over the cloud second.

mod found;

use iot_home::MiotCode;
use iot_home::hub::home::Answer;
use serde::Serialize;
use serde_json::Value;

use self::found::Found;
use super::{Context, results};
use crate::args::{HubAction, HubGet, HubSet};
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Table, Tone, fields};
use crate::value;

pub(super) async fn get(context: &Context, args: HubGet) -> Outcome {
    let names: Vec<_> = args.properties.iter().map(String::as_str).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let answers = found.run(context, "reading", false, found.device.get_many(names)).await?;
    print(context, &found, answers)
}

pub(super) async fn set(context: &Context, args: HubSet) -> Outcome {
    let values: Result<Vec<_>, Failure> = args.values.iter().map(|text| assignment(text)).collect();
    let values = values?;
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let mut answers = found.run(context, "writing", true, found.device.set(values)).await?;
    // What is echoed after a write is not what the device has.
    answers.iter_mut().for_each(|answer| answer.value = None);
    print(context, &found, answers)
}

#[derive(Serialize)]
struct Done {
    /// The action's name, under the key that all three commands have.
    property: Box<str>,
    code: i64,
    out: Ordered,
    via: &'static str,
}

pub(super) async fn action(context: &Context, args: HubAction) -> Outcome {
    let inputs = args.arguments.iter().map(|text| value::parse(text));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let found = Found::open(context, &args.home, &[args.action.as_str()]).await?;
    let running = found.device.action(&args.action, inputs);
    let answer = found.run(context, "waiting for", true, running).await?;
    let (code, via) = (answer.code, answer.via().as_str());
    let out = found.shown(context, Value::Array(answer.out).into());
    let done = [Done { property: answer.action, code: code.get(), out, via }];
    context.output.print(&done, |[done], style| {
        let out = Some(done.out.to_string()).filter(|out| out != "[]");
        let result = Some(results::code_text(code));
        fields(style, [("result", result), ("out", out), ("via", Some(done.via.to_owned()))])
    })?;
    Ok(if code.get() < 0 { Verdict::NotOk } else { Verdict::Done })
}

#[derive(Serialize)]
struct Item {
    property: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Ordered>,
    code: i64,
    via: &'static str,
    /// For a person.
    #[serde(skip)]
    shown: String,
}

fn print(context: &Context, found: &Found, answers: Vec<Answer>) -> Outcome {
    let item = |answer: Answer| {
        let (code, via) = (answer.code.get(), answer.via().as_str());
        let told = answer.value.map(Ordered::from);
        let value = told.clone().map(|value| found.shown(context, value));
        let shown = match (&value, answer.shown) {
            // Not where a secret was taken out of it.
            (value, Some(shown)) if *value == told => shown.into(),
            (value, _) => value.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        Item { property: answer.property, value, code, via, shown }
    };
    let items: Vec<Item> = answers.into_iter().map(item).collect();
    context.output.print(&items, |items, style| {
        let mut table = Table::new(&["property", "value", "via", "status"]);
        for item in items {
            let tone = if item.code < 0 { Tone::Bad } else { Tone::Good };
            let status = (results::code_text(MiotCode::new(item.code)), Some(tone));
            let cells = [item.property.to_string(), item.shown.clone(), item.via.to_owned()];
            let [property, value, via] = cells.map(|cell| (cell, None));
            table.toned([property, value, via, status]);
        }
        table.render(style)
    })?;
    let refused = items.iter().any(|item| item.code < 0);
    Ok(if refused { Verdict::NotOk } else { Verdict::Done })
}

fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::bad_input(format!("{text:?} is not PROPERTY=VALUE"))
                .hint("a property and what to write, as in light:brightness=40")
        })?;
    Ok((name, value::parse(value)?))
}
