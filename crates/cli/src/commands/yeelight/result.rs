//! Sending commands one after the other, and what comes back.

use iot_home::yeelight::{Method, Reply};
use serde::Serialize;

use super::link::Link;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Style, fields};

#[derive(Serialize)]
struct Done {
    #[serde(skip)]
    method: String,
    result: Ordered,
}

/// Sends commands, each when the one before is done, and prints the result: an array where there are several.
/// The first that fails is the last.
pub(super) async fn carry_out(context: &Context, link: &Link, methods: Vec<Method>) -> Outcome {
    let mut done = Vec::with_capacity(methods.len());
    for method in methods {
        let name = method.name().to_owned();
        match link.call(context, method).await {
            Ok(reply) => done.push(Done { method: name, result: parsed(&reply)? }),
            Err(failure) if done.is_empty() => return Err(failure),
            Err(failure) => {
                let before: Vec<_> = done.iter().map(|done| done.method.as_str()).collect();
                return Err(failure.adding(&format!("; {} was done before", before.join(", "))));
            }
        }
    }
    let refused = done.iter().any(|done| done.result.has_refused_item());
    match done.as_slice() {
        [one] => context.output.print(one, |one, style| told(std::slice::from_ref(one), style))?,
        several => context.output.print(&several, |several, style| told(several, style))?,
    }
    Ok(if refused { Verdict::NotOk } else { Verdict::Done })
}

fn told(done: &[Done], style: Style) -> String {
    let lines = done.iter().map(|done| {
        let result = done.result.to_string();
        let is_ok = result == r#"["ok"]"#;
        (done.method.as_str(), Some(if is_ok { "ok".into() } else { result }))
    });
    fields(style, lines)
}

/// The result as the bulb wrote it.
pub(super) fn parsed(reply: &Reply) -> Result<Ordered, Failure> {
    Ordered::parse(reply.text()).map_err(|_| {
        Failure::new(
            Kind::Malformed,
            "the bulb's result nests too deeply, or has a number that is none",
        )
    })
}
