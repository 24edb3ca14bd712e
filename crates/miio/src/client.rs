//! The tokio client: a thin driver around [`Session`](crate::session::Session).
//!
//! A [`Client`] is one UDP socket for any number of devices. A [`Device`] is a handle, cheap to
//! clone, whose calls may run at the same time; dropping a call half-way is safe. When the last
//! handle is dropped, the task and the socket end.

mod child;
mod default_route;
mod device;
mod discovery;
mod driver;
mod error;
mod maintenance;
mod ota;
mod properties;
mod provision;
#[cfg(feature = "provisioning-secure")]
mod provision_secure;
mod pushes;
mod scenes;
mod shared;
mod wire;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

pub use self::child::Child;
pub use self::device::Device;
pub use self::discovery::{Discovery, DiscoveryBuilder};
use self::driver::Driver;
pub use self::error::{Error, ErrorKind};
pub use self::ota::{OtaStatus, OtaWatch};
pub use self::pushes::Pushes;
pub use self::scenes::{SceneEvent, ScenePush};
use self::shared::Shared;
pub use self::wire::WireEvent;
use crate::PORT;
use crate::discovery::Found;
use crate::session::Config;
use crate::token::Token;
pub use iot_home_lan::Direction;

/// One socket for any number of devices. Clones share it.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use iot_home_miio::{Client, Token};
/// use std::net::Ipv4Addr;
///
/// let token: Token = std::env::var("MIIO_TOKEN")?.parse()?;
/// let client = Client::bind().await?;
/// let lamp = client.device(Ipv4Addr::new(192, 168, 1, 20), token);
/// println!("{:?}", lamp.info().await?.model);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    /// A client on a free port of every IPv4 interface.
    ///
    /// # Errors
    /// When the operating system gives no socket.
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
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            local: None,
            config: Config::default(),
            in_flight_overall: IN_FLIGHT_OVERALL,
            on_wire: None,
        }
    }

    /// A handle for the device at this address. Nothing is sent before the first call, which says
    /// hello by itself. Handles for the same address and token share what is known of the device.
    pub fn device(&self, addr: impl Into<DeviceAddr>, token: Token) -> Device {
        Device::new(&self.handle, addr.into().0, &token)
    }

    /// Greets the device at this address, for at most `wait`. It takes no token, and no answer from
    /// another address; for a broadcast address there is [`Discovery`].
    ///
    /// # Errors
    /// [`ErrorKind::NoHello`] when nothing answers, [`ErrorKind::Io`] when no socket can be had.
    ///
    /// # Cancel safety
    /// Dropping the future ends the probe and closes its socket.
    pub async fn hello(&self, addr: impl Into<DeviceAddr>, wait: Duration) -> Result<Found, Error> {
        discovery::hello(&self.handle, addr.into().0, wait).await
    }

    /// The address that the socket is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.handle.local
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("local_addr", &self.handle.local).finish_non_exhaustive()
    }
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    local: Option<SocketAddr>,
    config: Config,
    in_flight_overall: usize,
    on_wire: Option<wire::Observer>,
}

impl ClientBuilder {
    /// The local address, and with it the interface, that requests leave from. Port 0 takes a free one.
    pub fn local_addr(mut self, addr: SocketAddr) -> Self {
        self.local = Some(addr);
        self
    }

    /// The time from a call to its failure. Five seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// How many requests may be on their way to one device at a time; others wait. Two by default.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.config.in_flight = requests;
        self
    }

    /// How many requests, over all devices, may be on their way with their answer to be expected at any
    /// moment; others wait. At least 1; 128 by default, whose answers fit the socket's receive buffer
    /// even where the system gives no more than is usual, if all come at once and each is 1,500 bytes
    /// long. A request that has been silent for so long that it is repeated no longer counts.
    pub fn in_flight_overall(mut self, requests: usize) -> Self {
        self.in_flight_overall = requests.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Calls `observer` with every datagram that goes and comes, hellos included, opened where a token fits: for
    /// transcripts. What it sees holds secrets. It runs between two packets, so it must not block, and
    /// must not use the client or its devices, which would wait for itself.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Opens the socket and starts the task that serves it.
    ///
    /// # Errors
    /// When the address is not this machine's, or the port is taken.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn bind(self) -> Result<Client, Error> {
        let wanted = self.local.unwrap_or(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
        let open = async {
            let socket = UdpSocket::bind(wanted).await?;
            let buffer = self.in_flight_overall.saturating_mul(ANSWER_IN_BUFFER);
            enlarge(&socket, buffer);
            let local = socket.local_addr()?;
            io::Result::Ok((socket, local))
        };
        let (socket, local) = open.await.map_err(|error| Error::bind(wanted, error))?;
        let shared =
            Arc::new(Shared::new(socket, self.config, self.in_flight_overall, self.on_wire));
        let task = tokio::spawn(Driver::new(Arc::clone(&shared))).abort_handle();
        Ok(Client { handle: Arc::new(Handle { shared, local, task }) })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("local_addr", &self.local)
            .field("config", &self.config)
            .field("in_flight_overall", &self.in_flight_overall)
            .finish_non_exhaustive()
    }
}

/// Has the socket keep this many bytes of answers while the program is busy, or what the system grants.
fn enlarge(socket: &UdpSocket, bytes: usize) {
    let socket = SockRef::from(socket);
    let granted = socket.recv_buffer_size();
    if granted.as_ref().is_ok_and(|granted| *granted >= bytes) {
        return;
    }
    if let Err(error) = socket.set_recv_buffer_size(bytes) {
        tracing::debug!(%error, "the receive buffer stays as it is");
    }
    match socket.recv_buffer_size() {
        Ok(granted) if granted < bytes => {
            tracing::debug!(granted, wanted = bytes, "the system grants a smaller receive buffer");
        }
        _ => {}
    }
}

/// Where a device listens. An address without a port means [`PORT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceAddr(SocketAddr);

impl From<SocketAddr> for DeviceAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

impl From<IpAddr> for DeviceAddr {
    fn from(ip: IpAddr) -> Self {
        Self(SocketAddr::new(ip, PORT))
    }
}

impl From<Ipv4Addr> for DeviceAddr {
    fn from(ip: Ipv4Addr) -> Self {
        IpAddr::from(ip).into()
    }
}

/// Keeps the driver's task alive; dropped with the last [`Client`] and [`Device`].
struct Handle {
    shared: Arc<Shared>,
    local: SocketAddr,
    task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Requests on their way over all devices, unless told otherwise.
const IN_FLIGHT_OVERALL: usize = 128;
/// What an answer that fills an Ethernet frame takes of a socket's receive buffer: Linux counts the
/// frame's memory and its own record of it. Its usual limit, 416 KiB, holds 184 of them.
const ANSWER_IN_BUFFER: usize = 2304;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_keeps_the_answers_of_all_that_may_be_on_their_way() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let small = 65_536;
        SockRef::from(&socket).set_recv_buffer_size(small / 2).expect("it shrinks");
        enlarge(&socket, IN_FLIGHT_OVERALL * ANSWER_IN_BUFFER);
        let size = SockRef::from(&socket).recv_buffer_size().expect("its size");
        assert!(size >= IN_FLIGHT_OVERALL * ANSWER_IN_BUFFER, "{size}");
        enlarge(&socket, small);
        assert_eq!(
            SockRef::from(&socket).recv_buffer_size().ok(),
            Some(size),
            "never made smaller"
        );
    }
}
