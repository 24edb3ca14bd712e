//! A platform on real sockets.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Mutex as AsyncMutex;
use tokio_rustls::TlsAcceptor;

use crate::mqtt::DeviceId;
use crate::mqtt::builder::Builder;
use crate::mqtt::faults::Faults;
use crate::mqtt::host::{Host, Running};
use crate::mqtt::listen::Listeners;
use crate::mqtt::machine::{CutAfter, Machine, RrpcError, UnknownDevice};
use crate::mqtt::message::Message;
use crate::mqtt::report::Report;
use crate::mqtt::thing::ThingState;
use crate::mqtt::tls::{Authority, CertificateError, ClientIdentity};
use crate::web;

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
    listeners: AsyncMutex<Listeners>,
    running: Running,
    tcp_addr: SocketAddr,
    tls_addr: SocketAddr,
    web: web::Server,
    authority: Arc<Authority>,
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
        let authority = Arc::new(Authority::new()?);
        let config = authority.server(&self.hosts, self.client_certificates)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (addrs, web_listen) = ([self.listen, self.tls_listen], self.web_listen);
        let mut listeners = Listeners::new(addrs, acceptor, Arc::clone(&authority))?;
        let [tcp_addr, tls_addr] = listeners.addrs();
        let guides_to = (tcp_addr.ip().to_string(), tcp_addr.port());
        let running = Host::start(Self { guides_to, ..self }.build());
        listeners.open(&running.0)?;
        let host = Arc::clone(&running.0);
        let web = web::Server::start(web_listen, move |request| {
            let response = host.act(|machine, now| machine.handle_request(now, &request));
            let cut = response.extensions().get::<CutAfter>().copied();
            let answer = web::Answer::from(response);
            ready(match cut {
                Some(CutAfter(bytes)) => answer.truncated(bytes),
                None => answer,
            })
        });
        let web = web.await.map_err(|source| SpawnError::Bind { addr: web_listen, source })?;
        let listeners = AsyncMutex::new(listeners);
        Ok(SimPlatform { listeners, running, tcp_addr, tls_addr, web, authority })
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

    /// Where it takes requests over plain HTTP: registration, authentication, publishing, files. It does so also while it
    /// is [stopped](Self::stop).
    pub fn http_addr(&self) -> SocketAddr {
        self.web.addr()
    }

    /// Where a [file](Self::put_file) can be fetched, until [`expire_links`](Self::expire_links).
    pub fn file_url(&self, name: &str) -> String {
        let link = self.look(|machine| machine.file_link(name));
        format!("http://{}{link}", self.http_addr())
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
        listeners.close().await;
        self.running.0.act(|machine, now| machine.restart(now, keep_sessions));
        listeners.hold()?;
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
        self.listeners.lock().await.open(&self.running.0)
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
}

handle_methods!(SimPlatform);

impl fmt::Debug for SimPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimPlatform")
            .field("tcp_addr", &self.tcp_addr)
            .field("tls_addr", &self.tls_addr)
            .finish_non_exhaustive()
    }
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
