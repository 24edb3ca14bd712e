//! `iot-home miio hello|info|call|get|set|action|watch|children`: talking to one device.

mod children;
mod info;
mod link;
mod provision;
mod reboot;
mod watch;

use std::net::SocketAddr;
use std::time::Duration;

use iot_home::miio::discovery::Found;
use iot_home::miio::{PORT, Request, Token};
use iot_home::{MiotCode, PropertyResult};
use serde::Serialize;
use serde_json::Value;

use self::info::info;
use self::link::{Link, bind};
use self::provision::provision;
use self::reboot::reboot;
use super::Context;
use super::deadline::Deadline;
use crate::args::{Address, MiioCommand, Target};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Table, Tone, fields, printable};
use crate::value;

pub(super) async fn run(context: &Context, command: MiioCommand) -> Outcome {
    match command {
        MiioCommand::Hello { addr } => hello(context, &addr).await,
        MiioCommand::Info { target } => info(context, &target).await,
        MiioCommand::Call { target, method, params, sid } => {
            // With its keys in the order they were given, and without its blanks.
            let params = Ordered::parse(&params).map_err(|error| {
                Failure::bad_input(format!(
                    "PARAMS_JSON is not valid JSON at line {} column {}",
                    error.line(),
                    error.column()
                ))
                .hint("most methods take an array, as in '[\"power\",\"bright\"]'")
            })?;
            let request = Request::new(method, params)
                .and_then(|request| match &sid {
                    Some(sid) => request.sid(sid),
                    None => Ok(request),
                })
                .map_err(|error| Failure::bad_input(error.to_string()))?;
            call(context, &target, request).await
        }
        MiioCommand::Get { target, properties } => {
            let link = Link::open(context, &target).await?;
            let ids = properties.iter().copied();
            let results = link.within(context, "reading", link.device.get_properties(ids)).await?;
            print_results(context, &link, results)
        }
        MiioCommand::Set { target, values } => {
            let values = values.iter().map(|text| value::assignment(text));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            let link = Link::open(context, &target).await?;
            let mut results =
                link.within(context, "writing", link.device.set_properties(values)).await?;
            // What a device echoes after a write is not what it has.
            results.iter_mut().for_each(|result| result.value = None);
            print_results(context, &link, results)
        }
        MiioCommand::Action { target, action, arguments } => {
            let arguments = value::arguments(&arguments)?;
            let link = Link::open(context, &target).await?;
            let running = link.device.action(action, arguments);
            let result = link.within(context, "waiting for", running).await?;
            let mut out = Ordered::from(Value::Array(result.out));
            link.hide(context, &mut out);
            let code = result.code;
            let done = Done { code: code.get(), out };
            context.output.print(&done, |done, style| {
                let out = Some(done.out.to_string()).filter(|out| out != "[]");
                fields(style, [("result", Some(code_text(code))), ("out", out)])
            })?;
            Ok(if code.get() < 0 { Verdict::NotOk } else { Verdict::Done })
        }
        MiioCommand::Provision(args) => provision(context, *args).await,
        MiioCommand::Reboot { target } => reboot(context, &target).await,
        MiioCommand::Watch { target } => watch::watch(context, &target).await,
        MiioCommand::Children { target } => children::children(context, &target).await,
        MiioCommand::Encode(_) | MiioCommand::Decode(_) | MiioCommand::Token { .. } => {
            Err(Failure::new(Kind::Internal, "this command talks to no device"))
        }
    }
}

#[derive(Serialize)]
struct Done {
    code: i64,
    out: Ordered,
}

#[derive(Serialize)]
struct Hello {
    addr: SocketAddr,
    did: String,
    stamp: u32,
    token: Option<String>,
    token_visible: bool,
    rtt_ms: f64,
}

async fn hello(context: &Context, addr: &Address) -> Outcome {
    let deadline = Deadline::of(context);
    let addr = deadline.resolve(context, addr, PORT).await?;
    let client = bind(context, addr, &deadline, None).await?;
    let waiting = context.output.waiting(format!("asking {addr}"));
    let found = client.hello(addr, deadline.left()).await?;
    drop(waiting);
    let hello = Hello {
        addr: found.addr,
        did: found.did.to_string(),
        stamp: found.stamp,
        token: shown_token(context, &found),
        token_visible: found.token.is_some(),
        rtt_ms: millis(found.round_trip),
    };
    context.output.print(&hello, |hello, style| {
        fields(
            style,
            [
                ("address", Some(hello.addr.to_string())),
                ("did", Some(hello.did.clone())),
                ("stamp", Some(format!("{} s on its clock", hello.stamp))),
                ("token", Some(token_text(hello.token.as_deref(), hello.token_visible))),
                ("answered", Some(format!("in {} ms", hello.rtt_ms))),
            ],
        )
    })?;
    Ok(Verdict::Done)
}

/// The token of a hello reply, if it is there and may be printed.
pub(super) fn shown_token(context: &Context, found: &Found) -> Option<String> {
    let token = found.token.as_ref().filter(|_| context.output.show_secrets());
    token.map(Token::expose_hex)
}

pub(super) fn token_text(token: Option<&str>, visible: bool) -> String {
    match (token, visible) {
        (Some(token), _) => token.to_owned(),
        (None, true) => "shown (print it with --show-secrets)".into(),
        (None, false) => "hidden".into(),
    }
}

/// Milliseconds, to the microsecond.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn unprintable() -> Failure {
    Failure::new(
        Kind::Malformed,
        "the device's result nests too deeply, or has a number that is none",
    )
}

#[derive(Serialize)]
struct Called {
    id: i32,
    result: Ordered,
}

async fn call(context: &Context, target: &Target, request: Request) -> Outcome {
    let link = Link::open(context, target).await?;
    let reply = link.within(context, "calling", link.device.request(request)).await?;
    let mut result = Ordered::parse(reply.text()).map_err(|_| unprintable())?;
    let verdict = if result.has_refused_item() { Verdict::NotOk } else { Verdict::Done };
    link.hide(context, &mut result);
    context.output.print(&Called { id: reply.id(), result }, |called, _| {
        let pretty = serde_json::to_string_pretty(&called.result);
        let pretty = pretty.unwrap_or_else(|_| called.result.to_string());
        // JSON leaves some characters as they are that a terminal would act on.
        pretty.lines().map(|line| printable(line) + "\n").collect()
    })?;
    Ok(verdict)
}

#[derive(Serialize)]
struct Item {
    siid: u32,
    piid: u32,
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Ordered>,
}

fn print_results(context: &Context, link: &Link, results: Vec<PropertyResult>) -> Outcome {
    let refused = results.iter().any(|result| result.code.get() < 0);
    let item = |result: PropertyResult| Item {
        siid: result.id.siid.get(),
        piid: result.id.piid.get(),
        code: result.code.get(),
        value: result.value.map(|value| {
            let mut value = Ordered::from(value);
            link.hide(context, &mut value);
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

fn code_text(code: MiotCode) -> String {
    if code == MiotCode::OK { "ok".into() } else { code.to_string() }
}
