//! `iot-home spec`: what a model of device can do.

use std::path::Path;
use std::sync::Arc;

use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use iot_home::http::{Client, HttpClient};
use iot_home::miot::{Access, Action, Event, Instance, Property, Service, SpecServer, Urn};
use tokio::time;

use super::Context;
use crate::args::Spec;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::output::{Style, Table, Tone, printable};

pub(super) async fn run(context: &Context, args: Spec) -> Outcome {
    let asked = Asked::of(&args.what)?;
    let server = server(context, args.url.as_deref(), args.cache_dir.as_deref(), args.refresh)?;
    let waiting = context.output.waiting("asking the spec server");
    let most = context.options.cloud_timeout();
    let spec = time::timeout(most, async {
        match &asked {
            Asked::Model(model) => server.spec(model).await,
            Asked::Urn(urn) => server.instance(urn).await,
        }
    });
    let spec = spec.await.map_err(|_| {
        Failure::new(Kind::Timeout, format!("the spec server did not answer within {most:?}"))
            .hint("the list of models is long: give it more time with --timeout 2m")
    })??;
    drop(waiting);
    let instance = spec.instance();
    context.output.print(&instance.to_value(), |_, style| text(instance, style))?;
    Ok(Verdict::Done)
}

/// Whose spec is wanted.
enum Asked<'a> {
    Model(&'a str),
    Urn(Urn),
}

impl<'a> Asked<'a> {
    fn of(what: &'a str) -> Result<Self, Failure> {
        let model = what.split('.').count() >= 3
            && what.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        match what.parse() {
            Ok(urn) => Ok(Self::Urn(urn)),
            Err(_) if model => Ok(Self::Model(what)),
            Err(error) if what.starts_with("urn:") => {
                Err(Failure::bad_input(format!("{what:?}: {error}")).hint(FORMS))
            }
            Err(_) => {
                Err(Failure::bad_input(format!("{what:?} is no model and no URN")).hint(FORMS))
            }
        }
    }
}

const FORMS: &str =
    "a model is vendor.kind.name, as miio info tells it; a URN is urn:miot-spec-v2:device:…";

/// The spec server of these options; without a folder, what it tells is kept in the user's own.
pub(super) fn server(
    context: &Context,
    url: Option<&str>,
    folder: Option<&Path>,
    refresh: bool,
) -> Result<SpecServer, Failure> {
    let client = Client::new().map_err(|error| Failure::bad_input(error.to_string()))?;
    let client: Arc<dyn HttpClient> = match &context.recorder {
        Some(recorder) => Arc::new(recorder.http(client)),
        None => Arc::new(client),
    };
    let mut builder = SpecServer::builder().http(client).refresh(refresh);
    if let Some(url) = url {
        builder = builder.url(url);
    }
    // Where nobody has a home there is nowhere to keep it.
    let usual = || Some(choose_native_strategy().ok()?.cache_dir().join("iot-home").join("specs"));
    if let Some(folder) = folder.map(Path::to_owned).or_else(usual) {
        builder = builder.cache_dir(folder);
    }
    Ok(builder.build()?)
}

/// The whole of it: a table of properties, one of actions, one of events.
fn text(instance: &Instance, style: Style) -> String {
    let mut text = format!("{}\n", style.paint(Tone::Name, &printable(&instance.description)));
    if let Some(urn) = &instance.urn {
        text += &format!("{}\n", printable(&urn.to_string()));
    }
    let services = &instance.services;
    let properties: Vec<&Property> = services.iter().flat_map(|it| &it.properties).collect();
    if !properties.is_empty() {
        let mut table = Table::new(&["id", "property", "access", "value", "description"]);
        for property in properties {
            table.row([
                property.id.to_string(),
                property.name.clone(),
                access(property.access),
                value(property),
                property.description.clone(),
            ]);
        }
        text += &format!("\n{}", table.render(style));
    }
    let actions: Vec<(&Service, &Action)> =
        services.iter().flat_map(|it| it.actions.iter().map(move |action| (it, action))).collect();
    if !actions.is_empty() {
        let mut table = Table::new(&["id", "action", "in", "out", "description"]);
        for (service, action) in actions {
            table.row([
                action.id.to_string(),
                action.name.clone(),
                names(service, action.inputs.iter().map(|piid| piid.get())),
                names(service, action.outputs.iter().map(|piid| piid.get())),
                action.description.clone(),
            ]);
        }
        text += &format!("\n{}", table.render(style));
    }
    let events: Vec<(&Service, &Event)> =
        services.iter().flat_map(|it| it.events.iter().map(move |event| (it, event))).collect();
    if !events.is_empty() {
        let mut table = Table::new(&["id", "event", "tells", "description"]);
        for (service, event) in events {
            table.row([
                event.id.to_string(),
                event.name.clone(),
                names(service, event.arguments.iter().map(|piid| piid.get())),
                event.description.clone(),
            ]);
        }
        text += &format!("\n{}", table.render(style));
    }
    text
}

/// `read write notify`, as far as it goes.
fn access(access: Access) -> String {
    let words = [("read", access.read), ("write", access.write), ("notify", access.notify)];
    words.iter().filter(|word| word.1).map(|word| word.0).collect::<Vec<_>>().join(" ")
}

fn value(property: &Property) -> String {
    match property.unit_sign() {
        Some(unit) => format!("{} ({unit})", property.allowed()),
        None => property.allowed(),
    }
}

/// Properties of a service by their names, without the service's own.
fn names(service: &Service, piids: impl Iterator<Item = u32>) -> String {
    let name = |piid: u32| {
        let property = service.properties.iter().find(|it| it.id.piid.get() == piid);
        match property.and_then(|it| it.name.split_once(':')) {
            Some((_, name)) => name.to_owned(),
            None => piid.to_string(),
        }
    };
    piids.map(name).collect::<Vec<_>>().join(", ")
}
