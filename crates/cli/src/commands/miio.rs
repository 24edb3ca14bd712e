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
use serde::Serialize;

use self::info::info;
use self::link::{Link, bind};
use self::provision::provision;
use self::reboot::reboot;
use super::deadline::Deadline;
use super::{Context, results};
use crate::args::{Address, MiioCommand, Target};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::fields;
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
            results::properties(context, results, |value| link.hide(context, value))
        }
        MiioCommand::Set { target, values } => {
            let values = values.iter().map(|text| value::assignment(text));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            let link = Link::open(context, &target).await?;
            let mut results =
                link.within(context, "writing", link.device.set_properties(values)).await?;
            // What a device echoes after a write is not what it has.
            results.iter_mut().for_each(|result| result.value = None);
            results::properties(context, results, |value| link.hide(context, value))
        }
        MiioCommand::Action { target, action, arguments } => {
            let arguments = value::arguments(&arguments)?;
            let link = Link::open(context, &target).await?;
            let running = link.device.action(action, arguments);
            let result = link.within(context, "waiting for", running).await?;
            results::action(context, result, |out| link.hide(context, out))
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
    let called = Called { id: reply.id(), result };
    context.output.print(&called, |called, _| results::pretty(&called.result))?;
    Ok(verdict)
}
