//! `iot-home sim home`.

use std::future;
use std::net::SocketAddr;

use iot_home::sim::config::Device as Described;
use iot_home::sim::home::{Builder, Device, LUMI_KEY, Member, PASSWORD, SpawnError, USER};
use iot_home::sim::{SimGateway, SimHome, SimSpecServer, lumi, miot};
use serde::Serialize;

use super::{cloud, miio, mqtt, read, wrong, yeelight};
use crate::args;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Style, Tone, printable};

/// A Lumi gateway.
#[derive(Serialize)]
struct Gateway<'a> {
    kind: &'static str,
    addr: SocketAddr,
    did: &'a str,
    sid: String,
    search: SocketAddr,
    children: Vec<String>,
    name: &'a str,
    /// The key of writes, where it was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
}

/// The server of specs.
#[derive(Serialize)]
struct Specs {
    kind: &'static str,
    addr: SocketAddr,
    url: String,
}

pub(super) async fn run(context: &Context, args: args::SimHome) -> Outcome {
    let (builder, platforms, is_ours) = match &args.config {
        None => (furnished(args.listen), Vec::new(), true),
        Some(file) => {
            let mut config = read(file).await?;
            let mut platforms = Vec::new();
            config.devices.retain(|device| match device {
                Described::Mqtt(platform) => {
                    platforms.push(platform.clone());
                    false
                }
                _ => true,
            });
            let home = config.into_home().map_err(|error| wrong(file, &error))?;
            (home, platforms, false)
        }
    };
    // Dropped, and with it its sockets, when the command is interrupted.
    let home = builder.spawn().await.map_err(failure)?;
    for member in home.members() {
        print(context, member, is_ours)?;
    }
    let specs = Specs::of(home.specs());
    context
        .output
        .print(&specs, |specs, style| row(style, specs.addr, "spec", "", "", &specs.url))?;
    for listener in cloud::Listener::all(home.cloud(), is_ours.then_some((USER, PASSWORD))) {
        context.output.print(&listener, cloud::line)?;
    }
    let _platforms = mqtt::serve(context, platforms, None, false).await?;
    context.output.note(&advice(&home, is_ours));
    future::pending().await
}

/// Everything at one address.
fn furnished(listen: Option<SocketAddr>) -> Builder {
    let home = SimHome::furnished();
    match listen {
        Some(addr) => home.ip(addr.ip()).cloud_port(addr.port()),
        None => home,
    }
}

fn print(context: &Context, member: &Member, is_ours: bool) -> Result<(), Failure> {
    let name = member.name();
    match member.device() {
        Device::Miio(device) => {
            let mut listener = miio::Listener::of(device);
            listener.name = Some(name.to_owned());
            context.output.print(&listener, |_, style| {
                let did = device.did().to_string();
                row(style, device.addr(), "miio", name, &did, &device.token().expose_hex())
            })
        }
        Device::Yeelight(bulb) => {
            let mut listener = yeelight::Listener::of(bulb);
            listener.name = Some(name.to_owned());
            context.output.print(&listener, |_, style| {
                let searched = format!("searched at {}", bulb.search_addr());
                row(style, bulb.addr(), "yeelight", name, &bulb.id().to_string(), &searched)
            })
        }
        Device::Lumi(gateway) => {
            let listener = Gateway::of(member, gateway, is_ours);
            context.output.print(&listener, |listener, style| {
                let searched = format!("searched at {}", listener.search);
                row(style, listener.addr, "lumi", name, &listener.sid, &searched)
            })
        }
        _ => Ok(()),
    }
}

impl<'a> Gateway<'a> {
    fn of(member: &'a Member, gateway: &SimGateway, is_ours: bool) -> Self {
        Self {
            kind: "lumi",
            addr: gateway.addr(),
            did: member.did(),
            sid: gateway.sid().to_string(),
            search: gateway.search_addr(),
            children: gateway.children().iter().map(|sid| format!("lumi.{sid}")).collect(),
            name: member.name(),
            key: is_ours.then_some(LUMI_KEY),
        }
    }
}

impl Specs {
    fn of(server: &SimSpecServer) -> Self {
        Self { kind: "spec", addr: server.addr(), url: server.url() }
    }
}

/// The lines come one by one, so the columns are as wide as their widest contents can be.
fn row(style: Style, addr: SocketAddr, kind: &str, name: &str, id: &str, more: &str) -> String {
    let addr = format!("{:<21}", addr.to_string());
    let addr = style.paint(Tone::Name, &addr);
    format!("{addr}  {kind:<8}  {:<12}  {id:<20}  {more}", printable(name))
}

fn advice(home: &SimHome, is_ours: bool) -> String {
    let cloud = home.cloud();
    let hosts = format!(
        "--account-url {} --sts-url {} --api-url {}",
        cloud.account_url(),
        cloud.sts_url(),
        cloud.api_url()
    );
    let login = match is_ours {
        true => format!("\nlog in as {USER} with the password {PASSWORD}"),
        false => String::new(),
    };
    format!(
        "\nserving until interrupted; in another terminal:\n  iot-home cloud login {hosts}\n  \
         iot-home get \"Desk lamp\" light:on --refresh --spec-url {} {hosts}{login}",
        home.specs().url()
    )
}

fn failure(error: SpawnError) -> Failure {
    match error {
        SpawnError::Miio(error) => miio::failure(error),
        SpawnError::Yeelight(error) => yeelight::failure(error),
        SpawnError::Cloud(error) => cloud::failure(error),
        SpawnError::Lumi(lumi::SpawnError::Bind { addr, source }) => bind(addr, &source),
        SpawnError::Specs(miot::SpawnError::Bind { addr, source }) => bind(addr, &source),
        SpawnError::Specs(miot::SpawnError::Build(error)) => Failure::bad_input(error.to_string()),
        error => Failure::new(Kind::Io, error.to_string()),
    }
}

fn bind(addr: SocketAddr, source: &std::io::Error) -> Failure {
    Failure::io(&format!("cannot listen on {addr}"), source)
}
