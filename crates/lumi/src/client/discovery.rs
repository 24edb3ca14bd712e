//! Discovery over sockets: one for each interface, as a stream of gateways.

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

use super::Error;
use crate::search::{Found, ROUNDS, Search, Target};
use crate::{GROUP, SEARCH_PORT};

/// A search for gateways: a stream that yields each one the moment it answers.
///
/// Without [targets](DiscoveryBuilder::targets) it asks the gateways' group on every IPv4 interface, three times. It
/// ends by itself, and its sockets are closed when it has ended or is dropped.
///
/// ```no_run
/// # async fn run() -> Result<(), iot_home_lumi::Error> {
/// use futures_util::StreamExt;
/// use iot_home_lumi::Discovery;
///
/// let mut found = Discovery::builder().start()?;
/// while let Some(gateway) = found.next().await {
///     println!("{} {} at {}", gateway.model, gateway.sid, gateway.addr);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a search does nothing unless it is polled"]
pub struct Discovery {
    search: Search,
    sockets: Sockets,
    /// A question that the socket would not take yet.
    unsent: Option<(Target, &'static [u8])>,
    timer: Timer,
    on_wire: Option<Observer>,
}

impl Discovery {
    /// A search with its defaults: all interfaces, three seconds.
    pub fn builder() -> DiscoveryBuilder {
        DiscoveryBuilder {
            targets: Vec::new(),
            interfaces: Vec::new(),
            wait: Duration::from_secs(3),
            count: None,
            on_wire: None,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, now: Instant) {
        while let Some((target, whois)) = self.unsent.take().or_else(|| self.search.poll_transmit())
        {
            match self.sockets.poll_send(cx, target.link, target.addr, whois) {
                Poll::Pending => {
                    self.unsent = Some((target, whois));
                    return;
                }
                Poll::Ready(Ok(())) => {
                    let at = now.since_origin();
                    wire::tell(self.on_wire.as_ref(), Direction::Sent, target.addr, at, whois);
                }
                // One interface that is down, or has no route, ends nothing.
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, to = %target.addr, "a question was not sent");
                }
            }
        }
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
            let Self { search, sockets, on_wire, .. } = this;
            let found = sockets.poll_receive(cx, |_, from, datagram| {
                let at = now.since_origin();
                wire::tell(on_wire.as_ref(), Direction::Received, from, at, datagram);
                search.handle_datagram(now, from, datagram)
            });
            if found.is_some() {
                return Poll::Ready(found);
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
    wait: Duration,
    count: Option<usize>,
    on_wire: Option<Observer>,
}

impl DiscoveryBuilder {
    /// Asks these addresses and no others. It is not known that every gateway answers a search that was meant for
    /// it alone.
    pub fn targets<A: Into<SearchAddr>>(mut self, targets: impl IntoIterator<Item = A>) -> Self {
        self.targets.extend(targets.into_iter().map(|target| target.into().0));
        self
    }

    /// Asks only over the interfaces that have these addresses. Loopback takes part only here.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// How long the search takes unless it ends early. Three seconds by default.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Ends the search as soon as this many gateways were found.
    pub fn count(mut self, gateways: usize) -> Self {
        self.count = Some(gateways);
        self
    }

    /// Calls `observer` with every datagram that goes and comes, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the sockets. The first questions leave when the stream is polled.
    ///
    /// # Errors
    /// When the interfaces cannot be listed, one that was asked for does not exist, or not a single socket can be
    /// opened. Interfaces that fail beside others that work are left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(self) -> Result<Discovery, Error> {
        let mut locals: Vec<IpAddr> = self.interfaces.iter().copied().map(IpAddr::from).collect();
        let group = [SocketAddrV4::new(GROUP, SEARCH_PORT).into()];
        let targets: &[SocketAddr] = if self.targets.is_empty() {
            let interfaces = iot_home_lan::chosen(&self.interfaces).map_err(Error::lan)?;
            locals = interfaces.iter().map(|interface| interface.addr.into()).collect();
            &group
        } else {
            &self.targets
        };
        if locals.is_empty() {
            locals = iot_home_lan::unspecified(targets);
        }
        let open = |local: &IpAddr| iot_home_lan::socket(SocketAddr::new(*local, 0));
        let opened = iot_home_lan::open_each(locals, open).map_err(Error::lan)?;
        let mut asked = Vec::new();
        for (link, (local, _)) in opened.iter().enumerate() {
            let reached = targets.iter().filter(|addr| addr.is_ipv4() == local.is_ipv4());
            asked.extend(reached.map(|addr| Target { link, addr: *addr }));
        }
        let mut search = Search::new(Instant::ORIGIN, asked, &ROUNDS, self.wait);
        if let Some(count) = self.count {
            search = search.count(count);
        }
        Ok(Discovery {
            search,
            sockets: Sockets::new(opened.into_iter().map(|(_, socket)| socket)),
            unsent: None,
            timer: Timer::new(),
            on_wire: self.on_wire,
        })
    }
}

impl fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryBuilder")
            .field("targets", &self.targets)
            .field("interfaces", &self.interfaces)
            .field("wait", &self.wait)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Where a gateway is searched. An address without a port means [`SEARCH_PORT`].
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
