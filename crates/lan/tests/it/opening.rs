//! What sockets are bound to, and what they hear.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};
use std::task::Poll;

use iot_home_lan::{
    Error, Sockets, chosen, group_sockets, is_on_link, open_each, socket, unspecified,
};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Reserved: no machine has it, nor a network around it.
const NOBODY: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 1);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 73, 19);

fn any_port(ip: impl Into<IpAddr>) -> SocketAddr {
    SocketAddr::new(ip.into(), 0)
}

#[tokio::test]
async fn a_group_is_heard_on_the_interface_that_was_chosen() {
    let locals: Vec<_> = chosen(&[LOOPBACK]).unwrap().iter().map(|found| found.addr).collect();
    assert_eq!(locals, [LOOPBACK]);
    let group = group_sockets(SocketAddrV4::new(GROUP, 0), &locals).unwrap();
    let port = group[0].local_addr().unwrap().port();
    let mut group = Sockets::new(group);
    let from = socket(any_port(LOOPBACK)).unwrap();
    from.send_to(b"hello", (GROUP, port)).await.unwrap();
    let heard = poll_fn(|cx| {
        let heard =
            group.poll_receive(cx, |link, from, datagram| Some((link, from, datagram.to_vec())));
        heard.map_or(Poll::Pending, Poll::Ready)
    });
    assert_eq!(heard.await, (0, from.local_addr().unwrap(), b"hello".to_vec()));
}

#[tokio::test]
async fn more_interfaces_than_a_socket_may_join_on_get_more_sockets_on_one_port() {
    let sockets = group_sockets(SocketAddrV4::new(GROUP, 0), &[LOOPBACK; 16]);
    // The same interface sixteen times: the first one joins.
    assert_eq!(sockets.unwrap().len(), 1);
    let sockets = group_sockets(SocketAddrV4::new(GROUP, 0), &[LOOPBACK; 17]).unwrap();
    let ports: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
    assert_eq!(ports.len(), 2);
    assert_eq!(ports[0], ports[1]);
}

#[tokio::test]
async fn an_interface_that_cannot_be_joined_is_left_out_beside_another() {
    let group = SocketAddrV4::new(GROUP, 0);
    assert_eq!(group_sockets(group, &[NOBODY, LOOPBACK]).unwrap().len(), 1);
    let error = group_sockets(group, &[NOBODY]).unwrap_err();
    assert_eq!(error.addr(), Some(group.into()));
}

#[tokio::test]
async fn an_address_that_is_no_groups_is_listened_at_as_it_is() {
    let sockets = group_sockets(SocketAddrV4::new(LOOPBACK, 0), &[]).unwrap();
    assert_eq!(sockets[0].local_addr().unwrap().ip(), LOOPBACK);
}

#[tokio::test]
async fn an_address_that_this_machine_has_not_is_refused_and_named() {
    let error = socket(any_port(NOBODY)).unwrap_err();
    assert_eq!(error.addr(), Some(any_port(NOBODY)));
    assert_eq!(error.to_string(), "no socket can be opened at 240.0.0.1:0, choose another address");
    assert_eq!(error.into_io().kind(), io::ErrorKind::AddrNotAvailable);
    let error = chosen(&[LOOPBACK, NOBODY]).unwrap_err();
    assert_eq!(error.addr(), Some(any_port(NOBODY)));
}

#[tokio::test]
async fn a_socket_that_fails_is_left_out_beside_another() {
    let open = |local: &Ipv4Addr| socket(any_port(*local));
    let opened = open_each([NOBODY, LOOPBACK], open).unwrap();
    let locals: Vec<_> = opened.iter().map(|(local, _)| *local).collect();
    assert_eq!(locals, [LOOPBACK]);
    let failed: Result<_, Error> = open_each([NOBODY], open);
    assert_eq!(failed.unwrap_err().addr(), Some(any_port(NOBODY)));
    assert!(open_each([], open).unwrap().is_empty());
}

#[test]
fn targets_are_asked_from_an_address_of_their_family() {
    let v4 = SocketAddr::from(([192, 0, 2, 9], 54321));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 54321));
    let (any_v4, any_v6) = (IpAddr::from([0; 4]), IpAddr::from([0; 16]));
    assert_eq!(unspecified(&[v4, v4]), [any_v4]);
    assert_eq!(unspecified(&[v6]), [any_v6]);
    assert_eq!(unspecified(&[v6, v4]), [any_v4, any_v6]);
    assert!(unspecified(&[]).is_empty());
}

#[test]
fn loopback_is_on_link_and_a_reserved_address_is_not() {
    assert!(is_on_link(LOOPBACK.into()).unwrap());
    assert!(is_on_link(Ipv4Addr::new(127, 3, 2, 1).into()).unwrap());
    assert!(!is_on_link(NOBODY.into()).unwrap());
}
