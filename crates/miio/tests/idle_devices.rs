//! What a device costs while nothing is asked of it. In a program of its own, with one test: the count
//! is the whole program's.

use std::alloc::System;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::{Client, Device, Token};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DEVICES: u8 = 200;
/// Bytes that the program may keep for a device that was used and is idle.
const LIMIT: usize = 2048;

#[tokio::test]
async fn an_idle_device_costs_little() {
    let mut sockets = Vec::new();
    let mut addrs = Vec::new();
    for _ in 0..DEVICES {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        addrs.push(socket.local_addr().unwrap());
        sockets.push(socket);
    }
    let done = Arc::new(AtomicBool::new(false));
    let served = std::thread::spawn({
        let done = Arc::clone(&done);
        move || serve(&sockets, &done)
    });

    let client = Client::bind().await.unwrap();
    let mut devices = Vec::with_capacity(addrs.len());
    // The first one pays for what all of them share.
    devices.push(use_once(&client, addrs[0]).await);
    let region = Region::new(GLOBAL);
    for addr in &addrs[1..] {
        devices.push(use_once(&client, *addr).await);
    }
    let change = region.change();
    done.store(true, Ordering::SeqCst);
    served.join().unwrap();

    let kept = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    let each = kept / usize::from(DEVICES - 1);
    assert!(each > size_of::<Device>(), "they are counted");
    assert!(each <= LIMIT, "{each} bytes for each idle device");
}

async fn use_once(client: &Client, addr: SocketAddr) -> Device {
    let device = client.device(addr, Token::new([7; 16]));
    let both = tokio::join!(
        device.call::<[u8; 1]>("get_prop", ["bright"]),
        device.call::<[u8; 1]>("get_prop", ["power"]),
    );
    assert_eq!((both.0.unwrap(), both.1.unwrap()), ([1], [1]));
    device
}

/// Devices that keep nothing: what is counted is the client's alone.
fn serve(sockets: &[UdpSocket], done: &AtomicBool) {
    let mut device = Responder::new(7, Token::new([7; 16]));
    let mut buffer = [0; 2048];
    while !done.load(Ordering::SeqCst) {
        for socket in sockets {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
            let reply = match device.receive(1000, &mut buffer[..length]) {
                Ok(Incoming::Hello { .. }) => device.hello_reply(1000).to_vec(),
                Ok(Incoming::Request(request)) => device.reply(1000, request.id, "[1]").unwrap(),
                _ => continue,
            };
            socket.send_to(&reply, from).unwrap();
        }
        std::thread::yield_now();
    }
}
