//! The two ports of a platform.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::mqtt::host::{Host, Stream};
use crate::mqtt::machine::Link;
use crate::mqtt::platform::SpawnError;
use crate::mqtt::tls::Authority;

/// The ports for plain connections and for TLS. Dropped, they do not listen any more.
pub(crate) struct Listeners {
    addrs: [SocketAddr; 2],
    gate: Gate,
    acceptor: TlsAcceptor,
    authority: Arc<Authority>,
}

enum Gate {
    Open([JoinHandle<()>; 2]),
    /// The ports are held, and refuse connections.
    Held([TcpSocket; 2]),
    /// Nobody holds the ports.
    Closed,
}

impl Listeners {
    /// Two ports that are held.
    pub(crate) fn new(
        addrs: [SocketAddr; 2],
        acceptor: TlsAcceptor,
        authority: Arc<Authority>,
    ) -> Result<Self, SpawnError> {
        let take = |addr| {
            let bind = |source| SpawnError::Bind { addr, source };
            let socket = socket(addr).map_err(bind)?;
            Ok::<_, SpawnError>((socket.local_addr().map_err(bind)?, socket))
        };
        let [tcp, tls] = addrs.map(take);
        let ((tcp_addr, tcp), (tls_addr, tls)) = (tcp?, tls?);
        Ok(Self { addrs: [tcp_addr, tls_addr], gate: Gate::Held([tcp, tls]), acceptor, authority })
    }

    pub(crate) fn addrs(&self) -> [SocketAddr; 2] {
        self.addrs
    }

    /// Ends listening.
    pub(crate) async fn close(&mut self) {
        if let Gate::Open(tasks) = std::mem::replace(&mut self.gate, Gate::Closed) {
            for task in tasks {
                task.abort();
                // It was aborted, or has ended.
                let _ = task.await;
            }
        }
    }

    /// Takes the ports and refuses connections there.
    pub(crate) fn hold(&mut self) -> Result<(), SpawnError> {
        if let Gate::Closed = self.gate {
            let [tcp, tls] = self
                .addrs
                .map(|addr| socket(addr).map_err(|source| SpawnError::Bind { addr, source }));
            self.gate = Gate::Held([tcp?, tls?]);
        }
        Ok(())
    }

    /// Listens, unless it does already. Call it in the runtime.
    pub(crate) fn open(&mut self, host: &Arc<Host>) -> Result<(), SpawnError> {
        self.hold()?;
        let [tcp, tls] = match std::mem::replace(&mut self.gate, Gate::Closed) {
            Gate::Held(sockets) => sockets,
            open => {
                self.gate = open;
                return Ok(());
            }
        };
        let listen = |socket: TcpSocket, addr| {
            socket.listen(BACKLOG).map_err(|source| SpawnError::Bind { addr, source })
        };
        let [tcp_addr, tls_addr] = self.addrs;
        let (tcp, tls) = (listen(tcp, tcp_addr)?, listen(tls, tls_addr)?);
        self.gate = Gate::Open([self.serve_tcp(host, tcp), self.serve_tls(host, tls)]);
        Ok(())
    }

    fn serve_tcp(&self, host: &Arc<Host>, listener: TcpListener) -> JoinHandle<()> {
        let host = Arc::clone(host);
        tokio::spawn(accept(listener, move |stream| {
            host.attach(stream, Link::tcp());
        }))
    }

    fn serve_tls(&self, host: &Arc<Host>, listener: TcpListener) -> JoinHandle<()> {
        let host = Arc::clone(host);
        let (acceptor, authority) = (self.acceptor.clone(), Arc::clone(&self.authority));
        // They end with the listener.
        let mut handshakes = JoinSet::new();
        tokio::spawn(accept(listener, move |stream| {
            while handshakes.try_join_next().is_some() {}
            if handshakes.len() >= MOST_HANDSHAKES {
                return;
            }
            let shaking = time::timeout(HANDSHAKE, acceptor.accept(stream));
            let (host, authority) = (Arc::clone(&host), Arc::clone(&authority));
            handshakes.spawn(async move {
                match shaking.await {
                    Ok(Ok(stream)) => {
                        let link = link_of(&stream, &authority);
                        host.attach(stream, link);
                    }
                    _ => host.act(|machine, _| machine.handshake_failed()),
                }
            });
        }))
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        if let Gate::Open(tasks) = &self.gate {
            for task in tasks {
                task.abort();
            }
        }
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

async fn accept(listener: TcpListener, mut take: impl FnMut(TcpStream)) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A platform does its best.
                let _ = stream.set_nodelay(true);
                take(stream);
            }
            // Whatever it is, it must not become a loop without a pause.
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

fn socket(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let others have the port as well.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

const BACKLOG: u32 = 64;
const PAUSE: Duration = Duration::from_millis(10);
/// How many handshakes go on at a time.
const MOST_HANDSHAKES: usize = 64;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
