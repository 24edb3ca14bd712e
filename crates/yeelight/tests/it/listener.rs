//! The listener over loopback, where it listens on an address of this machine and joins no group.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::{Clock, SystemClock};
use iot_home_yeelight::client::ListenerBuilder;
use iot_home_yeelight::directory::Update;
use iot_home_yeelight::{BulbId, ErrorKind, Listener, PORT};
use tokio::time::timeout;

use crate::advert::named;

const MS: Duration = Duration::from_millis(1);

fn builder() -> ListenerBuilder {
    Listener::builder().group(Ipv4Addr::LOCALHOST).port(0)
}

fn listen() -> (Listener, SocketAddr) {
    let listener = builder().start().unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn notify(id: u64, more: &str) -> Vec<u8> {
    format!("NOTIFY * HTTP/1.1\r\nid: {id:#018x}\r\n{more}\r\n").into_bytes()
}

fn sender() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

async fn next(listener: &mut Listener) -> Update {
    timeout(5_000 * MS, listener.next()).await.expect("an update in time").expect("it has no end")
}

#[tokio::test]
async fn advertisements_come_as_updates_and_stay_as_bulbs() {
    let (mut listener, addr) = listen();
    let sender = sender();
    for datagram in [
        named("search"),
        named("documented_notify"),
        named("random_200_bytes"),
        named("documented_notify"),
        notify(2, "power: on"),
        notify(2, "power: off"),
    ] {
        sender.send_to(&datagram, addr).unwrap();
    }
    let lamp = BulbId::new(0x15243f);
    let Update::New(bulb) = next(&mut listener).await else { panic!("it is new") };
    assert_eq!(bulb.id(), lamp);
    assert_eq!(bulb.source(), sender.local_addr().unwrap());
    assert_eq!(bulb.addr(), SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    let Update::Renewed(again) = next(&mut listener).await else { panic!("it says the same") };
    assert_eq!(again, bulb);
    assert!(matches!(next(&mut listener).await, Update::New(other) if other.id().get() == 2));
    assert!(matches!(next(&mut listener).await, Update::Changed(other) if other.id().get() == 2));
    let ids: Vec<_> = listener.bulbs().map(|bulb| bulb.id().get()).collect();
    assert_eq!(ids, [2, 0x15243f]);
    assert_eq!(listener.bulb(lamp), Some(&bulb));
    assert_eq!(listener.ignored(), 1, "the nonsense, not the search");
}

#[tokio::test]
async fn who_falls_silent_expires() {
    let (mut listener, addr) = listen();
    let sender = sender();
    sender.send_to(&notify(1, "Cache-Control: max-age=1"), addr).unwrap();
    sender.send_to(&notify(2, "Cache-Control: max-age=60"), addr).unwrap();
    for _ in 0..2 {
        assert!(matches!(next(&mut listener).await, Update::New(_)));
    }
    let clock = SystemClock::new();
    let Update::Expired(bulb) = next(&mut listener).await else { panic!("nothing else comes") };
    let took = clock.now().since_origin();
    assert_eq!(bulb.id().get(), 1);
    assert!((1_000 * MS..1_500 * MS).contains(&took), "{took:?}");
    assert_eq!(listener.bulbs().map(|bulb| bulb.id().get()).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_flood_of_advertisements_hides_no_expiry() {
    let (mut listener, addr) = listen();
    let sender = sender();
    sender.send_to(&notify(1, "Cache-Control: max-age=1"), addr).unwrap();
    let clock = SystemClock::new();
    loop {
        for id in 2..6 {
            sender.send_to(&notify(id, ""), addr).unwrap();
        }
        if let Update::Expired(bulb) = next(&mut listener).await {
            assert_eq!(bulb.id().get(), 1);
            break;
        }
    }
    assert!(clock.now().since_origin() < 2_000 * MS, "{:?}", clock.now());
}

#[tokio::test]
async fn the_port_is_shared() {
    let (_first, addr) = listen();
    let again = || builder().port(addr.port()).start();
    let second = again().unwrap();
    assert_eq!(second.local_addr().unwrap(), addr);

    // But not with a program that does not share it.
    let alone = sender();
    let error = builder().port(alone.local_addr().unwrap().port()).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.hint().is_some_and(|hint| hint.contains("another program")), "{error:?}");
}

#[tokio::test]
async fn the_socket_is_closed_with_the_listener() {
    let (listener, addr) = listen();
    assert!(UdpSocket::bind(addr).is_err());
    drop(listener);
    UdpSocket::bind(addr).unwrap();
}

#[tokio::test]
async fn it_remembers_as_many_as_it_is_told_to() {
    let mut listener = builder().capacity(1).start().unwrap();
    let addr = listener.local_addr().unwrap();
    let sender = sender();
    for id in 1..=2 {
        sender.send_to(&notify(id, ""), addr).unwrap();
    }
    sender.send_to(&notify(1, "power: on"), addr).unwrap();
    assert!(matches!(next(&mut listener).await, Update::New(_)));
    assert!(matches!(next(&mut listener).await, Update::Changed(_)));
    assert_eq!((listener.bulbs().len(), listener.ignored()), (1, 1));
}

#[tokio::test]
async fn the_observer_sees_what_comes() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let mut listener = builder()
        .on_wire(move |event| log.lock().unwrap().push((event.peer, event.bytes.to_vec())))
        .start()
        .unwrap();
    let addr = listener.local_addr().unwrap();
    let sender = sender();
    let from = sender.local_addr().unwrap();
    for datagram in [b"nonsense".to_vec(), notify(1, "")] {
        sender.send_to(&datagram, addr).unwrap();
    }
    next(&mut listener).await;
    assert_eq!(*seen.lock().unwrap(), [(from, b"nonsense".to_vec()), (from, notify(1, ""))]);
}

#[tokio::test]
async fn an_interface_that_does_not_exist_is_refused() {
    let nowhere = Ipv4Addr::new(192, 0, 2, 77);
    let error = Listener::builder().port(0).interfaces([nowhere]).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("192.0.2.77"), "{error}");
}
