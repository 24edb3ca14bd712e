//! What devices answer, however they were reached.

use iot_home::{ActionResult, MiotCode, PropertyResult};
use serde::Serialize;
use serde_json::Value;

use super::Context;
use crate::failure::{Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Table, Tone, fields, printable};

#[derive(Serialize)]
struct Item {
    siid: u32,
    piid: u32,
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Ordered>,
}

/// Prints what became of properties; `hide` takes secrets out of their values.
pub(super) fn properties(
    context: &Context,
    results: Vec<PropertyResult>,
    hide: impl Fn(&mut Ordered),
) -> Outcome {
    let refused = results.iter().any(|result| result.code.get() < 0);
    let item = |result: PropertyResult| Item {
        siid: result.id.siid.get(),
        piid: result.id.piid.get(),
        code: result.code.get(),
        value: result.value.map(|value| {
            let mut value = Ordered::from(value);
            hide(&mut value);
            value
        }),
    };
    let items: Vec<Item> = results.into_iter().map(item).collect();
    context.output.print(&items, |items, style| {
        let with_values = items.iter().any(|item| item.value.is_some());
        let headings: &[&str] =
            if with_values { &["property", "value", "status"] } else { &["property", "status"] };
        let mut table = Table::new(headings);
        for item in items {
            let id = (format!("{}.{}", item.siid, item.piid), None);
            let tone = if item.code < 0 { Tone::Bad } else { Tone::Good };
            let status = (code_text(MiotCode::new(item.code)), Some(tone));
            if with_values {
                let value = item.value.as_ref().map(ToString::to_string).unwrap_or_default();
                table.toned([id, (value, None), status]);
            } else {
                table.toned([id, status]);
            }
        }
        table.render(style)
    })?;
    Ok(if refused { Verdict::NotOk } else { Verdict::Done })
}

#[derive(Serialize)]
struct Done {
    code: i64,
    out: Ordered,
}

/// Prints what became of an action.
pub(super) fn action(
    context: &Context,
    result: ActionResult,
    hide: impl Fn(&mut Ordered),
) -> Outcome {
    let mut out = Ordered::from(Value::Array(result.out));
    hide(&mut out);
    let code = result.code;
    let done = Done { code: code.get(), out };
    context.output.print(&done, |done, style| {
        let out = Some(done.out.to_string()).filter(|out| out != "[]");
        fields(style, [("result", Some(code_text(code))), ("out", out)])
    })?;
    Ok(if code.get() < 0 { Verdict::NotOk } else { Verdict::Done })
}

/// JSON for a person to read.
pub(super) fn pretty(value: &Ordered) -> String {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    // JSON leaves some characters as they are that a terminal would act on.
    pretty.lines().map(|line| printable(line) + "\n").collect()
}

pub(super) fn code_text(code: MiotCode) -> String {
    if code == MiotCode::OK { "ok".into() } else { code.to_string() }
}
