//! Discovery over sockets: one for each interface, as a stream of devices.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use iot_home_core::Instant;
use iot_home_lan::{Interface, Sockets, Timer};
use tokio::net::UdpSocket;

use super::wire::{Observer, WireEvent, observe};
use super::{DeviceAddr, Direction, Error, Handle};
use crate::PORT;
use crate::discovery::{Found, HELLO_ROUNDS, ROUNDS, Search, Target};
use crate::error::Failure;
use crate::packet::HEADER_LEN;

/// A search for devices: a stream that yields each one the moment it answers.
///
/// Without [targets](DiscoveryBuilder::targets) it asks every IPv4 interface, by its directed
/// broadcast address and by 255.255.255.255, from a socket bound to that interface, three times. It
/// ends by itself, and its sockets are closed when it has ended or is dropped.
///
/// ```no_run
/// # async fn run() -> Result<(), iot_home_miio::Error> {
/// use futures_util::StreamExt;
/// use iot_home_miio::Discovery;
///
/// let mut found = Discovery::builder().start()?;
/// while let Some(device) = found.next().await {
///     println!("{} at {}", device.did, device.addr);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a search does nothing unless it is polled"]
pub struct Discovery {
    search: Search,
    sockets: Sockets,
    /// A probe that the socket would not take yet.
    unsent: Option<(Target, [u8; HEADER_LEN])>,
    /// Why the system did not send the last probe, if it did not.
    refused: Option<io::Error>,
    on_wire: Option<Observer>,
    timer: Timer,
}

impl Discovery {
    /// A search with its defaults: all interfaces, three seconds.
    pub fn builder() -> DiscoveryBuilder {
        DiscoveryBuilder {
            targets: Vec::new(),
            interfaces: Vec::new(),
            port: PORT,
            wait: Duration::from_secs(3),
            count: None,
            on_wire: None,
        }
    }

