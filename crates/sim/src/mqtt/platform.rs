//! A platform on real sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::Instant;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::task::JoinHandle;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::mqtt::DeviceId;
use crate::mqtt::builder::Builder;
use crate::mqtt::faults::Faults;
use crate::mqtt::host::{Host, Running, Stream};
use crate::mqtt::machine::{Link, Machine};
use crate::mqtt::message::Message;
use crate::mqtt::report::Report;
use crate::mqtt::tls::{Authority, CertificateError, ClientIdentity};

/// A simulated platform on real sockets: a broker that plays Aliyun IoT and Tencent Cloud IoT, over TCP and over
/// TLS. Dropping it ends its tasks and closes them.
///
/// ```
/// use iot_home_sim::mqtt::{DeviceId, SimPlatform};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = iot_home_aliyun::Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// let platform = SimPlatform::builder().aliyun(device.clone()).spawn().await?;
///
/// // Here the program under test connects: to platform.tcp_addr(), or to platform.tls_addr() with
/// // platform.ca_pem() as the certificate to trust.
///
/// platform.until(|platform| platform.is_connected(&DeviceId::from(&device))).await;
/// platform.publish("/a1X2bEnP82z/lamp-1/user/get", "hello", 1);
/// assert_eq!(platform.report().violations.total(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SimPlatform {
    running: Running,
    tcp_addr: SocketAddr,
    tls_addr: SocketAddr,
    authority: Arc<Authority>,
    acceptor: TlsAcceptor,
    listeners: AsyncMutex<Listeners>,
}

enum Listeners {
    Open([JoinHandle<()>; 2]),
    /// The ports are held, and refuse connections.
    Closed([TcpSocket; 2]),
    /// In between.
    Gone,
}

impl Builder {
    /// Puts the platform on its sockets; it runs in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError::Bind`] when an address cannot be listened on, [`SpawnError::Certificate`] when a
    /// [host](Self::host) cannot stand in a certificate.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no platform.
    pub async fn spawn(self) -> Result<SimPlatform, SpawnError> {
        let bind = |addr| move |source| SpawnError::Bind { addr, source };
        let authority = Arc::new(Authority::new()?);
        let config = authority.server(&self.hosts, self.client_certificates)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tcp = listen(self.listen).map_err(bind(self.listen))?;
        let tcp_addr = tcp.local_addr().map_err(bind(self.listen))?;
        let tls = listen(self.tls_listen).map_err(bind(self.tls_listen))?;
        let tls_addr = tls.local_addr().map_err(bind(self.tls_listen))?;
        let running = Host::start(self.build());
        let listeners = AsyncMutex::new(Listeners::Gone);
        let platform = SimPlatform { running, tcp_addr, tls_addr, authority, acceptor, listeners };
        *platform.listeners.lock().await = platform.serve(tcp, tls);
        Ok(platform)
    }
}

impl SimPlatform {
    /// A platform that lets nobody in yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where it takes plain connections.
    pub fn tcp_addr(&self) -> SocketAddr {
        self.tcp_addr
    }

    /// Where it takes TLS connections.
    pub fn tls_addr(&self) -> SocketAddr {
        self.tls_addr
    }

    /// The certificate that a client has to trust, as PEM. The server's own names `localhost`, 127.0.0.1, ::1 and
    /// the [hosts](Builder::host) that were said.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// A certificate for this device, and its key.
    ///
    /// # Errors
    /// When the device's name cannot stand in a certificate.
    pub fn client_identity(
        &self,
        device: impl Into<DeviceId>,
    ) -> Result<ClientIdentity, CertificateError> {
        self.authority.issue(&device.into().common_name())
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        self.running.0.look(|machine, _| machine.report())
    }

    /// The last messages from clients and to them; see [`Machine::messages`].
    pub fn messages(&self) -> Vec<Message> {
        self.running.0.look(|machine, _| machine.messages().cloned().collect())
    }

