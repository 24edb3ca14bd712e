//! Devices on real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_miio::packet::{HELLO, Header, HelloReply};
use iot_home_miio::{Cipher, json};
use iot_home_sim::miio::{DeviceClock, Silence};
use iot_home_sim::{Faults, SimDevice, SpawnError};
use tokio::net::UdpSocket;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

async fn exchange(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
    socket.send_to(datagram, to).await.unwrap();
    let mut buffer = [0; 2048];
    let received = timeout(SOON, socket.recv_from(&mut buffer)).await.ok()?;
    let (length, from) = received.unwrap();
    assert_eq!(from, to);
    Some(buffer[..length].to_vec())
}

/// Says hello, then asks.
async fn ask(socket: &UdpSocket, device: &SimDevice, payload: &str) -> serde_json::Value {
    let hello = exchange(socket, device.addr(), &HELLO).await.unwrap();
    let hello = HelloReply::parse(&hello).unwrap();
    assert_eq!(hello.did, device.did().as_u64().unwrap());
    let cipher = Cipher::new(&device.token());
    let mut packet = vec![0; Cipher::sealed_len(payload.len())];
    let header = Header { did: hello.did, stamp: hello.stamp };
    cipher.seal(header, payload.as_bytes(), &mut packet).unwrap();
    let mut answer = exchange(socket, device.addr(), &packet).await.unwrap();
    json::parse(cipher.open(&mut answer).unwrap()).unwrap()
}

const POWER: &str = r#"{"id":1,"method":"get_prop","params":["power"]}"#;

#[tokio::test]
async fn many_devices_and_their_handles() {
    let socket = socket().await;
    let mut devices = Vec::new();
    for builder in
        [SimDevice::light(), SimDevice::plug(), SimDevice::humidifier(), SimDevice::fan()]
    {
        devices.push(builder.spawn().await.unwrap());
    }
    for device in &devices {
        let info = ask(&socket, device, r#"{"id":5,"method":"miIO.info","params":[]}"#).await;
        assert_eq!(info["result"]["model"], device.model());
    }
    let lamp = &devices[0];
    assert_eq!(ask(&socket, lamp, POWER).await["result"][0], "off");
    lamp.set_property((2, 1), true).unwrap();
    assert_eq!(lamp.property("power"), Some("on".into()));
    assert_eq!(ask(&socket, lamp, POWER).await["result"][0], "on");
    lamp.set_property("2.2", 0).unwrap_err();

    lamp.set_token([5; 16]);
    assert_eq!(lamp.token().expose(), &[5; 16]);
    lamp.reboot();
    assert_eq!(ask(&socket, lamp, POWER).await["result"][0], "on");
    lamp.set_clock(DeviceClock::From(1_790_000_000));
    assert_eq!(ask(&socket, lamp, POWER).await["result"][0], "on");
    let report = lamp.report();
    assert_eq!((report.executed("get_prop"), report.violations.total()), (4, 0));
    assert!(format!("{devices:?}").contains("yeelink.light.lamp4"));
}

#[tokio::test]
async fn delays_come_due_without_further_datagrams() {
    let delay = Duration::from_millis(30);
    let lamp =
        SimDevice::light().faults(Faults::seed(1).delay(delay..=delay)).spawn().await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(exchange(&socket().await, lamp.addr(), &HELLO).await.is_some());
    assert!(began.elapsed() >= 2 * delay);
}

#[tokio::test]
async fn silence_and_speech() {
    let (socket, lamp) = (socket().await, SimDevice::light().spawn().await.unwrap());
    lamp.set_silence(Silence::Total);
    socket.send_to(&HELLO, lamp.addr()).await.unwrap();
    while lamp.report().ignored == 0 {
        tokio::task::yield_now().await;
    }
    lamp.set_faults(Faults::default());
    assert!(exchange(&socket, lamp.addr(), &HELLO).await.is_some());
    assert_eq!(lamp.report().hellos, 1);
}

#[tokio::test]
async fn a_client_that_left_ends_nothing() {
    let lamp = SimDevice::light().spawn().await.unwrap();
    for _ in 0..20 {
        let gone = socket().await;
        gone.send_to(&HELLO, lamp.addr()).await.unwrap();
        drop(gone);
    }
    // What comes back from closed ports must not reach the next client.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(exchange(&socket().await, lamp.addr(), &HELLO).await.is_some());
}

#[tokio::test]
async fn dropping_frees_the_address() {
    let lamp = SimDevice::light().spawn().await.unwrap();
    let addr = lamp.addr();
    let taken = SimDevice::light().listen(addr).spawn().await.unwrap_err();
    assert!(matches!(&taken, SpawnError::Bind { addr: at, .. } if *at == addr));
    assert!(taken.to_string().contains(&addr.to_string()), "{taken}");
    drop(lamp);
    for _ in 0..100 {
        match SimDevice::light().listen(addr).spawn().await {
            Ok(again) => return assert_eq!(again.addr(), addr),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("{addr} is still taken");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn any_loopback_address() {
    let addr: SocketAddr = "127.34.5.6:0".parse().unwrap();
    let lamp = SimDevice::light().listen(addr).spawn().await.unwrap();
    assert_eq!(lamp.addr().ip(), addr.ip());
    assert_eq!(ask(&socket().await, &lamp, POWER).await["result"][0], "off");
}
