//! A bulb on real sockets.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use iot_home_yeelight::BulbId;
use serde_json::Value;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::time;

use crate::race::race;
use crate::yeelight::builder::{Builder, PropertyError};
use crate::yeelight::faults::{Faults, Silence};
use crate::yeelight::host::{Host, Network, Running, Stream};
use crate::yeelight::report::Report;

/// A simulated bulb on real sockets: TCP for control, UDP for searches, UDP for sessions. Dropping it
/// ends its tasks and closes them.
///
/// It begins as one of the presets, such as [`color`](Self::color), or as any
/// [model](Self::of_model).
///
/// ```
/// use iot_home_sim::SimBulb;
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let bulb = SimBulb::color().name("desk").spawn().await?;
/// println!("{} at {}, searched at {}", bulb.id(), bulb.addr(), bulb.search_addr());
/// // Here the program under test talks to it.
/// assert_eq!(bulb.property("power"), Some("on".into()));
/// assert_eq!(bulb.report().violations.total(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SimBulb {
    running: Running<Sockets>,
    addr: SocketAddr,
    search_addr: SocketAddr,
    session_addr: SocketAddr,
    id: BulbId,
    model: String,
}

/// A bulb on the LAN, for whoever reaches it another way.
#[cfg(feature = "micloud")]
pub(crate) type Connected = Host<Sockets>;

pub(crate) struct Sockets {
    /// Searches are answered from here.
    announcer: Arc<UdpSocket>,
    session: Arc<UdpSocket>,
}

impl Builder {
    /// Puts the bulb on its sockets; it runs in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError::Build`] as for [`build`](Self::build), [`SpawnError::Bind`] when an address cannot
    /// be listened on or a group not be joined.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no bulb.
    pub async fn spawn(self) -> Result<SimBulb, SpawnError> {
        let Self { listen, search_listen, session_listen, ref groups, .. } = self;
        let session_listen = session_listen.unwrap_or(SocketAddr::new(listen.ip(), 0));
        let bind = |addr| move |source| SpawnError::Bind { addr, source };
        let gate = Gate::new(listen, self.lan_control).map_err(bind(listen))?;
        let addr = gate.addr().map_err(bind(listen))?;
        let search = search_socket(search_listen, groups).map_err(bind(search_listen))?;
        let search_addr = search.local_addr().map_err(bind(search_listen))?;
        let session = UdpSocket::bind(session_listen).await.map_err(bind(session_listen))?;
        let session_addr = session.local_addr().map_err(bind(session_listen))?;

        // A bulb on one of several addresses of the machine has to answer from that one.
        let (search, session) = (Arc::new(search), Arc::new(session));
        let announcer = if search_addr.ip().is_unspecified() && !addr.ip().is_unspecified() {
            let own = SocketAddr::new(addr.ip(), 0);
            Arc::new(announcer(own).map_err(bind(own))?)
        } else {
            Arc::clone(&search)
        };
        let mut machine = self.build()?;
        machine.set_location(addr);
        let (id, model) = (machine.id(), machine.model().to_owned());
        let network = Sockets { announcer, session: Arc::clone(&session) };
        let running = Host::start(machine, network);
        let host = &running.0;
        host.spawn(listen_for_connections(Arc::clone(host), gate, addr));
        host.spawn(listen_for_searches(Arc::clone(host), search, addr));
        host.spawn(listen_for_sessions(Arc::clone(host), session));
        Ok(SimBulb { running, addr, search_addr, session_addr, id, model })
    }
}

impl SimBulb {
    #[cfg(feature = "micloud")]
    pub(crate) fn connected(&self) -> Arc<Connected> {
        Arc::clone(&self.running.0)
    }

    /// Where it is controlled.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it is searched.
    pub fn search_addr(&self) -> SocketAddr {
        self.search_addr
    }

    /// Where its UDP sessions are.
    pub fn session_addr(&self) -> SocketAddr {
        self.session_addr
    }
}

handle_methods!(SimBulb);

impl fmt::Debug for SimBulb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBulb")
            .field("addr", &self.addr)
            .field("id", &self.id)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Network for Sockets {
    type Stream = TcpStream;

    fn announce(&self, to: SocketAddr, datagram: &[u8], other_port: bool) {
        // The sessions' port is one that is not searched.
        let from = if other_port { &self.session } else { &self.announcer };
        send(from, to, datagram);
    }

    fn send(&self, to: SocketAddr, datagram: &[u8]) {
        send(&self.session, to, datagram);
    }

    fn connect(&self, to: SocketAddr) -> impl Future<Output = Option<TcpStream>> + Send + 'static {
        connect_back(to)
    }
}

