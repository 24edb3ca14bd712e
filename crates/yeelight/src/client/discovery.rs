//! Discovery over sockets: one for each interface, as a stream of bulbs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use iot_home_core::Instant;
use iot_home_lan::wire::{self, Direction, Observer, WireEvent};
use iot_home_lan::{Sockets, Timer};
use tokio::net::UdpSocket;

use super::Error;
use crate::SEARCH_PORT;
use crate::id::BulbId;
use crate::search::{GROUP, ROUNDS, Search, Target};
use crate::sighting::Sighting;

/// A search for bulbs: a stream that yields each one the moment it answers.
///
/// Without [targets](DiscoveryBuilder::targets) it asks the group on every IPv4 interface, from a
/// socket bound to that interface, three times a second apart. Loopback takes part only if it is
/// [asked for](DiscoveryBuilder::interfaces). Searches may pass up to three routers, where those
/// forward multicast. Answers are taken from any port.
///
/// Each bulb is yielded once, and again if it answers from another address meanwhile, as the same
/// [id](Sighting::id) then tells. The stream ends by itself; its sockets are closed when it has ended
/// or is dropped.
///
/// ```no_run
/// # async fn run() -> Result<(), iot_home_yeelight::Error> {
/// use futures_util::StreamExt;
/// use iot_home_yeelight::Discovery;
///
/// let mut found = Discovery::builder().start()?;
/// while let Some(bulb) = found.next().await {
///     println!("{} at {}", bulb.id(), bulb.addr());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a search does nothing unless it is polled"]
pub struct Discovery {
    search: Search,
    sockets: Sockets,
    /// What the socket would not take yet.
    unsent: Option<(Target, &'static [u8])>,
    on_wire: Option<Observer>,
    timer: Timer,
}

impl Discovery {
    /// A search with its defaults: all interfaces, three seconds.
    pub fn builder() -> DiscoveryBuilder {
        DiscoveryBuilder {
            targets: Vec::new(),
            interfaces: Vec::new(),
            group: GROUP,
            port: SEARCH_PORT,
            wait: Duration::from_secs(3),
            count: None,
            ids: Vec::new(),
            on_wire: None,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, now: Instant) {
        while let Some((target, request)) =
            self.unsent.take().or_else(|| self.search.poll_transmit())
        {
            match self.sockets.poll_send(cx, target.link, target.addr, request) {
                Poll::Pending => {
                    self.unsent = Some((target, request));
                    return;
                }
                Poll::Ready(Ok(())) => {
                    let at = now.since_origin();
                    wire::tell(self.on_wire.as_ref(), Direction::Sent, target.addr, at, request);
                }
                // One interface that is down, or has no route, ends nothing.
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, to = %target.addr, "a search was not sent");
                }
            }
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Sighting> {
        let Self { search, sockets, on_wire, .. } = self;
        sockets.poll_receive(cx, |link, from, datagram| {
            let at = now.since_origin();
            wire::tell(on_wire.as_ref(), Direction::Received, from, at, datagram);
            search.handle_datagram(now, link, from, datagram)
        })
    }
}

impl Stream for Discovery {
    type Item = Sighting;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Sighting>> {
        let this = &mut *self;
        loop {
            let now = this.timer.now();
            if this.search.is_finished(now) {
                // Now, and not when somebody gets round to dropping the stream.
                this.sockets.close();
                return Poll::Ready(None);
            }
            this.search.handle_timeout(now);
            this.poll_send(cx, now);
            if let Some(bulb) = this.poll_receive(cx, now) {
                if this.search.is_finished(now) {
                    this.sockets.close();
                }
                return Poll::Ready(Some(bulb));
            }
            ready!(this.timer.poll_until(cx, this.search.poll_timeout()));
        }
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").field("search", &self.search).finish_non_exhaustive()
    }
}

/// Settings of a [`Discovery`].
#[derive(Clone)]
#[must_use]
pub struct DiscoveryBuilder {
    targets: Vec<SocketAddr>,
    interfaces: Vec<Ipv4Addr>,
    group: Ipv4Addr,
    port: u16,
    wait: Duration,
    count: Option<usize>,
    ids: Vec<BulbId>,
    on_wire: Option<Observer>,
}

impl DiscoveryBuilder {
    /// Asks the bulbs at these addresses, and not the group: for networks that multicast does not reach.
    pub fn targets<A: Into<SearchAddr>>(mut self, targets: impl IntoIterator<Item = A>) -> Self {
        self.targets.extend(targets.into_iter().map(|target| target.into().0));
        self
    }

    /// Asks only over the interfaces that have these addresses.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// The group to ask, [239.255.255.250](GROUP) by default; or a broadcast address.
    pub fn group(mut self, group: Ipv4Addr) -> Self {
        self.group = group;
        self
    }

