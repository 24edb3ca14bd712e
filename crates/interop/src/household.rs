//! A home of several kinds of devices in two networks, and a network of containers beside them: what one search of all
//! protocols finds there, with python-zeroconf as the one who announces by mDNS.
//!
//! As in [`networks`](crate::networks), client, hosts and the networks between them are namespaces.

mod checks;
mod inside;

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::json;

pub(crate) use self::inside::{client, host};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::networks::{Station, addr, cable, forwards, up};
use crate::process::Failure;
use crate::tally::Tally;

/// The argument of the half that is a host.
pub(crate) const HOST: &str = "household-host";
/// The argument of the half that is the client.
pub(crate) const CLIENT: &str = "household-client";

/// The networks by the interface that the client has in each. The last is a container's.
const NETWORKS: [(u8, &str); 3] = [(1, "lan1"), (2, "lan2"), (3, "docker0")];

/// A host: where it is, what it is, and what it announces by mDNS.
struct Host {
    network: u8,
    number: u8,
    kinds: &'static [&'static str],
    announced: &'static [Service],
}

/// What python-zeroconf announces for a host.
struct Service {
    kind: &'static str,
    name: &'static str,
    port: u16,
    txt: &'static [(&'static str, &'static str)],
}

const MIIO: &str = "_miio._udp.local.";

/// Five hosts of the home, and what a container pretends to be.
const HOSTS: [Host; 6] = [
    Host {
        network: 1,
        number: 11,
        kinds: &["miio"],
        announced: &[Service {
            kind: MIIO,
            name: "yeelink-light-lamp4_miio125829387",
            port: 54_321,
            txt: &[("epoch", "1"), ("mac", "286c07aa010b")],
        }],
    },
    // A bulb that speaks miIO too.
    Host { network: 1, number: 12, kinds: &["miio", "bulb"], announced: &[] },
    Host { network: 1, number: 13, kinds: &["gateway"], announced: &[] },
    Host {
        network: 2,
        number: 11,
        kinds: &["miio"],
        announced: &[
            Service {
                kind: MIIO,
                name: "mmgg-pet_waterer-s1_mibt125829643",
                port: 54_321,
                txt: &[],
            },
            Service { kind: "_home-assistant._tcp.local.", name: "Home", port: 8123, txt: &[] },
        ],
    },
    // Asleep: it answers nothing.
    Host {
        network: 2,
        number: 12,
        kinds: &[],
        announced: &[Service {
            kind: MIIO,
            name: "rockrobo-vacuum-v1_miio125829644",
            port: 54_321,
            txt: &[("mac", "286c07aa020c")],
        }],
    },
    Host { network: 3, number: 11, kinds: &["miio"], announced: &[] },
];

/// Lets our client search the home.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    scripts: Scripts<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut bench = Bench::start(peers, run, scripts).await?;
    let played = checks::play(&mut bench, tally).await;
    bench.stop().await;
    played
}

/// The scripts that are run with others' programs.
#[derive(Clone, Copy)]
pub(crate) struct Scripts<'a> {
    /// Keeps the namespace between the networks.
    pub(crate) watcher: &'a Path,
    /// Announces by python-zeroconf.
    pub(crate) announcer: &'a Path,
}

/// Everything that was started.
struct Bench<'a> {
    run: &'a Path,
    client: Station,
    middle: Station,
    hosts: Vec<(&'static Host, Station, Dialogue)>,
}

impl<'a> Bench<'a> {
    async fn start(peers: &Peers, run: &'a Path, scripts: Scripts<'_>) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(format!("this program's own path is unknown: {error}"))
        })?;
        let watcher = scripts.watcher.to_string_lossy();
        let middle = Station::start("household-middle", &peers.python(), &[&watcher], run).await?;
        let client = Station::start("household-client", &program, &[CLIENT], run).await?;
        let mut hosts = Vec::new();
        for host in &HOSTS {
            let name = format!("host-{}-{}", host.network, host.number);
            let station = Station::start(&*name, &program, &[HOST], run).await?;
            let mut python = station.beside(peers.python())?;
            python.arg(scripts.announcer);
            let announcer = Dialogue::start(format!("{name}-mdns"), &mut python, run).await?;
            hosts.push((host, station, announcer));
        }
        Ok(Self { run, client, middle, hosts })
    }

    async fn stop(self) {
        for (_, station, announcer) in self.hosts {
            announcer.stop().await;
            station.stop().await;
        }
        self.client.stop().await;
        self.middle.stop().await;
    }

    /// A bridge for each network, a cable from it to each host and one to the client. Then the hosts begin.
    async fn lay(&mut self) -> Result<(), Failure> {
        let mut middle = String::new();
        for (network, nic) in NETWORKS {
            middle += &format!("link add net{network} type bridge\nlink set net{network} up\n");
            middle += &cable(network, &format!("client{network}"), nic, self.client.pid()?);
        }
        for (host, station, _) in &self.hosts {
            let port = format!("host{}-{}", host.network, host.number);
            middle += &cable(host.network, &port, "lan", station.pid()?);
        }
        self.middle.ip(self.run, &middle).await?;
        for (host, station, _) in &self.hosts {
            let lan = up("lan", host.addr());
            // Groups are no network's in particular, and leave by the only way there is.
            let ways = "route add default dev lan\n";
            station.ip(self.run, &format!("link set lo up\n{lan}{ways}")).await?;
        }
        let nics = NETWORKS.map(|(network, nic)| up(nic, addr(network, 1))).concat();
        self.client.ip(self.run, &format!("link set lo up\n{nics}")).await?;
        for (network, _) in NETWORKS {
            forwards(&self.middle, network).await?;
        }
        for (host, station, announcer) in &mut self.hosts {
            let addr = host.addr().to_string();
            let order = json!({"addr": addr, "did": host.did(), "kinds": host.kinds});
            let begun = station.ask(order).await?;
            if begun != "begun" {
                return Err(Failure::new(format!("a host: {begun}")));
            }
            for service in host.announced {
                let txt: serde_json::Map<_, _> = service
                    .txt
                    .iter()
                    .map(|(key, value)| ((*key).into(), (*value).into()))
                    .collect();
                let order = json!({"type": service.kind, "name": service.name, "addr": addr,
                    "port": service.port, "txt": txt, "host": format!("host-{}-{}", host.network, host.number)});
                announcer.ask(order).await?;
            }
        }
        Ok(())
    }
}

impl Host {
    const fn addr(&self) -> Ipv4Addr {
        addr(self.network, self.number)
    }

    /// Its did, which is a bulb's id too, and in other digits a gateway's.
    fn did(&self) -> u32 {
        u32::from_be_bytes([0x07, 0x80, self.network, self.number])
    }
}
