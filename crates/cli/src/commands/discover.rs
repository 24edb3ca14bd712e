//! `iot-home discover`: what is there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use iot_home::miio::Discovery;
use serde::Serialize;
use tokio::time;

use super::Context;
use super::miio::{shown_token, token_text};
use crate::args::{Discover, Protocol};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::output::{Style, Tone};

#[derive(Serialize)]
struct Device {
    protocol: &'static str,
    addr: SocketAddr,
    did: String,
    token: Option<String>,
    token_visible: bool,
    stamp: u32,
}

pub(super) async fn run(context: &Context, args: Discover) -> Outcome {
    if args.protocols.iter().any(|protocol| *protocol != Protocol::Miio) {
        return Err(Failure::new(
            Kind::NotSupported,
            "this version searches for miIO devices only",
        )
        .hint("leave --protocol out, or say --protocol miio"));
    }
    if let Some(target) = args.targets.iter().find(|target| target.has_port())
        && args.protocols.len() != 1
    {
        return Err(Failure::usage(format!(
            "{target} names a port, and which protocol speaks there has to be said"
        ))
        .hint("add --protocol miio"));
    }
    let output = &context.output;
    let wait = context.options.timeout.map_or(args.wait, |timeout| timeout.min(args.wait));
    let mut search = Discovery::builder().wait(wait).interfaces(interfaces(&args.interfaces)?);
    if let Some(count) = args.count {
        search = search.count(count);
    }
    if let Some(recorder) = &context.recorder {
        search = search.on_wire(recorder.observer(Vec::new()));
    }
    let waiting = output.waiting("searching");
    if !args.targets.is_empty() {
        let lookups = args.targets.iter().map(|target| target.resolve());
        let targets = time::timeout(context.options.timeout(), try_join_all(lookups)).await;
        let late = |_| Failure::new(Kind::Timeout, "looking up the targets took too long");
        search = search.targets(targets.map_err(late)??);
    }
    let mut found = search.start()?;
    let mut devices = 0_usize;
    while let Some(answer) = found.next().await {
        let device = Device {
            protocol: "miio",
            addr: answer.addr,
            did: answer.did.to_string(),
            token: shown_token(context, &answer),
            token_visible: answer.token.is_some(),
            stamp: answer.stamp,
        };
        output.print(&device, |device, style| line(device, style, devices == 0))?;
        devices += 1;
    }
    drop(waiting);
    if devices == 0 {
        output.note(&format!("no device answered within {wait:?}"));
        output.advise(
            "devices answer only in their own network, and neither a guest network nor a \
             firewall may keep UDP port 54321 away; --target ADDR asks one address, --wait 10s \
             asks longer",
        );
        return Ok(Verdict::NotOk);
    }
    Ok(Verdict::Done)
}

/// Lines come one by one, so the columns are as wide as their widest contents can be.
fn line(device: &Device, style: Style, first: bool) -> String {
    let row = |protocol: &str, addr: &str, did: &str, stamp: &str, token: &str| {
        format!("{protocol:<8}  {addr:<21}  {did:<20}  {stamp:<10}  {token}")
    };
    let heading = if first {
        let heading = row("protocol", "address", "did", "stamp", "token");
        format!("{}\n", style.paint(Tone::Name, &heading))
    } else {
        String::new()
    };
    let token = token_text(device.token.as_deref(), device.token_visible);
    let (addr, stamp) = (device.addr.to_string(), device.stamp.to_string());
    heading + &row(device.protocol, &addr, &device.did, &stamp, &token)
}

/// Interfaces by name or address, as the IPv4 addresses they have.
fn interfaces(wanted: &[String]) -> Result<Vec<Ipv4Addr>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = if_addrs::get_if_addrs()
        .map_err(|error| Failure::io("cannot list the network interfaces", &error))?;
    let known: Vec<(String, Ipv4Addr)> = known
        .into_iter()
        .filter_map(|interface| match interface.ip() {
            IpAddr::V4(ip) => Some((interface.name, ip)),
            IpAddr::V6(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for wanted in wanted {
        let ip = wanted.parse::<Ipv4Addr>().ok();
        let before = found.len();
        let fits = |(name, addr): &&(String, Ipv4Addr)| name == wanted || Some(*addr) == ip;
        found.extend(known.iter().filter(fits).map(|(_, addr)| *addr));
        if found.len() == before {
            let names: Vec<_> = known.iter().map(|(name, ip)| format!("{name} ({ip})")).collect();
            return Err(Failure::bad_input(format!(
                "no interface {wanted:?} with an IPv4 address"
            ))
            .hint(format!("there are: {}", names.join(", "))));
        }
    }
    Ok(found)
}
