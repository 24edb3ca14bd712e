//! A UDP session over a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::Receiver;
use tokio::time;

use super::channel::Channel;
use super::within;
use crate::client::error::{Error, RealtimeFailure};
use crate::method::Method;
use crate::udp::{Generation, UdpSession};

/// Gets a token.
pub(super) async fn open(
    bulb: SocketAddr,
    generation: Generation,
    timeout: Duration,
) -> Result<Channel, Error> {
    let failed = |error| Error::io(Some(bulb), "opening a UDP session", error);
    let local: IpAddr = match bulb {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((local, 0)).await.map_err(failed)?;
    // From now on the system lets only the bulb's datagrams through.
    socket.connect(bulb).await.map_err(failed)?;
    let origin = time::Instant::now();
    let mut link = Link { socket, session: UdpSession::new(Instant::ORIGIN, generation), origin };
    match within(timeout, link.opened()).await {
        Some(()) => Ok(Channel::new(|commands| link.serve(commands, timeout))),
        None => {
            let failure = RealtimeFailure::NoToken(timeout);
            Err(Error::realtime(bulb, "opening a UDP session", failure))
        }
    }
}

struct Link {
    socket: UdpSocket,
    session: UdpSession,
    origin: time::Instant,
}

impl Link {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// Sends what the session has to send, and waits for a datagram or its timer.
    async fn turn(&mut self) {
        let now = self.now();
        self.session.handle_timeout(now);
        let mut out = Vec::new();
        while self.session.poll_transmit(now, &mut out) {
            self.send(&out).await;
            out.clear();
        }
        let until = self.origin.checked_add(self.session.poll_timeout().since_origin());
        let mut buffer = [0; 2048];
        tokio::select! {
            received = self.socket.recv(&mut buffer) => match received {
                Ok(length) => {
                    let now = self.now();
                    let datagram = buffer.get(..length).unwrap_or_default();
                    self.session.handle_datagram(now, datagram);
                }
                // Somebody's port is closed, say: the session's own time tells when it is over.
                Err(error) => {
                    tracing::debug!(%error, "receiving failed");
                    time::sleep(AFTER_ERROR).await;
                }
            },
            () = time::sleep_until(until.unwrap_or_else(time::Instant::now)) => {}
        }
    }

    async fn send(&self, datagram: &[u8]) {
        if let Err(error) = self.socket.send(datagram).await {
            // It counts as lost, as it would be on the way.
            tracing::debug!(%error, "sending failed");
        }
    }

    async fn opened(&mut self) {
        while !self.session.is_open() {
            self.turn().await;
        }
    }

    async fn serve(mut self, mut commands: Receiver<Method>, timeout: Duration) {
        let mut out = Vec::new();
        // What waits for longer than that for another token would be shown when nobody wants it any more.
        while within(timeout, self.opened()).await.is_some() {
            let command = tokio::select! {
                command = commands.recv() => command,
                () = self.turn() => continue,
            };
            let Some(method) = command else { return };
            out.clear();
            if self.session.write(&method, &mut out) {
                self.send(&out).await;
            }
        }
    }
}

const AFTER_ERROR: Duration = Duration::from_millis(100);
