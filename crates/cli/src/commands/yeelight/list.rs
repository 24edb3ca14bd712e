//! `iot-home yeelight list`.

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use iot_home::yeelight::{Discovery, Property, SEARCH_PORT, Sighting, State};
use serde::Serialize;
use serde_json::Value;

use super::told::{Told, light};
use crate::args::{List, Search};
use crate::commands::Context;
use crate::commands::search::{Plan, targets};
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Style, Tone, printable};

#[derive(Serialize)]
struct Bulb {
    protocol: &'static str,
    addr: SocketAddr,
    id: String,
    model: Option<String>,
    fw_ver: Value,
    name: Option<String>,
    support: Vec<String>,
    power: Value,
    bright: Value,
    color_mode: Value,
    ct: Value,
    rgb: Value,
    hue: Value,
    sat: Value,
    /// Headers that this program does not know.
    other: Ordered,
    #[serde(skip)]
    light: String,
}

pub(super) async fn list(context: &Context, args: List) -> Outcome {
    let output = &context.output;
    let plan = Plan::of(context, &args.search)?;
    let waiting = output.waiting("searching");
    let mut search = start(context, &args.search, &plan).await?;
    let mut bulbs = 0_usize;
    while let Some(found) = search.next().await {
        output.print(&Bulb::from(&found), |bulb, style| line(bulb, style, bulbs == 0))?;
        bulbs += 1;
    }
    drop(waiting);
    if bulbs == 0 {
        output.note(&format!("no bulb answered within {:?}", plan.wait));
        output.advise(HINT);
        return Ok(Verdict::NotOk);
    }
    Ok(Verdict::Done)
}

/// The search, with its sockets open.
async fn start(context: &Context, search: &Search, plan: &Plan) -> Result<Discovery, Failure> {
    let mut builder = Discovery::builder()
        .wait(plan.wait)
        .interfaces(plan.interfaces.iter().copied())
        .targets(targets(context, search, SEARCH_PORT).await?);
    if let Some(count) = plan.count {
        builder = builder.count(count);
    }
    if let Some(recorder) = &context.recorder {
        builder = builder.on_wire(recorder.bulb_observer());
    }
    Ok(builder.start()?)
}

impl From<&Sighting> for Bulb {
    fn from(found: &Sighting) -> Self {
        let told: Vec<_> = found.properties().collect();
        let value = |wanted: Property| {
            let told = told.iter().find(|(property, _)| *property == wanted);
            told.map_or(Value::Null, |(property, value)| Told(property, value).json())
        };
        let fw_ver = match found.fw_ver() {
            Some(number) => number.into(),
            None => found.header("fw_ver").map_or(Value::Null, |text| Value::from(&*text)),
        };
        Self {
            protocol: "yeelight",
            addr: found.addr(),
            id: found.id().to_string(),
            model: found.model().map(Into::into),
            fw_ver,
            name: found.name().map(Into::into),
            support: found.support().map(str::to_owned).collect(),
            power: value(Property::Power),
            bright: value(Property::Bright),
            color_mode: value(Property::ColorMode),
            ct: value(Property::Ct),
            rgb: value(Property::Rgb),
            hue: value(Property::Hue),
            sat: value(Property::Sat),
            other: other_headers(found),
            light: light(&state(found)),
        }
    }
}

/// How a bulb that was found is.
pub(crate) fn state(found: &Sighting) -> State {
    let mut state = State::default();
    state.merge(found.properties());
    state
}

/// Each unknown header once, as the bulb writes it.
fn other_headers(found: &Sighting) -> Ordered {
    let mut other: Vec<(String, Ordered)> = Vec::new();
    for (name, value) in found.headers() {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if !KNOWN.iter().any(|known| is(known)) && !other.iter().any(|(told, _)| is(told)) {
            other.push((name.into_owned(), Ordered::Scalar(Value::from(&*value))));
        }
    }
    Ordered::Object(other)
}

/// Lines come one by one, so the columns are as wide as their widest contents can be.
fn line(bulb: &Bulb, style: Style, first: bool) -> String {
    let row = |addr: &str, id: &str, model: &str, light: &str, name: &str| {
        format!("{addr:<21}  {id:<18}  {model:<10}  {light:<20}  {name}").trim_end().to_owned()
    };
    let heading = if first {
        let heading = row("address", "id", "model", "light", "name");
        format!("{}\n", style.paint(Tone::Name, &heading))
    } else {
        String::new()
    };
    let text = |text: &Option<String>| printable(text.as_deref().unwrap_or_default()).into_owned();
    let addr = bulb.addr.to_string();
    heading + &row(&addr, &bulb.id, &text(&bulb.model), &bulb.light, &text(&bulb.name))
}

/// What to look at where no bulb answers.
pub(crate) const HINT: &str = "bulbs answer only with LAN Control switched on in their app and in their own network, and \
    neither a guest network nor a firewall may keep UDP port 1982 away; --target ADDR asks one \
    address, --wait 10s asks longer";

/// Those that are told under names of their own, and those that tell nothing.
const KNOWN: [&str; 17] = [
    "Cache-Control",
    "Date",
    "Ext",
    "Location",
    "Server",
    "id",
    "model",
    "fw_ver",
    "support",
    "power",
    "bright",
    "color_mode",
    "ct",
    "rgb",
    "hue",
    "sat",
    "name",
];
