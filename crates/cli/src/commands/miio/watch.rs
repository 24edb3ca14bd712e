//! `iot-home miio watch`.

use futures_util::StreamExt as _;
use iot_home::miio::push::{Change, Event, Occurrence};
use serde::Serialize;
use serde_json::Value;

use super::link::Link;
use crate::args::Target;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::ordered::Ordered;
use crate::output::{Output, Style, Tone, printable};

#[derive(Serialize)]
struct Changed {
    did: String,
    siid: u32,
    piid: u32,
    value: Ordered,
}

#[derive(Serialize)]
struct Occurred {
    did: String,
    siid: u32,
    eiid: u32,
    arguments: Vec<Argument>,
}

#[derive(Serialize)]
struct Argument {
    piid: u32,
    value: Ordered,
}

#[derive(Serialize)]
struct Told {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

pub(super) async fn watch(context: &Context, target: &Target) -> Outcome {
    let link = Link::open(context, target).await?;
    let mut pushes = link.within(context, "subscribing to", link.device.subscribe()).await?;
    let (output, addr) = (&context.output, link.device.addr());
    output.note(&format!("watching {addr} until interrupted"));
    while let Some(event) = pushes.next().await {
        match event {
            Event::Changed(changes) => {
                for change in changes {
                    let changed = changed(context, &link, change);
                    output.print(&changed, |changed, style| changed.line(style))?;
                }
            }
            Event::Occurred(occurrence) => {
                let occurred = occurred(context, &link, *occurrence);
                output.print(&occurred, |occurred, style| occurred.line(style))?;
            }
            Event::Offline => tell(output, "lost", None, || {
                output.warn(&format!("{addr} does not answer; trying on"));
            })?,
            Event::Subscribed { .. } => tell(output, "restored", None, || {
                output.note(&format!(
                    "subscribed to {addr} again; what happened in between is not known"
                ));
            })?,
            Event::NotSubscribed(failure) => tell(output, "refused", None, || {
                output.warn(&format!("{addr} took no subscription ({failure}); trying on"));
            })?,
            Event::Unsupported => tell(output, "unsupported", None, || {
                output.warn(&format!("{addr} takes no subscriptions any more; trying on"));
            })?,
            Event::Missed { events } => tell(output, "missed", Some(events), || {
                output.warn(&format!("{events} events came too fast to be printed"));
            })?,
            _ => {}
        }
    }
    Err(Failure::new(Kind::Io, "the socket is broken"))
}

fn changed(context: &Context, link: &Link, change: Change) -> Changed {
    let (siid, piid) = (change.id.siid.get(), change.id.piid.get());
    let value = shown(context, link, change.value);
    Changed { did: change.did.to_string(), siid, piid, value }
}

fn occurred(context: &Context, link: &Link, occurrence: Occurrence) -> Occurred {
    let argument = |(piid, value): (iot_home::core::Piid, Value)| Argument {
        piid: piid.get(),
        value: shown(context, link, value),
    };
    Occurred {
        did: occurrence.did.to_string(),
        siid: occurrence.id.siid.get(),
        eiid: occurrence.id.eiid.get(),
        arguments: occurrence.arguments.into_iter().map(argument).collect(),
    }
}

fn shown(context: &Context, link: &Link, value: Value) -> Ordered {
    let mut value = Ordered::from(value);
    link.hide(context, &mut value);
    value
}

impl Changed {
    fn line(&self, style: Style) -> String {
        let id = format!("{}.{}", self.siid, self.piid);
        let name = style.paint(Tone::Name, &id);
        format!("{name} {}", printable(&self.value.to_string()))
    }
}

impl Occurred {
    fn line(&self, style: Style) -> String {
        let id = format!("event {}.{}", self.siid, self.eiid);
        let name = style.paint(Tone::Name, &id);
        let arguments = self.arguments.iter().map(|argument| {
            format!("  {}={}", argument.piid, printable(&argument.value.to_string()))
        });
        std::iter::once(name.into_owned()).chain(arguments).collect()
    }
}

/// A line for programs, which are told nothing on stderr.
fn tell(
    output: &Output,
    event: &'static str,
    count: Option<u64>,
    person: impl FnOnce(),
) -> Result<(), Failure> {
    if output.json() {
        return output.print(&Told { event, count }, |_, _| String::new());
    }
    person();
    Ok(())
}