    /// Looks at the platform's inside.
    pub fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        self.running.0.look(|machine, _| look(machine))
    }

    /// Waits until the platform is as is wished, which is looked at whenever something happens. It has no deadline
    /// of its own.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn until(&self, is_so: impl FnMut(&Machine) -> bool) {
        self.running.0.until(is_so).await;
    }

    /// Publishes a message as the platform; see [`Machine::publish`].
    pub fn publish(&self, topic: &str, payload: impl AsRef<[u8]>, qos: u8) -> usize {
        self.act(|machine, now| machine.publish(now, topic, payload.as_ref(), qos))
    }

    /// What the platform's wall clock shows: the time since 1970-01-01 00:00 UTC.
    pub fn time(&self) -> Duration {
        self.running.0.look(Machine::time)
    }

    /// Sets the platform's wall clock, by which credentials expire. Timers are not touched.
    pub fn set_time(&self, time: Duration) {
        self.act(|machine, now| machine.set_time(now, time));
    }

    /// Puts the platform's wall clock forward. Timers are not touched.
    pub fn advance(&self, by: Duration) {
        self.act(|machine, now| machine.advance(now, by));
    }

    /// Changes everything that goes wrong, and begins with the new seed; bytes are counted anew.
    pub fn set_faults(&self, faults: Faults) {
        self.act(|machine, _| machine.set_faults(faults));
    }

    /// Ends all connections without a word, as when the network goes away for a moment.
    pub fn disconnect_all(&self) {
        self.act(Machine::disconnect_all);
    }

    /// Ends all connections and refuses new ones until [`start`](Self::start). Stored sessions are lost unless
    /// they are to be kept.
    ///
    /// # Errors
    /// When a port could not be held.
    ///
    /// # Cancel safety
    /// When the future is dropped the platform may be stopped without holding its ports.
    pub async fn stop(&self, keep_sessions: bool) -> Result<(), SpawnError> {
        let mut listeners = self.listeners.lock().await;
        let open = std::mem::replace(&mut *listeners, Listeners::Gone);
        if let Listeners::Open(tasks) = open {
            for task in tasks {
                task.abort();
                // It was aborted, or has ended.
                let _ = task.await;
            }
        }
        self.act(|machine, now| machine.restart(now, keep_sessions));
        *listeners = Listeners::Closed([hold(self.tcp_addr)?, hold(self.tls_addr)?]);
        Ok(())
    }

    /// Takes connections again, at the same addresses.
    ///
    /// # Errors
    /// When an address cannot be listened on any more.
    ///
    /// # Cancel safety
    /// As for [`stop`](Self::stop).
    pub async fn start(&self) -> Result<(), SpawnError> {
        let mut listeners = self.listeners.lock().await;
        if matches!(*listeners, Listeners::Open(_)) {
            return Ok(());
        }
        let closed = std::mem::replace(&mut *listeners, Listeners::Gone);
        let [tcp, tls] = match closed {
            Listeners::Closed(sockets) => sockets,
            _ => [hold(self.tcp_addr)?, hold(self.tls_addr)?],
        };
        let open = |socket: TcpSocket, addr| {
            socket.listen(BACKLOG).map_err(|source| SpawnError::Bind { addr, source })
        };
        *listeners = self.serve(open(tcp, self.tcp_addr)?, open(tls, self.tls_addr)?);
        Ok(())
    }

    /// [Stops](Self::stop) and [starts](Self::start).
    ///
    /// # Errors
    /// As for those.
    ///
    /// # Cancel safety
    /// As for [`stop`](Self::stop).
    pub async fn restart(&self, keep_sessions: bool) -> Result<(), SpawnError> {
        self.stop(keep_sessions).await?;
        self.start().await
    }

    fn act<T>(&self, act: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        self.running.0.act(act)
    }

    fn serve(&self, tcp: TcpListener, tls: TcpListener) -> Listeners {
        let host = Arc::clone(&self.running.0);
        let plain = tokio::spawn(accept(Arc::clone(&host), tcp, move |host, stream| {
            host.attach(stream, Link::tcp());
        }));
        let (acceptor, authority) = (self.acceptor.clone(), Arc::clone(&self.authority));
        let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
        let secure = tokio::spawn(accept(host, tls, move |host, stream| {
            // More than that at a time are turned away.
            let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else { return };
            let (acceptor, authority) = (acceptor.clone(), Arc::clone(&authority));
            let task_host = Arc::clone(host);
            host.spawn(async move {
                let shaking = time::timeout(HANDSHAKE, acceptor.accept(stream));
                match shaking.await {
                    Ok(Ok(stream)) => {
                        let link = link_of(&stream, &authority);
                        task_host.attach(stream, link);
                    }
                    _ => task_host.act(|machine, _| machine.handshake_failed()),
                }
                drop(permit);
            });
        }));
        Listeners::Open([plain, secure])
    }
}

impl Drop for SimPlatform {
    fn drop(&mut self) {
        if let Listeners::Open(tasks) = self.listeners.get_mut() {
            for task in tasks {
                task.abort();
            }
        }
    }
}

impl fmt::Debug for SimPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimPlatform")
            .field("tcp_addr", &self.tcp_addr)
            .field("tls_addr", &self.tls_addr)
            .finish_non_exhaustive()
    }
}

impl Stream for TcpStream {
    fn cut(&self) {
        // A reset in place of an end. Where that cannot be had an end will do.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Stream for TlsStream<TcpStream> {
    fn cut(&self) {
        self.get_ref().0.cut();
    }
}

fn link_of(stream: &TlsStream<TcpStream>, authority: &Authority) -> Link {
    let certificates = stream.get_ref().1.peer_certificates();
    let name = certificates.and_then(|chain| authority.common_name(chain.first()?));
    match name {
        Some(name) => Link::tls().certificate(name),
        None => Link::tls(),
    }
}

async fn accept(
    host: Arc<Host>,
    listener: TcpListener,
    mut take: impl FnMut(&Arc<Host>, TcpStream),
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A platform does its best.
                let _ = stream.set_nodelay(true);
                take(&host, stream);
            }
            // Whatever it is, it must not become a loop without a pause.
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    socket(addr)?.listen(BACKLOG)
}

/// A socket that has its port and refuses connections.
fn hold(addr: SocketAddr) -> Result<TcpSocket, SpawnError> {
    socket(addr).map_err(|source| SpawnError::Bind { addr, source })
}

fn socket(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let others have the port as well.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Why a platform could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The certificates could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
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

const BACKLOG: u32 = 64;
const PAUSE: Duration = Duration::from_millis(10);
/// How many handshakes go on at a time.
const MOST_HANDSHAKES: usize = 64;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
