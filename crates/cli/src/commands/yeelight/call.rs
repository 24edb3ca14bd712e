//! `iot-home yeelight call`.

use iot_home::yeelight::Method;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::link::{Link, Purpose};
use super::result::parsed;
use crate::args::Call;
use crate::commands::Context;
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::{Hidden, Ordered};
use crate::output::printable;

#[derive(Serialize)]
struct Called {
    id: i64,
    result: Ordered,
}

pub(super) async fn call(context: &Context, args: Call) -> Outcome {
    serde_json::from_str::<IgnoredAny>(&args.params).map_err(|error| {
        Failure::bad_input(format!(
            "PARAMS_JSON is not valid JSON at line {} column {}",
            error.line(),
            error.column()
        ))
        .hint("it is an array, as in '[\"power\",\"bright\"]'")
    })?;
    // What was given is what is sent, blanks aside.
    let method = super::checked(Method::raw(&args.method, &args.params)?)?;
    let link = Link::open(context, &args.addr, Purpose::Command).await?;
    let reply = link.call(context, method).await?;
    let mut result = parsed(&reply)?;
    let verdict = if result.has_refused_item() { Verdict::NotOk } else { Verdict::Done };
    if !context.output.show_secrets() {
        let tokens = session_tokens(&args.method, &reply.values());
        result.hide(&Hidden::secrets(&tokens));
    }
    context.output.print(&Called { id: reply.id(), result }, |called, _| {
        let pretty = serde_json::to_string_pretty(&called.result);
        let pretty = pretty.unwrap_or_else(|_| called.result.to_string());
        // JSON leaves some characters as they are that a terminal would act on.
        pretty.lines().map(|line| printable(line) + "\n").collect()
    })?;
    Ok(verdict)
}

/// Some firmware gives the token of a UDP session as a bare item of the result.
fn session_tokens(method: &str, result: &[Value]) -> Vec<String> {
    let is_token = |text: &&str| text.len() >= 16 && method.starts_with("udp");
    let texts = result.iter().filter_map(Value::as_str).filter(is_token);
    texts.map(str::to_ascii_lowercase).collect()
}
