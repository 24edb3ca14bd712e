//! Bulbs of ours in networks made for them, and who finds them there: our client and clients of
//! others on a machine with one network, then with two.
//!
//! As in [`networks`](crate::networks), client, bulbs and the networks between them are namespaces.

mod checks;
mod inside;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use iot_home::yeelight::BulbId;
use serde_json::json;

pub(crate) use self::inside::{bulb, client};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::networks::{Station, addr, cable, forwards, up};
use crate::peer::{python_yeelight, yeelight_awesome};
use crate::process::Failure;
use crate::tally::Tally;

/// The argument that stands before the id in the half that is a bulb.
pub(crate) const BULB: &str = "bulb";
/// The argument of the half that is the client.
pub(crate) const CLIENT: &str = "bulbs-client";

const NETWORKS: [u8; 2] = [1, 2];
/// The bulbs of each network.
const BULBS: [u8; 3] = [11, 12, 13];
/// One of each network that comes late and does not stay.
const VISITOR: u8 = 14;
/// How long bulbs count as there, and how long the visitors do.
const USUAL: Duration = Duration::from_secs(3600);
const BRIEFLY: Duration = Duration::from_secs(2);

/// The scripts that are run with others' programs.
#[derive(Clone, Copy)]
pub(crate) struct Scripts<'a> {
    /// Reads what passes between the networks.
    pub(crate) watcher: &'a Path,
    /// Plays python-yeelight.
    pub(crate) python_yeelight: &'a Path,
}

/// Lets everybody search one network of three bulbs, and two.
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

/// Everything that was started.
struct Bench<'a> {
    run: &'a Path,
    client: Station,
    /// Clients of others, in the same namespace as ours.
    python: Dialogue,
    node: Dialogue,
    /// The namespace that the other ends of all cables lie in, and who watches the client's there.
    middle: Station,
    bulbs: BTreeMap<(u8, u8), Station>,
}

impl<'a> Bench<'a> {
    async fn start(peers: &Peers, run: &'a Path, scripts: Scripts<'_>) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(format!("this program's own path is unknown: {error}"))
        })?;
        let watcher = scripts.watcher.to_string_lossy();
        let middle = Station::start("bulbs-middle", &peers.python(), &[&watcher], run).await?;
        let client = Station::start("bulbs-client", &program, &[CLIENT], run).await?;
        let python = client.beside(peers.python())?;
        let script = scripts.python_yeelight;
        let python = python_yeelight::start("bulbs-python", python, script, run).await?;
        let mut node = client.beside("node")?;
        node.arg(yeelight_awesome::script(peers)?);
        let node = Dialogue::start("bulbs-node", &mut node, run).await?;
        let mut bulbs = BTreeMap::new();
        for network in NETWORKS {
            for bulb in BULBS.into_iter().chain([VISITOR]) {
                let id = id(network, bulb).to_string();
                let name = format!("bulb-{network}-{bulb}");
                let station = Station::start(name, &program, &[BULB, &id], run).await?;
                bulbs.insert((network, bulb), station);
            }
        }
        Ok(Self { run, client, python, node, middle, bulbs })
    }

    async fn stop(self) {
        for (_, bulb) in self.bulbs {
            bulb.stop().await;
        }
        self.python.stop().await;
        self.node.stop().await;
        self.client.stop().await;
        self.middle.stop().await;
    }

    /// A bridge, a cable from it to each bulb of the network and one to the client. Then the bulbs
    /// begin, all but the visitor.
    async fn lay(&mut self, network: u8) -> Result<(), Failure> {
        let mut middle = format!("link add net{network} type bridge\nlink set net{network} up\n");
        let (port, nic) = (format!("client{network}"), format!("lan{network}"));
        middle += &cable(network, &port, &nic, self.client.pid()?);
        for ((_, bulb), station) in self.bulbs.range((network, 0)..=(network, u8::MAX)) {
            let port = format!("bulb{network}-{bulb}");
            middle += &cable(network, &port, "lan", station.pid()?);
        }
        self.middle.ip(self.run, &middle).await?;
        for ((_, bulb), station) in self.bulbs.range((network, 0)..=(network, u8::MAX)) {
            let lan = up("lan", addr(network, *bulb));
            station.ip(self.run, &format!("link set lo up\n{lan}")).await?;
        }
        let mut nic = up(&nic, addr(network, 1));
        if network == NETWORKS[0] {
            // What is for no network in particular leaves there, as on any machine.
            nic +=
                &format!("link set lo up\nroute add default via {} dev lan1\n", addr(network, 254));
        }
        self.client.ip(self.run, &nic).await?;
        forwards(&self.middle, network).await?;
        for bulb in BULBS {
            self.begin(network, bulb, USUAL).await?;
        }
        self.middle.ask(format!("watch {port}")).await.map(drop)
    }

    /// Switches a bulb on, at the wall.
    async fn begin(&mut self, network: u8, bulb: u8, max_age: Duration) -> Result<(), Failure> {
        let addr = addr(network, bulb).to_string();
        let order = json!({"do": "begin", "addr": addr, "max_age_s": max_age.as_secs()});
        let begun = self.bulb((network, bulb))?.ask(order).await?;
        if begun == "begun" { Ok(()) } else { Err(Failure::new(format!("a bulb: {begun}"))) }
    }

    fn bulb(&mut self, bulb: (u8, u8)) -> Result<&mut Station, Failure> {
        self.bulbs.get_mut(&bulb).ok_or_else(|| Failure::new(format!("there is no bulb {bulb:?}")))
    }
}

fn id(network: u8, bulb: u8) -> BulbId {
    BulbId::new(u32::from_be_bytes([0x07, 0x70, network, bulb]).into())
}

/// Where a bulb is controlled.
fn at(network: u8, bulb: u8) -> String {
    let addr: Ipv4Addr = addr(network, bulb);
    format!("{addr}:{}", iot_home::yeelight::PORT)
}

/// The bulbs that stay, by network and number.
fn everybody() -> impl Iterator<Item = (u8, u8)> {
    NETWORKS.into_iter().flat_map(|network| BULBS.map(|bulb| (network, bulb)))
}
