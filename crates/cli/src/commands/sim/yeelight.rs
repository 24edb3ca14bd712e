//! `iot-home sim yeelight`.

use std::future;
use std::net::{Ipv4Addr, SocketAddr};

use iot_home::sim::SimBulb;
use iot_home::sim::config::Device;
use iot_home::sim::yeelight::{Builder, SpawnError};
use iot_home::yeelight::{PORT, SEARCH_PORT, SESSION_PORT};
use serde::Serialize;

use super::configured;
use crate::args::SimYeelight;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Style, Tone, printable};

#[derive(Serialize)]
pub(super) struct Listener {
    kind: &'static str,
    addr: SocketAddr,
    id: String,
    model: String,
    search: SocketAddr,
    session: SocketAddr,
    /// What the cloud of its home calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Listener {
    pub(super) fn of(bulb: &SimBulb) -> Self {
        Self {
            kind: "yeelight",
            addr: bulb.addr(),
            id: bulb.id().to_string(),
            model: bulb.model().to_owned(),
            search: bulb.search_addr(),
            session: bulb.session_addr(),
            name: None,
        }
    }
}

pub(super) async fn run(context: &Context, args: SimYeelight) -> Outcome {
    let builders = match &args.config {
        Some(file) => configured(file, yeelight).await?,
        None => vec![listening(args.listen)],
    };
    // Dropped, and with them their sockets, when the command is interrupted.
    let mut bulbs = Vec::with_capacity(builders.len());
    for builder in builders {
        let bulb = builder.spawn().await.map_err(failure)?;
        let listener = Listener::of(&bulb);
        let first = bulbs.is_empty();
        context.output.print(&listener, |listener, style| line(listener, style, first))?;
        bulbs.push(bulb);
    }
    if let Some(bulb) = bulbs.first() {
        context.output.note(&format!(
            "\nserving until interrupted; in another terminal:\n  \
             iot-home yeelight list --target {}\n  iot-home yeelight get {}",
            bulb.search_addr(),
            bulb.addr(),
        ));
    }
    future::pending().await
}

/// A bulb at the protocol's ports; or at another one, and then free ones for what else it listens on.
fn listening(listen: Option<SocketAddr>) -> Builder {
    let control = listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
    let port = |port: u16| if control.port() == PORT { port } else { 0 };
    let beside = |port| SocketAddr::new(control.ip(), port);
    SimBulb::color()
        .listen(control)
        .search_listen(beside(port(SEARCH_PORT)))
        .session_listen(beside(port(SESSION_PORT)))
}

fn yeelight(device: Device) -> Result<Builder, Failure> {
    match device {
        Device::Yeelight(builder) => Ok(builder),
        _ => Err(Failure::bad_input("sim yeelight runs devices of the kind yeelight only")),
    }
}

pub(super) fn failure(error: SpawnError) -> Failure {
    match error {
        SpawnError::Build(error) => Failure::bad_input(error.to_string()),
        SpawnError::Bind { ref source, .. } => Failure::new(Kind::Io, format!("{error}: {source}")),
        error => Failure::new(Kind::Io, error.to_string()),
    }
}

/// The lines come one by one, so the columns are as wide as their widest contents can be.
fn line(listener: &Listener, style: Style, first: bool) -> String {
    let row = |addr: &str, id: &str, model: &str, search: &str, session: &str| {
        format!("{addr:<21}  {id:<18}  {model:<10}  {search:<21}  {session}")
    };
    let heading = if first {
        let heading = row("address", "id", "model", "searched at", "sessions at");
        format!("{}\n", style.paint(Tone::Name, &heading))
    } else {
        String::new()
    };
    let [addr, search, session] =
        [listener.addr, listener.search, listener.session].map(|addr| addr.to_string());
    heading + &row(&addr, &listener.id, &printable(&listener.model), &search, &session)
}
