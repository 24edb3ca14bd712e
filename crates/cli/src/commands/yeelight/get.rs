//! `iot-home yeelight get`.

use iot_home::yeelight::{Method, Properties, Property};

use super::link::{Link, Purpose};
use super::told::{Told, object};
use crate::args::Get;
use crate::commands::Context;
use crate::failure::{Outcome, Verdict};
use crate::output::{Style, fields};

pub(super) async fn get(context: &Context, args: Get) -> Outcome {
    let everything = args.names.is_empty();
    let mut wanted: Vec<Property> = Vec::new();
    if everything {
        wanted.extend(Property::known());
    }
    for name in &args.names {
        let property = Property::from(name.as_str());
        // An object has each name once.
        if !wanted.contains(&property) {
            wanted.push(property);
        }
    }
    let method = super::checked(Method::GetProp(wanted.clone()))?;
    let link = Link::open(context, &args.addr, Purpose::Command).await?;
    let read = link.ask(context, &method, || link.bulb.get(wanted.clone())).await?;
    context.output.print(&object(read.iter()), |_, style| shown(&read, everything, style))?;
    Ok(Verdict::Done)
}

/// What the bulb does not have is left out, unless somebody asks for it.
fn shown(read: &Properties, everything: bool, style: Style) -> String {
    let rows = read.iter().map(|(property, value)| {
        let text = Told(property, value).text();
        let text = if everything { text } else { text.or(Some("not supported".into())) };
        (property.as_str(), text)
    });
    fields(style, rows)
}
