//! `iot-home sim miio`.

use std::future;
use std::net::{Ipv4Addr, SocketAddr};

use iot_home::miio::PORT;
use iot_home::sim::config::Device;
use iot_home::sim::miio::Builder;
use iot_home::sim::{SimDevice, SpawnError};
use serde::Serialize;

use super::configured;
use crate::args::SimMiio;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Style, Tone};

#[derive(Serialize)]
pub(super) struct Listener {
    kind: &'static str,
    addr: SocketAddr,
    did: String,
    token: String,
    model: String,
    /// What the cloud of its home calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Listener {
    pub(super) fn of(device: &SimDevice) -> Self {
        Self {
            kind: "miio",
            addr: device.addr(),
            did: device.did().to_string(),
            token: device.token().expose_hex(),
            model: device.model().to_owned(),
            name: None,
        }
    }
}

pub(super) async fn run(context: &Context, args: SimMiio) -> Outcome {
    let builders = match &args.config {
        Some(file) => configured(file, miio).await?,
        None => {
            let default = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
            vec![SimDevice::light().listen(args.listen.unwrap_or(default))]
        }
    };
    // Dropped, and with them their sockets, when the command is interrupted.
    let mut devices = Vec::with_capacity(builders.len());
    for builder in builders {
        let device = builder.spawn().await.map_err(failure)?;
        let listener = Listener::of(&device);
        let first = devices.is_empty();
        context.output.print(&listener, |listener, style| line(listener, style, first))?;
        devices.push(device);
    }
    if let Some(device) = devices.first() {
        context.output.note(&format!(
            "\nserving until interrupted; in another terminal:\n  iot-home miio info {} --token {}",
            device.addr(),
            device.token().expose_hex(),
        ));
    }
    future::pending().await
}

fn miio(device: Device) -> Result<Builder, Failure> {
    match device {
        Device::Miio(builder) => Ok(builder),
        _ => Err(Failure::bad_input("sim miio runs devices of the kind miio only")),
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
    let row = |addr: &str, did: &str, token: &str, model: &str| {
        format!("{addr:<21}  {did:<20}  {token:<32}  {model}")
    };
    let heading = if first {
        let heading = row("address", "did", "token", "model");
        format!("{}\n", style.paint(Tone::Name, &heading))
    } else {
        String::new()
    };
    let addr = listener.addr.to_string();
    heading + &row(&addr, &listener.did, &listener.token, &listener.model)
}
