//! Listening for advertisements, as a stream of what they change.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use iot_home_core::Instant;
use iot_home_lan::wire::{self, Direction, Observer, WireEvent};
use iot_home_lan::{Sockets, Timer};

use super::Error;
use crate::SEARCH_PORT;
use crate::directory::{Directory, Update};
use crate::id::BulbId;
use crate::search::GROUP;
use crate::sighting::Sighting;

/// Hears the bulbs' advertisements: a stream of what they change, and a list of the bulbs that are there.
///
/// Bulbs advertise themselves when they join the network and then about every hour, so for those that
/// are there already run a [`Discovery`](super::Discovery) as well. The stream has no end, unless the
/// system gives nothing but errors for its sockets; they are closed when it is dropped. It takes in nothing, and forgets nobody, while it is not polled.
///
/// It listens on every IPv4 interface that is there when it is started. Interfaces that come later need
/// another one.
///
/// ```no_run
/// # async fn run() -> Result<(), iot_home_yeelight::Error> {
/// use futures_util::StreamExt;
/// use iot_home_yeelight::Listener;
/// use iot_home_yeelight::directory::Update;
///
/// let mut listener = Listener::builder().start()?;
/// while let Some(update) = listener.next().await {
///     if let Update::New(bulb) = update {
///         println!("{} at {}", bulb.id(), bulb.addr());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a listener does nothing unless it is polled"]
pub struct Listener {
    directory: Directory,
    sockets: Sockets,
    on_wire: Option<Observer>,
    timer: Timer,
}

impl Listener {
    /// A listener with its defaults: all interfaces, the bulbs' group and port.
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder {
            interfaces: Vec::new(),
            group: GROUP,
            port: SEARCH_PORT,
            directory: Directory::new(),
            on_wire: None,
        }
    }

    /// The bulbs that are there, by id, each as it was heard of last.
    pub fn bulbs(&self) -> impl ExactSizeIterator<Item = &Sighting> + Clone {
        self.directory.bulbs()
    }

    /// What this bulb told last, if it is there.
    pub fn bulb(&self, id: BulbId) -> Option<&Sighting> {
        self.directory.bulb(id)
    }

    /// How many datagrams came that told of no bulb, or of one for which there was no room.
    pub fn ignored(&self) -> u32 {
        self.directory.ignored()
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.local_addr()
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Update> {
        let Self { directory, sockets, on_wire, .. } = self;
        sockets.poll_receive(cx, |_, from, datagram| {
            let at = now.since_origin();
            wire::tell(on_wire.as_ref(), Direction::Received, from, at, datagram);
            directory.handle_datagram(now, from, datagram)
        })
    }
}

impl Stream for Listener {
    type Item = Update;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Update>> {
        let this = &mut *self;
        loop {
            let now = this.timer.now();
            // Who has gone is told first: a flood of forged advertisements does not hide it.
            let update = this.directory.handle_timeout(now).or_else(|| this.poll_receive(cx, now));
            if update.is_some() {
                return Poll::Ready(update);
            }
            if this.sockets.is_broken() {
                return Poll::Ready(None);
            }
            let Some(next) = this.directory.poll_timeout() else { return Poll::Pending };
            ready!(this.timer.poll_until(cx, next));
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("bulbs", &self.bulbs().len()).finish_non_exhaustive()
    }
}

/// Settings of a [`Listener`].
#[derive(Clone)]
#[must_use]
pub struct ListenerBuilder {
    interfaces: Vec<Ipv4Addr>,
    group: Ipv4Addr,
    port: u16,
    directory: Directory,
    on_wire: Option<Observer>,
}

impl ListenerBuilder {
    /// Listens only on the interfaces that have these addresses. Loopback takes part only here.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// The group to join, [239.255.255.250](GROUP) by default. An address of this machine is listened
    /// on as it is, for a relay that forwards advertisements to it; then there are no interfaces to choose.
    pub fn group(mut self, group: Ipv4Addr) -> Self {
        self.group = group;
        self
    }

    /// The port, 1982 by default; it is shared with other programs. 0 takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How many bulbs it remembers, 1024 by default, see [`Directory`].
    pub fn capacity(mut self, bulbs: usize) -> Self {
        self.directory = self.directory.capacity(bulbs);
        self
    }

    /// Calls `observer` with every datagram that comes, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the sockets and joins the group.
    ///
    /// # Errors
    /// When the interfaces cannot be listed, one that was asked for does not exist, the port is taken by
    /// a program that does not share it, or the group can be joined on no interface. Interfaces that fail
    /// beside others that work are left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(self) -> Result<Listener, Error> {
        let group = SocketAddrV4::new(self.group, self.port);
        let locals = if self.group.is_multicast() {
            iot_home_lan::chosen(&self.interfaces).map_err(Error::lan)?
        } else {
            Vec::new()
        };
        let locals: Vec<_> = locals.iter().map(|interface| interface.addr).collect();
        let sockets = iot_home_lan::group_sockets(group, &locals).map_err(Error::lan)?;
        Ok(Listener {
            directory: self.directory,
            sockets: Sockets::new(sockets),
            on_wire: self.on_wire,
            timer: Timer::new(),
        })
    }
}

impl fmt::Debug for ListenerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerBuilder")
            .field("interfaces", &self.interfaces)
            .field("group", &SocketAddrV4::new(self.group, self.port))
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::AsFd as _;
    use std::time::Duration;

    use tokio::net::{TcpSocket, UdpSocket};
    use tokio::time;

    use super::*;

    /// A socket that gives nothing but errors: one of TCP, without a connection.
    fn broken() -> UdpSocket {
        let stream = TcpSocket::new_v4().expect("a socket");
        let stream = stream.as_fd().try_clone_to_owned().expect("another handle of it");
        UdpSocket::from_std(stream.into()).expect("a socket")
    }

    #[tokio::test]
    async fn a_listener_that_is_deaf_for_good_ends() {
        let mut listener =
            Listener::builder().group(Ipv4Addr::LOCALHOST).port(0).start().expect("it starts");
        listener.sockets = Sockets::new(vec![broken()]);
        let next = std::future::poll_fn(|cx| Pin::new(&mut listener).poll_next(cx));
        let next = time::timeout(Duration::from_secs(20), next).await;
        assert!(matches!(next, Ok(None)), "{next:?}");
    }
}
