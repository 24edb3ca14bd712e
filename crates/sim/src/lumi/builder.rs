//! What a gateway is, said before it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iot_home_lumi::{Key, Sid, Version};

use crate::lumi::child::Child;
use crate::lumi::gateway::{SimGateway, SpawnError};
use crate::lumi::machine::Machine;

/// What a gateway is. [`spawn`](Self::spawn) puts it on sockets, and [`build`](Self::build) makes it a [`Machine`]
/// that is driven by hand.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) search_listen: SocketAddr,
    pub(crate) groups: Vec<Ipv4Addr>,
    pub(crate) report_to: Option<SocketAddr>,
    pub(crate) sid: Sid,
    pub(crate) model: String,
    pub(crate) key: Key,
    pub(crate) version: Version,
    pub(crate) version_in_iam: bool,
    pub(crate) heartbeat: Duration,
    pub(crate) children: Vec<Child>,
    pub(crate) seed: u64,
}

impl Builder {
    pub(crate) fn new(key: Key) -> Self {
        let number = next();
        let child = |kind: u64| sid(0x0015_8d00_0100_0000 + number * 16 + kind);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: any,
            search_listen: any,
            groups: Vec::new(),
            report_to: None,
            sid: sid(0xf0b4_2900_0000 + number),
            model: "gateway".to_owned(),
            key,
            version: Version::V1,
            version_in_iam: true,
            heartbeat: HEARTBEAT,
            children: vec![Child::plug(child(1)), Child::magnet(child(2))],
            seed: number,
        }
    }

    /// Where [`spawn`](Self::spawn) listens for commands: a free port of 127.0.0.1 by default.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// Where it listens for searches: a free port of 127.0.0.1 by default; see [`join_group`](Self::join_group).
    #[must_use]
    pub fn search_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.search_listen = addr.into();
        self
    }

    /// Listens at this address of the machine, where it was not told another one than loopback's.
    #[cfg(feature = "home")]
    pub(crate) fn at(mut self, ip: std::net::IpAddr) -> Self {
        crate::home::move_to(&mut self.listen, ip);
        crate::home::move_to(&mut self.search_listen, ip);
        self
    }

    /// Takes searches to the group 224.0.0.50 on the interface with this address, once for each interface. The
    /// searches' address has to be an unspecified one, `0.0.0.0:4321`.
    #[must_use]
    pub fn join_group(mut self, interface: Ipv4Addr) -> Self {
        self.groups.push(interface);
        self
    }

    /// Where reports and heartbeats go: `224.0.0.50:9898` on a real network. By default to nobody.
    #[must_use]
    pub fn report_to(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.report_to = Some(addr.into());
        self
    }

    /// The gateway's id. By default each gateway of a process gets another one.
    #[must_use]
    pub fn sid(mut self, sid: Sid) -> Self {
        self.sid = sid;
        self
    }

    /// The gateway's model, `gateway` by default.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The version of the protocol that it speaks, the first by default.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Whether answers to searches tell the version, as they do by default. Older gateways tell it only when
    /// they are read.
    #[must_use]
    pub fn version_in_iam(mut self, told: bool) -> Self {
        self.version_in_iam = told;
        self
    }

    /// The time between two heartbeats of the gateway, and with it how long a token holds: ten seconds by
    /// default.
    #[must_use]
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = every.max(Duration::from_millis(1));
        self
    }

    /// Its children, in place of the plug and the door's sensor that it has by default.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Child>) -> Self {
        self.children = children.into_iter().collect();
        self
    }

    /// What its tokens are made from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The gateway without sockets and without a clock.
    pub fn build(self) -> Machine {
        Machine::new(self)
    }

    /// Puts the gateway on sockets.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn spawn(self) -> Result<SimGateway, SpawnError> {
        let (listen, search_listen, groups) =
            (self.listen, self.search_listen, self.groups.clone());
        SimGateway::start(self.build(), listen, search_listen, &groups).await
    }
}

/// Gateways of one process must not share an id, or a search would take them for one.
fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) & 0xf_ffff
}

fn sid(value: u64) -> Sid {
    // At most 16 digits, and hexadecimal.
    format!("{value:012x}").parse().unwrap_or_else(|_| unreachable!("a sid of a number"))
}

const HEARTBEAT: Duration = Duration::from_secs(10);