    /// The group's port, 1982 by default. Targets name their own.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long the search takes unless it ends early. Three seconds by default.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Ends the search as soon as this many bulbs were found.
    pub fn count(mut self, bulbs: usize) -> Self {
        self.count = Some(bulbs);
        self
    }

    /// Ends the search as soon as all of these were found. Others that answer are found as well.
    pub fn ids(mut self, ids: impl IntoIterator<Item = BulbId>) -> Self {
        self.ids.extend(ids);
        self
    }

    /// Calls `observer` with every datagram that goes and comes, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the sockets. The first searches leave when the stream is polled.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) for an address or a port that nothing can be sent to;
    /// [`Io`](super::ErrorKind::Io) when the interfaces cannot be listed, one that was asked for does not
    /// exist, or not a single socket can be opened. Interfaces that fail beside others that work are
    /// left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(self) -> Result<Discovery, Error> {
        let group = SocketAddr::new(self.group.into(), self.port);
        let asked =
            if self.targets.is_empty() { std::slice::from_ref(&group) } else { &self.targets };
        for addr in asked {
            if addr.port() == 0 || addr.ip().is_unspecified() {
                return Err(Error::target(*addr, "nothing can be sent there"));
            }
        }
        let (sockets, targets) =
            if self.targets.is_empty() { self.multicast(group)? } else { self.unicast()? };
        let mut search = Search::new(Instant::ORIGIN, targets, &ROUNDS, self.wait).ids(self.ids);
        if let Some(count) = self.count {
            search = search.count(count);
        }
        Ok(Discovery {
            search,
            sockets: Sockets::new(sockets),
            unsent: None,
            on_wire: self.on_wire,
            timer: Timer::new(),
        })
    }

    fn multicast(&self, group: SocketAddr) -> Result<(Vec<UdpSocket>, Vec<Target>), Error> {
        let interfaces = iot_home_lan::chosen(&self.interfaces).map_err(Error::lan)?;
        let opened = iot_home_lan::open_each(interfaces, |local| search_socket(local.addr.into()));
        let sockets: Vec<_> = opened.map_err(Error::lan)?.into_iter().map(|(_, it)| it).collect();
        let targets = (0..sockets.len()).map(|link| Target { link, addr: group }).collect();
        Ok((sockets, targets))
    }

    fn unicast(&self) -> Result<(Vec<UdpSocket>, Vec<Target>), Error> {
        let mut locals: Vec<IpAddr> = self.interfaces.iter().copied().map(IpAddr::from).collect();
        if locals.is_empty() {
            locals = iot_home_lan::unspecified(&self.targets);
        }
        let is_reached =
            |target: &SocketAddr| locals.iter().any(|local| local.is_ipv4() == target.is_ipv4());
        if let Some(target) = self.targets.iter().find(|target| !is_reached(target)) {
            return Err(Error::target(*target, "the interfaces chosen are IPv4"));
        }
        let mut opened = Vec::new();
        let mut targets = Vec::new();
        for local in locals {
            let link = opened.len();
            opened.push(search_socket(local).map_err(Error::lan)?);
            let reached = self.targets.iter().filter(|target| target.is_ipv4() == local.is_ipv4());
            targets.extend(reached.map(|target| Target { link, addr: *target }));
        }
        Ok((opened, targets))
    }
}

impl fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryBuilder")
            .field("targets", &self.targets)
            .field("interfaces", &self.interfaces)
            .field("group", &SocketAddrV4::new(self.group, self.port))
            .field("wait", &self.wait)
            .field("count", &self.count)
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

/// A socket to search from, on a free port.
fn search_socket(local: IpAddr) -> Result<UdpSocket, iot_home_lan::Error> {
    let local = SocketAddr::new(local, 0);
    let socket = iot_home_lan::socket(local)?;
    if local.is_ipv4() {
        let prepare = || {
            socket.set_multicast_ttl_v4(MULTICAST_TTL)?;
            socket.set_broadcast(true)
        };
        prepare().map_err(|error| iot_home_lan::Error::bind(local, error))?;
    }
    Ok(socket)
}

/// Where a bulb is asked. An address without a port means [`SEARCH_PORT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SearchAddr(SocketAddr);

impl From<SocketAddr> for SearchAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

impl From<IpAddr> for SearchAddr {
    fn from(ip: IpAddr) -> Self {
        Self(SocketAddr::new(ip, SEARCH_PORT))
    }
}

impl From<Ipv4Addr> for SearchAddr {
    fn from(ip: Ipv4Addr) -> Self {
        IpAddr::from(ip).into()
    }
}

/// A search may pass three routers, where those forward multicast: the group is of a range for sites.
const MULTICAST_TTL: u32 = 4;
