//! UDP sockets: how they are opened, and how several are read in turn.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::task::{Context, Poll};

use if_addrs::IfAddr;
use socket2::{Domain, Socket, Type};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::Error;

/// Some sockets, told apart by number.
pub(super) struct Sockets {
    sockets: Vec<UdpSocket>,
    /// Which one is read first, so that a flood on one does not silence the others.
    turn: usize,
    /// Errors in a row.
    errors: u32,
    buffer: Box<[u8]>,
}

impl Sockets {
    pub(super) fn new(sockets: Vec<UdpSocket>) -> Self {
        Self { sockets, turn: 0, errors: 0, buffer: vec![0; BUFFER].into() }
    }

    /// Closes all of them.
    pub(super) fn close(&mut self) {
        self.sockets.clear();
        self.buffer = Box::default();
    }

    /// Whether they give errors only, and are not asked any more.
    pub(super) fn is_broken(&self) -> bool {
        self.errors > MAX_ERRORS
    }

    /// Sends from the first one.
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        to: SocketAddr,
        datagram: &[u8],
    ) -> Poll<io::Result<()>> {
        self.poll_send_over(cx, 0, to, datagram)
    }

    pub(super) fn poll_send_over(
        &self,
        cx: &mut Context<'_>,
        link: usize,
        to: SocketAddr,
        datagram: &[u8],
    ) -> Poll<io::Result<()>> {
        let Some(socket) = self.sockets.get(link) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        socket.poll_send_to(cx, datagram, to).map_ok(drop)
    }

    /// Hands over what has come, until something of it is taken. Nothing means that the task will be
    /// woken: by the next datagram, or soon, if there was so much that others must have their turn.
    pub(super) fn poll_receive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(SocketAddr, &[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut budget = BUDGET;
        let mut idle = 0;
        while idle < self.sockets.len() && !self.is_broken() {
            let link = self.turn.checked_rem(self.sockets.len())?;
            self.turn = link.wrapping_add(1);
            let mut read = ReadBuf::new(&mut self.buffer);
            match self.sockets.get(link)?.poll_recv_from(cx, &mut read) {
                Poll::Pending => {
                    idle = idle.saturating_add(1);
                    continue;
                }
                // Some systems report here that an earlier datagram found no listener.
                Poll::Ready(Err(error)) => {
                    self.errors = self.errors.saturating_add(u32::from(!is_of_a_peer(&error)));
                    tracing::debug!(%error, "receiving failed");
                }
                Poll::Ready(Ok(from)) => {
                    self.errors = 0;
                    let taken = take(from, read.filled());
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

/// Whether an error tells of somebody else's port or network, and not of the socket.
fn is_of_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
    )
}

/// The addresses of this machine's IPv4 interfaces, or those of them that are chosen. Loopback takes
/// part only when it is chosen.
pub(super) fn interfaces(chosen: &[Ipv4Addr]) -> Result<Vec<Ipv4Addr>, Error> {
    let mut locals: Vec<_> = if_addrs::get_if_addrs()
        .map_err(Error::interfaces)?
        .into_iter()
        .filter_map(|interface| match interface.addr {
            IfAddr::V4(addr) => Some(addr.ip),
            IfAddr::V6(_) => None,
        })
        .filter(|ip| if chosen.is_empty() { !ip.is_loopback() } else { chosen.contains(ip) })
        .collect();
    locals.sort_unstable();
    locals.dedup();
    if let Some(ip) = chosen.iter().find(|ip| !locals.contains(ip)) {
        let problem =
            io::Error::new(io::ErrorKind::AddrNotAvailable, "no interface has this address");
        return Err(Error::bind(SocketAddr::new((*ip).into(), 0), problem));
    }
    if locals.is_empty() {
        let problem =
            io::Error::new(io::ErrorKind::NetworkUnreachable, "no interface has an IPv4 address");
        return Err(Error::interfaces(problem));
    }
    Ok(locals)
}

/// A socket to send from, bound to this address.
pub(super) fn socket(local: SocketAddr) -> Result<UdpSocket, Error> {
    let open = || {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, None)?;
        if let SocketAddr::V4(local) = local {
            // What goes to a group leaves by the interface that the socket is bound to.
            socket.set_multicast_if_v4(local.ip())?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&local.into())?;
        UdpSocket::from_std(socket.into())
    };
    open().map_err(|error| Error::bind(local, error))
}

/// Sockets that hear what goes to a group on these interfaces; an address that is no group's is
/// listened on as it is.
pub(super) fn listening_sockets(
    group: SocketAddrV4,
    locals: &[Ipv4Addr],
) -> Result<Vec<UdpSocket>, Error> {
    if !group.ip().is_multicast() {
        let socket = listening_socket(group, &[]);
        return Ok(vec![socket.map_err(|error| Error::bind(group.into(), error))?]);
    }
    let mut addr = group;
    let mut sockets = Vec::new();
    let mut failed = None;
    for locals in locals.chunks(MEMBERSHIPS) {
        match listening_socket(addr, locals) {
            Ok(socket) => {
                // A free port that the first one took is the others' as well.
                if let Ok(local) = socket.local_addr() {
                    addr.set_port(local.port());
                }
                sockets.push(socket);
            }
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if sockets.is_empty() => Err(Error::bind(group.into(), error)),
        _ => Ok(sockets),
    }
}

/// A socket that shares its port with other programs. An interface that cannot be joined beside others
/// that can is left out.
fn listening_socket(addr: SocketAddrV4, locals: &[Ipv4Addr]) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    socket.set_reuse_port(true)?;
    // Nothing of what other programs have joined.
    #[cfg(target_os = "linux")]
    socket.set_multicast_all_v4(false)?;
    socket.set_nonblocking(true)?;
    // Bound to the group, it takes no commands away from a gateway that is simulated on this machine. Not
    // every system can.
    let ip =
        if cfg!(unix) || !addr.ip().is_multicast() { *addr.ip() } else { Ipv4Addr::UNSPECIFIED };
    socket.bind(&SocketAddrV4::new(ip, addr.port()).into())?;
    let mut joined = false;
    let mut failed = None;
    for local in locals {
        match socket.join_multicast_v4(addr.ip(), local) {
            Ok(()) => joined = true,
            Err(error) => {
                tracing::debug!(%error, %local, "the group was not joined on this interface");
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if !joined => Err(error),
        _ => UdpSocket::from_std(socket.into()),
    }
}

/// Interfaces that one socket joins a group on: systems allow some twenty.
const MEMBERSHIPS: usize = 16;
/// The largest datagram there is.
const BUFFER: usize = 65_536;
/// Datagrams received before others get their turn.
const BUDGET: u32 = 64;
/// Errors in a row after which sockets count as broken.
const MAX_ERRORS: u32 = 1000;
