//! `iot-home discover`: what is there.

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use iot_home::miio::discovery::Found;
use iot_home::miio::{self, PORT};
use iot_home::yeelight::{Property, Sighting};
use serde::Serialize;

use super::Context;
use super::miio::{shown_token, token_text};
use super::search::{Plan, targets};
use super::yeelight;
use crate::args::{Discover, Protocol};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Style, Tone, printable};

/// Whatever answers.
enum Answer {
    Device(Box<Found>),
    Bulb(Sighting),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Device {
        protocol: &'static str,
        addr: SocketAddr,
        did: String,
        token: Option<String>,
        token_visible: bool,
        stamp: u32,
    },
    Bulb {
        protocol: &'static str,
        addr: SocketAddr,
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        properties: Ordered,
        #[serde(skip)]
        light: String,
    },
}

pub(super) async fn run(context: &Context, args: Discover) -> Outcome {
    if args.protocols.contains(&Protocol::Mdns) {
        return Err(Failure::new(Kind::NotSupported, "this version does not search by mDNS")
            .hint("leave --protocol out, or say --protocol miio or yeelight"));
    }
    if let Some(target) = args.search.targets.iter().find(|target| target.has_port())
        && args.protocols.len() != 1
    {
        return Err(Failure::usage(format!(
            "{target} names a port, and which protocol speaks there has to be said"
        ))
        .hint("add --protocol miio or --protocol yeelight"));
    }
    let output = &context.output;
    let plan = Plan::of(context, &args.search)?;
    let waiting = output.waiting("searching");
    let mut answers = answers(context, &args, &plan).await?;
    let mut devices = 0_usize;
    while !plan.is_enough(devices)
        && let Some(answer) = answers.next().await
    {
        let line = Line::of(context, &answer);
        output.print(&line, |line, style| line.text(style, devices == 0))?;
        devices += 1;
    }
    drop(waiting);
    if devices == 0 {
        output.note(&format!("no device answered within {:?}", plan.wait));
        output.advise(hint(&args));
        return Ok(Verdict::NotOk);
    }
    Ok(Verdict::Done)
}

fn asks(args: &Discover, protocol: Protocol) -> bool {
    args.protocols.is_empty() || args.protocols.contains(&protocol)
}

/// Every protocol at once.
async fn answers(
    context: &Context,
    args: &Discover,
    plan: &Plan,
) -> Result<BoxStream<'static, Answer>, Failure> {
    let mut searches = Vec::new();
    if asks(args, Protocol::Miio) {
        let mut search = miio::Discovery::builder()
            .wait(plan.wait)
            .interfaces(plan.interfaces.iter().copied())
            .targets(targets(context, &args.search, PORT).await?);
        if let Some(count) = plan.count {
            search = search.count(count);
        }
        if let Some(recorder) = &context.recorder {
            search = search.on_wire(recorder.observer(Vec::new()));
        }
        searches.push(search.start()?.map(|found| Answer::Device(Box::new(found))).boxed());
    }
    if asks(args, Protocol::Yeelight) {
        let search = yeelight::start(context, &args.search, plan).await?;
        searches.push(search.map(Answer::Bulb).boxed());
    }
    Ok(stream::select_all(searches).boxed())
}

impl Line {
    fn of(context: &Context, answer: &Answer) -> Self {
        match answer {
            Answer::Device(found) => Self::Device {
                protocol: "miio",
                addr: found.addr,
                did: found.did.to_string(),
                token: shown_token(context, found),
                token_visible: found.token.is_some(),
                stamp: found.stamp,
            },
            Answer::Bulb(found) => {
                let state = yeelight::state(found);
                // The name has its own place.
                let told = found.properties().filter(|(property, _)| *property != Property::Name);
                Self::Bulb {
                    protocol: "yeelight",
                    addr: found.addr(),
                    id: found.id().to_string(),
                    model: found.model().map(Into::into),
                    name: found.name().map(Into::into),
                    properties: yeelight::object(&told.collect::<Vec<_>>()),
                    light: yeelight::light(&state),
                }
            }
        }
    }

    /// Lines come one by one, so the columns are as wide as their widest contents can be.
    fn text(&self, style: Style, first: bool) -> String {
        let row = |protocol: &str, addr: &str, id: &str, tells: &str| {
            format!("{protocol:<8}  {addr:<21}  {id:<20}  {tells}").trim_end().to_owned()
        };
        let heading = if first {
            let heading = row("protocol", "address", "did or id", "tells");
            format!("{}\n", style.paint(Tone::Name, &heading))
        } else {
            String::new()
        };
        heading
            + &match self {
                Self::Device { protocol, addr, did, token, token_visible, stamp } => {
                    let token = token_text(token.as_deref(), *token_visible);
                    let tells = format!("stamp {stamp}, token {token}");
                    row(protocol, &addr.to_string(), did, &tells)
                }
                Self::Bulb { protocol, addr, id, model, name, light, .. } => {
                    let name = name.as_ref().filter(|name| !name.is_empty());
                    let tells: Vec<_> = [model.as_ref(), Some(light), name]
                        .into_iter()
                        .flatten()
                        .map(|text| printable(text))
                        .collect();
                    row(protocol, &addr.to_string(), id, &tells.join(", "))
                }
            }
    }
}

fn hint(args: &Discover) -> &'static str {
    match (asks(args, Protocol::Miio), asks(args, Protocol::Yeelight)) {
        (true, false) => {
            "devices answer only in their own network, and neither a guest network nor a \
             firewall may keep UDP port 54321 away; --target ADDR asks one address, --wait 10s \
             asks longer"
        }
        (false, true) => yeelight::HINT,
        _ => {
            "devices answer only in their own network, bulbs only with LAN Control switched on, and \
             neither a guest network nor a firewall may keep UDP ports 54321 and 1982 away; \
             --target ADDR asks one address, --wait 10s asks longer"
        }
    }
}
