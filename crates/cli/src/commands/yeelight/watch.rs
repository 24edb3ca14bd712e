//! `iot-home yeelight watch`.

use futures_util::StreamExt as _;
use iot_home::yeelight::Properties;
use iot_home::yeelight::client::Change;
use serde::Serialize;

use super::link::{Link, Purpose};
use super::told::{Told, object};
use crate::args::Address;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::ordered::Ordered;
use crate::output::{Output, Style, Tone, printable};

#[derive(Serialize)]
struct Changed {
    props: Ordered,
}

#[derive(Serialize)]
struct Event {
    event: &'static str,
}

pub(super) async fn watch(context: &Context, addr: &Address) -> Outcome {
    let link = Link::open(context, addr, Purpose::Watch).await?;
    let mut changes = link.bulb.changes();
    let (output, addr) = (&context.output, link.addr());
    output.note(&format!("watching {addr} until interrupted"));
    while let Some(change) = changes.next().await {
        match change {
            Change::Properties(properties) => {
                let changed = Changed { props: object(properties.iter()) };
                output.print(&changed, |_, style| line(&properties, style))?;
            }
            Change::Lost => tell(output, "lost", || {
                output.warn(&format!("the connection to {addr} is lost; trying again"));
            })?,
            Change::Restored => tell(output, "restored", || {
                output.note(&format!("connected to {addr} again"));
            })?,
            _ => {}
        }
    }
    Err(Failure::new(Kind::Io, "the connection has ended"))
}

/// A line for programs, which are told nothing on stderr.
fn tell(output: &Output, event: &'static str, person: impl FnOnce()) -> Result<(), Failure> {
    if output.json() {
        return output.print(&Event { event }, |_, _| String::new());
    }
    person();
    Ok(())
}

fn line(properties: &Properties, style: Style) -> String {
    let told = properties.iter().map(|(property, value)| {
        let text = Told(property, value).text().unwrap_or_else(|| "not supported".into());
        let name = printable(property.as_str());
        format!("{} {}", style.paint(Tone::Name, &name), printable(&text))
    });
    told.collect::<Vec<_>>().join("  ")
}