async fn connect_back(to: SocketAddr) -> Option<TcpStream> {
    let stream = time::timeout(CONNECT_BACK, TcpStream::connect(to)).await.ok()?.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

impl Stream for TcpStream {
    fn cut(&self) {
        // A reset in place of an end. Where that cannot be had an end will do.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

/// What cannot be sent is lost, as on any network.
fn send(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) {
    let _ = SockRef::from(socket).send_to(datagram, &to.into());
}

/// The control connections' port.
enum Gate {
    /// It has its address and refuses connections.
    Closed(TcpSocket),
    Open(TcpListener),
}

impl Gate {
    fn new(addr: SocketAddr, open: bool) -> io::Result<Self> {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // So that the address can be had again while old connections fade away. On Windows it means
        // something else.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        if open { socket.listen(BACKLOG).map(Self::Open) } else { Ok(Self::Closed(socket)) }
    }

    fn addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Closed(socket) => socket.local_addr(),
            Self::Open(listener) => listener.local_addr(),
        }
    }
}

async fn listen_for_connections(host: Arc<Host<Sockets>>, gate: Gate, addr: SocketAddr) {
    let mut gate = Some(gate);
    loop {
        let is_on = host.look(|machine| machine.lan_control());
        match gate.take().map_or_else(|| Gate::new(addr, is_on), Ok) {
            Ok(Gate::Open(listener)) if is_on => {
                race(accept(&host, listener), host.switched.notified()).await;
            }
            Ok(Gate::Closed(socket)) if !is_on => {
                host.switched.notified().await;
                drop(socket);
            }
            // It was switched a moment ago.
            Ok(_) => {}
            // Whatever it is, it must not become a loop without a pause.
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

async fn accept(host: &Arc<Host<Sockets>>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A bulb does its best.
                let _ = stream.set_nodelay(true);
                host.attach(stream);
            }
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

async fn listen_for_searches(host: Arc<Host<Sockets>>, socket: Arc<UdpSocket>, addr: SocketAddr) {
    let mut received = vec![0; LARGEST];
    loop {
        match socket.recv_from(&mut received).await {
            Ok((length, from)) => {
                let datagram = received.get(..length).unwrap_or_default();
                let towards = addr.ip().is_unspecified().then(|| own_address(from)).flatten();
                host.act(|machine, now| {
                    if let Some(ip) = towards {
                        machine.set_location(SocketAddr::new(ip, addr.port()));
                    }
                    machine.handle_search(now, from, datagram);
                });
            }
            // An answer to somebody who has left. Windows tells of it here.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

async fn listen_for_sessions(host: Arc<Host<Sockets>>, socket: Arc<UdpSocket>) {
    let mut received = vec![0; LARGEST];
    loop {
        match socket.recv_from(&mut received).await {
            Ok((length, from)) => {
                let datagram = received.get(..length).unwrap_or_default();
                host.act(|machine, now| machine.handle_session_datagram(now, from, datagram));
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

/// The address that this machine has towards a client.
fn own_address(client: SocketAddr) -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(client).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// A socket that shares its address with other bulbs, as the group's port has to be.
fn search_socket(addr: SocketAddr, groups: &[Ipv4Addr]) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_vendor = "apple")]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    for interface in groups {
        socket.join_multicast_v4(&GROUP, interface)?;
    }
    if let [interface, ..] = groups {
        socket.set_multicast_if_v4(interface)?;
    }
    UdpSocket::from_std(socket.into())
}

/// A socket for answers and advertisements, on the bulb's own address.
fn announcer(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    if let SocketAddr::V4(addr) = addr {
        socket.set_multicast_if_v4(addr.ip())?;
    }
    UdpSocket::from_std(socket.into())
}

/// Why a bulb could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// What was asked for is no bulb.
    #[error(transparent)]
    Build(#[from] PropertyError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {addr}; port 0 takes any free one, and the address has to be this machine's"
    )]
    Bind {
        /// Which address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// How long a bulb tries to reach a client that wants music.
const CONNECT_BACK: Duration = Duration::from_secs(5);
const BACKLOG: u32 = 64;
/// A datagram over IPv4 is never longer.
const LARGEST: usize = 65_536;
const PAUSE: Duration = Duration::from_millis(10);
