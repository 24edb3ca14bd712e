//! `iot-home get|set|action`: a device of the home, on the LAN first and over the cloud second.

mod found;

use std::collections::BTreeSet;

use iot_home::MiotCode;
use iot_home::hub::home::{Answer, Error};
use serde::Serialize;
use serde_json::Value;

use self::found::Found;
use super::{Context, results};
use crate::args::{HubAction, HubGet, HubSet};
use crate::failure::{Failure, Outcome, Report, Verdict};
use crate::ordered::Ordered;
use crate::output::{Table, Tone, fields};
use crate::value;

pub(super) async fn get(context: &Context, args: HubGet) -> Outcome {
    let names: Vec<_> = args.properties.iter().map(String::as_str).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let reading = found.device.get_each(names.iter().copied());
    let answers = found.run(context, "reading", false, reading).await?;
    print(context, &found, &names, answers)
}

pub(super) async fn set(context: &Context, args: HubSet) -> Outcome {
    let values: Result<Vec<_>, Failure> = args.values.iter().map(|text| assignment(text)).collect();
    let values = values?;
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let answers = found.run(context, "writing", true, found.device.set_each(values)).await?;
    print(context, &found, &names, answers)
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
    /// Nothing where it was answered over no way.
    via: Option<&'static str>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Box<Report>>,
    /// For a person.
    #[serde(skip)]
    shown: String,
}

impl Item {
    fn of(context: &Context, found: &Found, answer: Answer) -> Self {
        let (code, via) = (answer.code.get(), Some(answer.via().as_str()));
        let told = answer.value.map(Ordered::from);
        let value = told.clone().map(|value| found.shown(context, value));
        let shown = match (&value, answer.shown) {
            // Not where a secret was taken out of it.
            (value, Some(shown)) if *value == told => shown.into(),
            (value, _) => value.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        Self { property: answer.property, value, code, via, error: None, shown }
    }

    /// One that no way was answered over.
    fn failed(context: &Context, found: &Found, name: &str, error: Error) -> Self {
        let code = error.code().map(MiotCode::get).filter(|code| *code < 0).unwrap_or(NO_CODE);
        let error = found.failure(context, error).into_report();
        Self { property: name.into(), value: None, code, via: None, error, shown: String::new() }
    }

    fn status(&self) -> String {
        match &self.error {
            Some(report) => report.message.clone(),
            None => results::code_text(MiotCode::new(self.code)),
        }
    }
}

/// Prints what became of each property, under the name that it was asked by where nothing better is known.
fn print(
    context: &Context,
    found: &Found,
    names: &[&str],
    results: Vec<Result<Answer, Error>>,
) -> Outcome {
    if let Some(error) = common_error(&results) {
        return Err(found.failure(context, error.clone()));
    }
    let item = |(result, name): (Result<Answer, Error>, &&str)| match result {
        Ok(answer) => Item::of(context, found, answer),
        Err(error) => Item::failed(context, found, name, error),
    };
    let items: Vec<Item> = results.into_iter().zip(names).map(item).collect();
    context.output.print(&items, |items, style| {
        let mut table = Table::new(&["property", "value", "via", "status"]);
        for item in items {
            let tone = if item.code < 0 { Tone::Bad } else { Tone::Good };
            let via = item.via.unwrap_or_default().to_owned();
            let cells = [item.property.to_string(), item.shown.clone(), via];
            let [property, value, via] = cells.map(|cell| (cell, None));
            table.toned([property, value, via, (item.status(), Some(tone))]);
        }
        table.render(style)
    })?;
    let hints = items.iter().filter_map(|item| item.error.as_ref()?.hint.as_deref());
    hints.collect::<BTreeSet<_>>().into_iter().for_each(|hint| context.output.advise(hint));
    let refused = items.iter().any(|item| item.code < 0);
    Ok(if refused { Verdict::NotOk } else { Verdict::Done })
}

/// What all of them failed by, where nothing came of any and it is the same for all.
fn common_error(results: &[Result<Answer, Error>]) -> Option<&Error> {
    let (first, others) = results.split_first()?;
    let error = first.as_ref().err()?;
    let text = error.to_string();
    let is_same = |other: &Error| other.kind() == error.kind() && other.to_string() == text;
    let is_common = others.iter().all(|result| result.as_ref().is_err_and(is_same));
    is_common.then_some(error)
}

fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::bad_input(format!("{text:?} is not PROPERTY=VALUE"))
                .hint("a property and what to write, as in light:brightness=40")
        })?;
    Ok((name, value::parse(value)?))
}

/// Below 0 as every code of what failed, where nobody gave one.
const NO_CODE: i64 = -1;
