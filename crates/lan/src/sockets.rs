//! Several sockets, read in turn.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::is_of_a_peer;

/// Some sockets, told apart by their number in the order they came in. One task reads them.
pub struct Sockets {
    links: Vec<Link>,
    /// Which one is read first, so that a flood on one does not silence the others.
    turn: usize,
    buffer: Box<[u8]>,
}

struct Link {
    socket: UdpSocket,
    /// Errors in a row.
    errors: u32,
}

impl Link {
    fn is_broken(&self) -> bool {
        self.errors > MAX_ERRORS
    }

    /// Takes an error in, whose next one may come at once.
    fn failed(&mut self, error: &io::Error) {
        tracing::debug!(%error, "receiving failed");
        self.errors = self.errors.saturating_add(u32::from(!is_of_a_peer(error)));
        if self.is_broken() {
            tracing::warn!(%error, "a socket gives errors only, and is not read any more");
        }
    }
}

impl Sockets {
    /// These sockets, and a buffer that any datagram fits in.
    pub fn new(sockets: impl IntoIterator<Item = UdpSocket>) -> Self {
        let links = sockets.into_iter().map(|socket| Link { socket, errors: 0 }).collect();
        Self { links, turn: 0, buffer: vec![0; BUFFER].into() }
    }

    /// Closes all of them.
    pub fn close(&mut self) {
        self.links.clear();
        self.buffer = Box::default();
    }

    /// Whether all of them have given a thousand errors in a row, and are not read any more. Closed ones are not broken.
    pub fn is_broken(&self) -> bool {
        !self.links.is_empty() && self.links.iter().all(Link::is_broken)
    }

    /// The address of the first one.
    ///
    /// # Errors
    /// When the operating system does not tell, or they are closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.links.first().ok_or(io::ErrorKind::NotConnected)?.socket.local_addr()
    }

    /// Sends a datagram from the socket with this number. Pending means that nothing was sent, and that the task will be
    /// woken.
    ///
    /// # Errors
    /// When the system does not send it, or there is no such socket.
    pub fn poll_send(
        &self,
        cx: &mut Context<'_>,
        link: usize,
        to: SocketAddr,
        datagram: &[u8],
    ) -> Poll<io::Result<()>> {
        let Some(link) = self.links.get(link) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        link.socket.poll_send_to(cx, datagram, to).map_ok(drop)
    }

    /// Hands over what has come, with the number of its socket and who sent it, until something of it is taken.
    ///
    /// Nothing means that the task will be woken: by the next datagram, or soon, if there was so much that others must have
    /// their turn. Only when they are closed or [broken](Self::is_broken) nothing wakes it.
    pub fn poll_receive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(usize, SocketAddr, &[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut budget = BUDGET;
        let mut idle = 0;
        while idle < self.links.len() {
            let at = self.turn.checked_rem(self.links.len())?;
            self.turn = at.wrapping_add(1);
            let link = self.links.get_mut(at)?;
            if link.is_broken() {
                idle = idle.saturating_add(1);
                continue;
            }
            let mut read = ReadBuf::new(&mut self.buffer);
            match link.socket.poll_recv_from(cx, &mut read) {
                Poll::Pending => {
                    idle = idle.saturating_add(1);
                    continue;
                }
                // Some systems report here that an earlier datagram found no listener.
                Poll::Ready(Err(error)) => link.failed(&error),
                Poll::Ready(Ok(from)) => {
                    link.errors = 0;
                    let taken = take(at, from, read.filled());
                    if taken.is_some() {
                        return taken;
                    }
                }
            }
            idle = 0;
            budget = budget.saturating_sub(1);
            if budget == 0 {
                cx.waker().wake_by_ref();
                return None;
            }
        }
        None
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|link| &link.socket)).finish()
    }
}

/// The largest datagram there is.
const BUFFER: usize = 65_536;
/// Datagrams received before others get their turn.
const BUDGET: u32 = 64;
/// Errors in a row after which a socket counts as broken.
const MAX_ERRORS: u32 = 1000;
