//! Our client on a machine with more than one network: what a search reaches, how often each
//! device hears it, and what silence from outside all networks is called.
//!
//! Client, devices and the networks between them are namespaces with nothing in them but what is
//! put there. Each belongs to a process and ends with it, so none has a name and none is left over.

mod checks;
mod inside;
mod station;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

pub(crate) use self::inside::{client, device, listen, say};
pub(crate) use self::station::Station;
use crate::process::{Failure, succeed};
use crate::tally::Tally;

/// The argument that stands before the did in the half that is a device.
pub(crate) const DEVICE: &str = "device";
/// The argument of the half that is the client.
pub(crate) const CLIENT: &str = "client";

/// The token of all devices.
const TOKEN: [u8; 16] = *b"\x00two\xffnetworks\x01\x02\x03";
/// `ip` takes less.
const SHORT: Duration = Duration::from_secs(20);
const NETWORKS: [u8; 2] = [1, 2];
/// The devices of each network.
const DEVICES: [u8; 3] = [11, 12, 13];

/// What `ip` calls its version. It makes the interfaces.
pub(crate) async fn version() -> Result<String, Failure> {
    let mut ip = Command::new("ip");
    let said = succeed(ip.arg("-V"), SHORT).await.map_err(|error| {
        Failure::new(format!(
            "the program `ip` of iproute2 is needed (on Debian: apt-get install iproute2): {error}"
        ))
    })?;
    // "ip utility, iproute2-6.1.0, libbpf 1.1.2"
    let version = said.split([' ', ',']).find_map(|word| word.strip_prefix("iproute2-"));
    Ok(version.unwrap_or(said.trim()).to_owned())
}

/// Lets our client search two networks of three devices each. `watcher` is the Python script that
/// reads what passes between them.
pub(crate) async fn play(
    run: &Path,
    python: &Path,
    watcher: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut bench = Bench::start(run, python, watcher).await?;
    let played = checks::play(&mut bench, tally).await;
    bench.stop().await;
    played
}

/// Everything that was started.
struct Bench<'a> {
    run: &'a Path,
    client: Station,
    /// The namespace that the other ends of all cables lie in, and who watches the client's there.
    middle: Station,
    devices: BTreeMap<(u8, u8), Station>,
    /// The hellos of each device that were counted already.
    heard: BTreeMap<(u8, u8), u64>,
}

impl<'a> Bench<'a> {
    async fn start(run: &'a Path, python: &Path, watcher: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(format!("this program's own path is unknown: {error}"))
        })?;
        let watcher = watcher.to_string_lossy();
        let middle = Station::start("middle", python, &[&watcher], run).await?;
        let client = Station::start("client", &program, &[CLIENT], run).await?;
        let mut devices = BTreeMap::new();
        for (network, device) in everybody() {
            let did = did(network, device).to_string();
            let name = format!("device-{network}-{device}");
            let station = Station::start(name, &program, &[DEVICE, &did], run).await?;
            devices.insert((network, device), station);
        }
        Ok(Self { run, client, middle, devices, heard: BTreeMap::new() })
    }

    async fn stop(self) {
        for (_, device) in self.devices {
            device.stop().await;
        }
        self.client.stop().await;
        self.middle.stop().await;
    }

    /// A bridge for each network, a cable from it to each device and one to the client.
    async fn lay(&mut self) -> Result<(), Failure> {
        let mut middle = String::new();
        for network in NETWORKS {
            middle += &format!("link add net{network} type bridge\nlink set net{network} up\n");
            let (port, nic) = (format!("client{network}"), format!("lan{network}"));
            middle += &cable(network, &port, &nic, self.client.pid()?);
        }
        for ((network, device), station) in &self.devices {
            let port = format!("device{network}-{device}");
            middle += &cable(*network, &port, "lan", station.pid()?);
        }
        self.middle.ip(self.run, &middle).await?;
        for ((network, device), station) in &self.devices {
            let lan = up("lan", addr(*network, *device));
            station.ip(self.run, &format!("link set lo up\n{lan}")).await?;
        }
        let lans = NETWORKS.map(|network| up(&format!("lan{network}"), addr(network, 1))).concat();
        self.client.ip(self.run, &format!("link set lo up\n{lans}")).await?;
        for network in NETWORKS {
            forwards(&self.middle, network).await?;
        }
        self.middle.ask("watch client1 client2").await.map(drop)
    }
}

/// Waits until a network's bridge passes on what comes. It begins with a port once both ends of the
/// cable are up and word of that has got round.
pub(crate) async fn forwards(middle: &Station, network: u8) -> Result<(), Failure> {
    for _ in 0..100 {
        let mut ip = middle.beside("ip")?;
        ip.args(["-json", "-details", "link", "show", "master", &format!("net{network}")]);
        let said = succeed(&mut ip, SHORT).await?;
        let ports: Vec<Value> = serde_json::from_str(&said)
            .map_err(|error| Failure::new(format!("{said:?} are no interfaces: {error}")))?;
        let state = |port: &Value| port.pointer("/linkinfo/info_slave_data/state").cloned();
        if ports.iter().all(|port| state(port) == Some("forwarding".into())) {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(Failure::new(format!("the bridge of network {network} has a port that passes nothing on")))
}

/// The lines that lay a cable from a network's bridge to a process, which sees its end as `nic`.
pub(crate) fn cable(network: u8, port: &str, nic: &str, pid: u32) -> String {
    format!(
        "link add name {port} type veth peer name {nic} netns {pid}\n\
         link set {port} master net{network}\n\
         link set {port} up\n"
    )
}

/// The lines that give an interface its address and bring it up.
pub(crate) fn up(nic: &str, addr: Ipv4Addr) -> String {
    format!("addr add {addr}/24 broadcast + dev {nic}\nlink set {nic} up\n")
}

pub(crate) const fn addr(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, network, host)
}

fn did(network: u8, device: u8) -> u32 {
    u32::from_be_bytes([0x07, 0x70, network, device])
}

/// All devices, by network and number.
fn everybody() -> impl Iterator<Item = (u8, u8)> {
    NETWORKS.into_iter().flat_map(|network| DEVICES.map(|device| (network, device)))
}
