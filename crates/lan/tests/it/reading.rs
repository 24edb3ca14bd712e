//! Who has their turn, and when it ends.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use iot_home_lan::{Sockets, socket};
use tokio::net::UdpSocket;

fn free() -> UdpSocket {
    socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap()
}

/// A waker that counts.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

async fn send(from: &UdpSocket, to: &UdpSocket, times: usize) {
    let to = to.local_addr().unwrap();
    for _ in 0..times {
        from.send_to(b"x", to).await.unwrap();
    }
}

/// Until all of them have something to read.
async fn readable(sockets: &[&UdpSocket]) {
    for socket in sockets {
        socket.readable().await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_on_one_silences_neither_the_others_nor_the_program() {
    let (one, other, from) = (free(), free(), free());
    send(&from, &one, 100).await;
    send(&from, &other, 1).await;
    readable(&[&one, &other]).await;
    let mut sockets = Sockets::new([one, other]);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut heard = Vec::new();
    let taken = sockets.poll_receive(&mut Context::from_waker(&waker), |link, _, _| {
        heard.push(link);
        None::<()>
    });
    assert_eq!(taken, None);
    assert_eq!(heard.len(), 64, "others have their turn");
    assert_eq!(heard[..3], [0, 1, 0]);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "and then it goes on");
}

#[tokio::test]
async fn what_is_taken_ends_the_turn() {
    let (socket, from) = (free(), free());
    send(&from, &socket, 2).await;
    readable(&[&socket]).await;
    let mut sockets = Sockets::new([socket]);
    let mut seen = 0;
    let taken = poll_fn(|cx| {
        Poll::Ready(sockets.poll_receive(cx, |_, who, _| {
            seen += 1;
            Some(who)
        }))
    });
    assert_eq!(taken.await, Some(from.local_addr().unwrap()));
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn closed_sockets_neither_receive_nor_send() {
    let mut sockets = Sockets::new([free()]);
    let addr = sockets.local_addr().unwrap();
    sockets.close();
    assert!(sockets.local_addr().is_err());
    assert!(!sockets.is_broken());
    let sent = poll_fn(|cx| {
        assert_eq!(sockets.poll_receive(cx, |_, _, _| Some(())), None);
        sockets.poll_send(cx, 0, addr, b"x")
    });
    assert!(sent.await.is_err());
}

/// A socket that gives nothing but errors: one of TCP, without a connection.
#[cfg(unix)]
fn broken() -> UdpSocket {
    let stream = tokio::net::TcpSocket::new_v4().unwrap();
    UdpSocket::from_std(stream.as_fd().try_clone_to_owned().unwrap().into()).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn sockets_that_give_errors_only_are_left() {
    let mut sockets = Sockets::new([broken()]);
    let ended = poll_fn(|cx| {
        assert_eq!(sockets.poll_receive(cx, |_, _, _| Some(())), None);
        if sockets.is_broken() { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("not asked for ever");
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!(sockets.poll_receive(&mut Context::from_waker(&waker), |_, _, _| Some(())), None);
    assert_eq!(woken.0.load(Ordering::Relaxed), 0, "nothing is left to wait for");
}

#[cfg(unix)]
#[tokio::test]
async fn one_that_is_broken_ends_nothing_for_the_others() {
    let (good, from) = (free(), free());
    let to = good.local_addr().unwrap();
    let mut sockets = Sockets::new([broken(), good]);
    let quiet = poll_fn(|cx| {
        // It asks to be woken as long as the broken one is read.
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert_eq!(sockets.poll_receive(cx, |_, _, _| Some(())), None);
        let again = sockets.poll_receive(&mut Context::from_waker(&waker), |_, _, _| Some(()));
        assert_eq!(again, None);
        if woken.0.load(Ordering::Relaxed) == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::time::timeout(Duration::from_secs(20), quiet).await.expect("it becomes quiet");
    assert!(!sockets.is_broken());
    from.send_to(b"x", to).await.unwrap();
    let heard = poll_fn(|cx| {
        sockets.poll_receive(cx, |link, _, _| Some(link)).map_or(Poll::Pending, Poll::Ready)
    });
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), heard).await, Ok(1));
}
