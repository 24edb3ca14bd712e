//! The tokio client: a thin driver around [`Session`](crate::session::Session).
//!
//! A [`Lumi`] is one socket for commands to any number of gateways, and sockets that hear their reports. A
//! [`Gateway`] is a handle, cheap to clone, whose calls may run at the same time; dropping a call half-way is safe.
//! When the last handle is dropped, the task and the sockets end.
//!
//! [`Discovery`] searches for gateways. It is a stream that owns its sockets.

mod discovery;
mod driver;
mod error;
mod gateway;
mod reports;
mod shared;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use iot_home_lan::Sockets;
use iot_home_lan::wire::Observer;
pub use iot_home_lan::{Direction, WireEvent};
use tokio::task::AbortHandle;

pub use self::discovery::{Discovery, DiscoveryBuilder, SearchAddr};
use self::driver::Driver;
pub use self::error::{Error, ErrorKind};
pub use self::gateway::Gateway;
pub use self::reports::{Heard, Reports};
use self::shared::Shared;
use crate::key::Key;
use crate::search::Found;
use crate::session::Config;
use crate::{GROUP, PORT};

/// Sockets for any number of gateways. Clones share them.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use iot_home_lumi::{Key, Lumi, Values};
/// use std::net::Ipv4Addr;
///
/// let key: Key = std::env::var("LUMI_KEY")?.parse()?;
/// let lumi = Lumi::bind().await?;
/// let gateway = lumi.gateway(Ipv4Addr::new(192, 168, 1, 30), Some(key));
/// for child in gateway.children().await? {
///     println!("{} is a {}", child.sid, child.model.as_deref().unwrap_or("?"));
/// }
/// gateway.write("158d0001a2b3c4".parse()?, Values::new().with("status", "on")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lumi {
    handle: Arc<Handle>,
}

impl Lumi {
    /// A client that sends from a free port and hears reports on every IPv4 interface.
    ///
    /// # Errors
    /// As [`LumiBuilder::bind`].
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn bind() -> Result<Self, Error> {
        Self::builder().bind().await
    }

    /// A client with settings of its own.
    pub fn builder() -> LumiBuilder {
        LumiBuilder {
            local: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0).into(),
            interfaces: Vec::new(),
            group: GROUP,
            port: PORT,
            reports: true,
            config: Config::default(),
            on_wire: None,
        }
    }

    /// A handle for the gateway at this address. Nothing is sent before the first call. Without a key it cannot
    /// write. Calls share what is known of the gateway with the handle's clones, not with another handle.
    pub fn gateway(&self, addr: impl Into<GatewayAddr>, key: Option<Key>) -> Gateway {
        Gateway::new(&self.handle, addr.into().0, key, self.handle.config)
    }

    /// A handle for a gateway that a search has found, which saves it some questions. Its tokens are believed
    /// from the first heartbeat on.
    pub fn found(&self, found: &Found, key: Option<Key>) -> Gateway {
        let config = Config { sid: Some(found.sid), version: found.version, ..self.handle.config };
        Gateway::new(&self.handle, found.addr, key, config)
    }

    /// The address that commands leave from.
    pub fn local_addr(&self) -> SocketAddr {
        self.handle.local
    }

    /// The address that reports are heard at, unless the client was told not to hear them.
    pub fn report_addr(&self) -> Option<SocketAddr> {
        self.handle.reports
    }
}

impl fmt::Debug for Lumi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lumi")
            .field("local_addr", &self.handle.local)
            .field("report_addr", &self.handle.reports)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Lumi`].
#[derive(Clone)]
#[must_use]
pub struct LumiBuilder {
    local: SocketAddr,
    interfaces: Vec<Ipv4Addr>,
    group: Ipv4Addr,
    port: u16,
    reports: bool,
    config: Config,
    on_wire: Option<Observer>,
}

impl LumiBuilder {
    /// The local address, and with it the interface, that commands leave from. Port 0 takes a free one.
    pub fn local_addr(mut self, addr: SocketAddr) -> Self {
        self.local = addr;
        self
    }

    /// Hears reports only on the interfaces that have these addresses. Loopback takes part only here.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// The group to join, [224.0.0.50](GROUP) by default. An address of this machine is listened at as it is, for
    /// a relay that forwards reports to it; then there are no interfaces to choose.
    pub fn group(mut self, group: Ipv4Addr) -> Self {
        self.group = group;
        self
    }

    /// The port that reports come to, 9898 by default; it is shared with other programs. 0 takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Hears no reports: no group is joined, and tokens come by lists alone.
    pub fn without_reports(mut self) -> Self {
        self.reports = false;
        self
    }

    /// The time from a read or a write to its failure. Five seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// The time that listing the children may take. Thirty seconds by default.
    pub fn list_timeout(mut self, timeout: Duration) -> Self {
        self.config.list_timeout = timeout;
        self
    }

    /// Calls `observer` with every datagram that goes and comes, reports included, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the sockets and starts the task that serves them.
    ///
    /// # Errors
    /// When the local address is not this machine's, the interfaces cannot be listed, one that was asked for does
    /// not exist, the port is taken by a program that does not share it, or the group can be joined on no
    /// interface. Interfaces that fail beside others that work are left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    #[allow(
        clippy::unused_async,
        reason = "sockets are opened within a runtime, as the other clients' are"
    )]
    pub async fn bind(self) -> Result<Lumi, Error> {
        let socket = iot_home_lan::socket(self.local).map_err(Error::lan)?;
        let local = socket.local_addr().map_err(|error| Error::bind(self.local, error))?;
        let listening = if self.reports {
            let interfaces = match self.group.is_multicast() {
                true => iot_home_lan::chosen(&self.interfaces).map_err(Error::lan)?,
                false => Vec::new(),
            };
            let locals: Vec<_> = interfaces.iter().map(|interface| interface.addr).collect();
            let group = SocketAddrV4::new(self.group, self.port);
            iot_home_lan::group_sockets(group, &locals).map_err(Error::lan)?
        } else {
            Vec::new()
        };
        let reports = listening.first().and_then(|socket| socket.local_addr().ok());
        let shared = Arc::new(Shared::new());
        let listening = Sockets::new(listening);
        let driver = Driver::new(Arc::clone(&shared), socket, listening, self.on_wire);
        let task = tokio::spawn(driver).abort_handle();
        let handle = Handle { shared, local, reports, config: self.config, task };
        Ok(Lumi { handle: Arc::new(handle) })
    }
}

impl fmt::Debug for LumiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LumiBuilder")
            .field("local", &self.local)
            .field("interfaces", &self.interfaces)
            .field("group", &SocketAddrV4::new(self.group, self.port))
            .field("reports", &self.reports)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Where a gateway takes commands. An address without a port means [`PORT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatewayAddr(SocketAddr);

impl From<SocketAddr> for GatewayAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

impl From<IpAddr> for GatewayAddr {
    fn from(ip: IpAddr) -> Self {
        Self(SocketAddr::new(ip, PORT))
    }
}

impl From<Ipv4Addr> for GatewayAddr {
    fn from(ip: Ipv4Addr) -> Self {
        IpAddr::from(ip).into()
    }
}

/// Keeps the driver's task alive; dropped with the last [`Lumi`], [`Gateway`] and [`Reports`].
struct Handle {
    shared: Arc<Shared>,
    local: SocketAddr,
    reports: Option<SocketAddr>,
    config: Config,
    task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
