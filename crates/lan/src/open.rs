//! How sockets are opened.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;

use crate::Error;

/// A socket to ask from, bound to this address; port 0 takes a free one. What it sends to a group leaves by the interface
/// that has the address.
///
/// # Errors
/// When the system refuses.
///
/// # Panics
/// Outside a tokio runtime that has its IO driver on.
pub fn socket(local: SocketAddr) -> Result<UdpSocket, Error> {
    let open = || {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, None)?;
        if let SocketAddr::V4(local) = local {
            socket.set_multicast_if_v4(local.ip())?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&local.into())?;
        UdpSocket::from_std(socket.into())
    };
    open().map_err(|error| Error::bind(local, error))
}

/// A socket for each of these, from `open`. Those that fail beside others that work are left out.
///
/// # Errors
/// That of the last one, when not a single socket can be opened.
pub fn open_each<T: Debug>(
    locals: impl IntoIterator<Item = T>,
    mut open: impl FnMut(&T) -> Result<UdpSocket, Error>,
) -> Result<Vec<(T, UdpSocket)>, Error> {
    let mut opened = Vec::new();
    let mut failed = None;
    for local in locals {
        match open(&local) {
            Ok(socket) => opened.push((local, socket)),
            Err(error) => {
                tracing::debug!(?error, ?local, "no socket on this interface");
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if opened.is_empty() => Err(error),
        _ => Ok(opened),
    }
}

/// The addresses to ask these targets from when no interface is chosen: for each family among them one that leaves the
/// interface to the system.
pub fn unspecified(targets: &[SocketAddr]) -> Vec<IpAddr> {
    let families = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let is_asked =
        |local: &IpAddr| targets.iter().any(|target| target.is_ipv4() == local.is_ipv4());
    families.into_iter().filter(is_asked).collect()
}

/// Sockets that hear what goes to a group on the interfaces with these addresses, and share its port with other programs;
/// port 0 takes a free one, the same for all. An address that is no group's is listened at as it is. Interfaces that fail
/// beside others that work are left out.
///
/// # Errors
/// When a program that does not share has the port, or the group can be joined on no interface.
///
/// # Panics
/// Outside a tokio runtime that has its IO driver on.
pub fn group_sockets(group: SocketAddrV4, locals: &[Ipv4Addr]) -> Result<Vec<UdpSocket>, Error> {
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

fn listening_socket(addr: SocketAddrV4, locals: &[Ipv4Addr]) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    socket.set_reuse_port(true)?;
    // Nothing of what other programs have joined.
    #[cfg(target_os = "linux")]
    socket.set_multicast_all_v4(false)?;
    socket.set_nonblocking(true)?;
    // Bound to the group, it takes nothing away from a device that is simulated on this machine. Not every system can.
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