    fn open(
        sockets: Vec<UdpSocket>,
        targets: impl IntoIterator<Item = Target>,
        rounds: &[Duration],
        wait: Duration,
    ) -> Self {
        Self {
            search: Search::new(Instant::ORIGIN, targets, rounds, wait),
            sockets: Sockets::new(sockets),
            unsent: None,
            refused: None,
            on_wire: None,
            timer: Timer::new(),
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, now: Instant) {
        while let Some((target, probe)) =
            self.unsent.take().or_else(|| self.search.poll_transmit(now))
        {
            match self.sockets.poll_send(cx, target.link, target.addr, &probe) {
                Poll::Pending => {
                    self.unsent = Some((target, probe));
                    return;
                }
                Poll::Ready(Ok(())) => {
                    self.refused = None;
                    if let Some(observer) = &self.on_wire {
                        observe(
                            observer,
                            Direction::Sent,
                            target.addr,
                            now.since_origin(),
                            &probe,
                            [],
                        );
                    }
                }
                // One interface that is down, or has no route, ends nothing.
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, to = %target.addr, "a probe was not sent");
                    self.refused = Some(error);
                }
            }
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Found> {
        let Self { search, sockets, on_wire, .. } = self;
        sockets.poll_receive(cx, |link, from, datagram| {
            if let Some(observer) = on_wire {
                observe(observer, Direction::Received, from, now.since_origin(), datagram, []);
            }
            search.handle_datagram(now, link, from, datagram)
        })
    }
}

impl Stream for Discovery {
    type Item = Found;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Found>> {
        let this = &mut *self;
        loop {
            let now = this.timer.now();
            if this.search.is_finished(now) {
                // Closed now, and not when somebody gets round to dropping the stream.
                this.sockets.close();
                return Poll::Ready(None);
            }
            this.search.handle_timeout(now);
            this.poll_send(cx, now);
            if let Some(found) = this.poll_receive(cx, now) {
                return Poll::Ready(Some(found));
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
    port: u16,
    wait: Duration,
    count: Option<usize>,
    on_wire: Option<Observer>,
}

impl DiscoveryBuilder {
    /// Asks these addresses, broadcast addresses among them, and no others.
    pub fn targets<A: Into<DeviceAddr>>(mut self, targets: impl IntoIterator<Item = A>) -> Self {
        self.targets.extend(targets.into_iter().map(|target| target.into().0));
        self
    }

    /// Asks only over the interfaces that have these addresses.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// The port that broadcasts go to, 54321 by default. Targets name their own.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long the search takes unless it ends early. Three seconds by default.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Ends the search as soon as this many devices were found.
    pub fn count(mut self, devices: usize) -> Self {
        self.count = Some(devices);
        self
    }

    /// Calls `observer` with every datagram that goes and comes, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the sockets. The first probes leave when the stream is polled.
    ///
    /// # Errors
    /// When the interfaces cannot be listed, one that was asked for does not exist, or not a single
    /// socket can be opened. Interfaces that fail beside others that work are left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(self) -> Result<Discovery, Error> {
        let (sockets, targets) =
            if self.targets.is_empty() { self.broadcast()? } else { self.unicast()? };
        let mut discovery = Discovery::open(sockets, targets, &ROUNDS, self.wait);
        discovery.on_wire = self.on_wire;
        if let Some(count) = self.count {
            discovery.search = discovery.search.count(count);
        }
        Ok(discovery)
    }

    fn unicast(&self) -> Result<(Vec<UdpSocket>, Vec<Target>), Error> {
        let mut locals: Vec<IpAddr> = self.interfaces.iter().copied().map(IpAddr::from).collect();
        if locals.is_empty() {
            locals = iot_home_lan::unspecified(&self.targets);
        }
        let mut sockets = Vec::new();
        let mut targets = Vec::new();
        for local in locals {
            let socket = search_socket(local).map_err(Error::lan)?;
            let reached = self.targets.iter().filter(|target| target.is_ipv4() == local.is_ipv4());
            targets.extend(reached.map(|target| Target { link: sockets.len(), addr: *target }));
            sockets.push(socket);
        }
        Ok((sockets, targets))
    }

    fn broadcast(&self) -> Result<(Vec<UdpSocket>, Vec<Target>), Error> {
        let interfaces = iot_home_lan::chosen(&self.interfaces).map_err(Error::lan)?;
        let open = |interface: &Interface| search_socket(interface.addr.into());
        let opened = iot_home_lan::open_each(interfaces, open).map_err(Error::lan)?;
        let mut sockets = Vec::new();
        let mut targets = Vec::new();
        for (interface, socket) in opened {
            let to =
                |ip| Target { link: sockets.len(), addr: SocketAddrV4::new(ip, self.port).into() };
            // Loopback has no broadcast address.
            let addrs = interface.broadcast.into_iter().chain([Ipv4Addr::BROADCAST]);
            targets.extend(addrs.map(to));
            sockets.push(socket);
        }
        Ok((sockets, targets))
    }
}

impl fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryBuilder")
            .field("targets", &self.targets)
            .field("interfaces", &self.interfaces)
            .field("port", &self.port)
            .field("wait", &self.wait)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Greets one address until it answers or the time is up.
pub(super) async fn hello(
    handle: &Handle,
    addr: SocketAddr,
    wait: Duration,
) -> Result<Found, Error> {
    let local = handle.local.ip();
    if local.is_ipv4() != addr.is_ipv4() {
        return Err(Error::address_family(addr));
    }
    let socket = search_socket(local).map_err(Error::lan)?;
    let mut discovery =
        Discovery::open(vec![socket], [Target { link: 0, addr }], &HELLO_ROUNDS, wait);
    discovery.search = discovery.search.only(addr);
    discovery.on_wire = handle.shared.on_wire().cloned();
    let found = std::future::poll_fn(|cx| Pin::new(&mut discovery).poll_next(cx)).await;
    found.ok_or_else(|| {
        let hellos = discovery.search.probes();
        Error::failure(addr, "hello", Failure::NoHello { hellos }, true)
            .unsent(discovery.refused.take())
    })
}

/// A socket to search from, on a free port.
fn search_socket(local: IpAddr) -> Result<UdpSocket, iot_home_lan::Error> {
    let local = SocketAddr::new(local, 0);
    let socket = iot_home_lan::socket(local)?;
    if local.is_ipv4() {
        socket.set_broadcast(true).map_err(|error| iot_home_lan::Error::bind(local, error))?;
    }
    Ok(socket)
}
