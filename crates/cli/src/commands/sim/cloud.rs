//! `iot-home sim cloud`.

use std::future;
use std::net::{Ipv4Addr, SocketAddr};

use iot_home::sim::config::Device;
use iot_home::sim::micloud::{Account, Builder, CloudDevice, Home, SpawnError};
use iot_home::sim::{SimCloud, SimDevice};
use serde::Serialize;

use super::configured;
use crate::args;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Style, Tone, printable};

#[derive(Serialize)]
pub(super) struct Listener {
    kind: &'static str,
    addr: SocketAddr,
    /// `account`, `sts` and `api`: all of them at one address, or each at its own.
    serves: Vec<&'static str>,
    account_url: String,
    sts_url: String,
    api_url: String,
    dids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'static str>,
}

impl Listener {
    /// Each address of a cloud, and who may log in where that was made here.
    pub(super) fn all(cloud: &SimCloud, login: Option<(&'static str, &'static str)>) -> Vec<Self> {
        let of = |(addr, serves)| Self {
            kind: "cloud",
            addr,
            serves,
            account_url: cloud.account_url(),
            sts_url: cloud.sts_url(),
            api_url: cloud.api_url(),
            dids: cloud.dids(),
            user: login.map(|(user, _)| user),
            password: login.map(|(_, password)| password),
        };
        cloud.listeners().into_iter().map(of).collect()
    }
}

/// Of nobody.
const USER: &str = "someone@example.com";
const PASSWORD: &str = "simulated";

pub(super) async fn run(context: &Context, args: args::SimCloud) -> Outcome {
    let (builders, is_ours) = match &args.config {
        Some(file) => (configured(file, cloud).await?, false),
        None => (vec![one_lamp(args.listen)], true),
    };
    // Dropped, and with them their sockets, when the command is interrupted.
    let mut clouds = Vec::with_capacity(builders.len());
    for builder in builders {
        let cloud = builder.spawn().await.map_err(failure)?;
        for listener in Listener::all(&cloud, is_ours.then_some((USER, PASSWORD))) {
            context.output.print(&listener, line)?;
        }
        clouds.push(cloud);
    }
    if let Some(cloud) = clouds.first() {
        let login = match is_ours {
            true => format!("\nlog in as {USER} with the password {PASSWORD}"),
            false => String::new(),
        };
        context.output.note(&format!(
            "\nserving until interrupted; the cloud commands reach it by\n  --account-url {} --sts-url {} --api-url {}{login}",
            cloud.account_url(),
            cloud.sts_url(),
            cloud.api_url(),
        ));
    }
    future::pending().await
}

fn one_lamp(listen: Option<SocketAddr>) -> Builder {
    let lamp = CloudDevice::of(SimDevice::light().did(300_000_001)).name("lamp").home(1).room(2);
    SimCloud::builder()
        .listen(listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
        .account(Account::new(USER, PASSWORD))
        .home(Home::new(1, "home").room(2, "hall"))
        .device(lamp)
}

fn cloud(device: Device) -> Result<Builder, Failure> {
    match device {
        Device::Cloud(builder) => Ok(builder),
        _ => Err(Failure::bad_input("sim cloud runs devices of the kind cloud only")),
    }
}

pub(super) fn failure(error: SpawnError) -> Failure {
    match error {
        SpawnError::Build(error) => Failure::bad_input(error.to_string()),
        SpawnError::Bind { ref source, .. } => Failure::new(Kind::Io, format!("{error}: {source}")),
        error => Failure::new(Kind::Io, error.to_string()),
    }
}

pub(super) fn line(listener: &Listener, style: Style) -> String {
    let addr = format!("{:<21}", listener.addr.to_string());
    let addr = style.paint(Tone::Name, &addr);
    let dids: Vec<_> = listener.dids.iter().map(|did| printable(did)).collect();
    format!("{addr}  {}\n  devices: {}\n", listener.serves.join(", "), dids.join(", "))
}
