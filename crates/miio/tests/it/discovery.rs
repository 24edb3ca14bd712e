//! Discovery over loopback. Searching all interfaces needs a network of its own and is tested where there is one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::{Clock, SystemClock};
use iot_home_miio::client::{Discovery, ErrorKind};
use iot_home_miio::packet::{HelloField, HelloReply};
use iot_home_sim::miio::{Faults, HelloToken, SimDevice};
use tokio::net::UdpSocket;

const MS: Duration = Duration::from_millis(1);

async fn home(devices: u64) -> (Vec<SimDevice>, Vec<SocketAddr>) {
    let mut sims = Vec::new();
    for did in 1..=devices {
        sims.push(SimDevice::light().did(did).spawn().await.unwrap());
    }
    let addrs = sims.iter().map(SimDevice::addr).collect();
    (sims, addrs)
}

#[tokio::test]
async fn every_device_is_found_once() {
    let (sims, addrs) = home(20).await;
    let found: Vec<_> =
        Discovery::builder().targets(addrs).wait(700 * MS).start().unwrap().collect().await;
    let mut dids: Vec<_> = found.iter().map(|found| found.did.clone()).collect();
    dids.sort();
    assert_eq!(dids, sims.iter().map(SimDevice::did).collect::<Vec<_>>());
    assert!(sims.iter().all(|sim| sim.report().hellos == 1), "who has answered is not asked again");
}

#[tokio::test]
async fn a_search_ends_with_the_last_wanted_device() {
    let (_sims, addrs) = home(3).await;
    let clock = SystemClock::new();
    let found = Discovery::builder().targets(addrs).count(3).wait(5000 * MS).start().unwrap();
    assert_eq!(found.count().await, 3);
    assert!(clock.now().since_origin() < 1000 * MS);
}

#[tokio::test]
async fn a_lost_hello_is_asked_for_again() {
    let mut lossy = Vec::new();
    for seed in 0..20 {
        lossy.push(
            SimDevice::light()
                .did(seed + 1)
                .faults(Faults::seed(seed).loss(0.3))
                .spawn()
                .await
                .unwrap(),
        );
    }
    let addrs: Vec<_> = lossy.iter().map(SimDevice::addr).collect();
    let found = Discovery::builder().targets(addrs).wait(2000 * MS).start().unwrap().count().await;
    let lost: u64 =
        lossy.iter().map(|sim| sim.report().dropped_in + sim.report().dropped_out).sum();
    assert!(lost > 3 && found > 15, "{lost} lost, {found} found");
}

#[tokio::test]
async fn shown_and_hidden_tokens_are_told_apart() {
    let shown = SimDevice::light().did(1).hello(HelloToken::Shown).spawn().await.unwrap();
    let zeros = SimDevice::light().did(2).hello(HelloToken::HiddenAsZeros).spawn().await.unwrap();
    let wide = SimDevice::light().did(u64::from(u32::MAX) + 7).spawn().await.unwrap();
    let addrs = [shown.addr(), zeros.addr(), wide.addr()];
    let mut found: Vec<_> =
        Discovery::builder().targets(addrs).count(3).start().unwrap().collect().await;
    found.sort_by(|a, b| a.did.cmp(&b.did));
    assert_eq!(found[0].token, Some(shown.token()));
    assert_eq!((&found[1].token, &found[2].token), (&None, &None));
    assert_eq!(found[2].did, wide.did());
}

#[tokio::test]
async fn odd_answers_lose_themselves_and_nothing_else() {
    let (_sims, mut addrs) = home(2).await;
    let odd = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    addrs.insert(0, odd.local_addr().unwrap());
    let answers = tokio::spawn(async move {
        let mut buffer = [0; 64];
        let (_, from) = odd.recv_from(&mut buffer).await.unwrap();
        for length in 0..100 {
            odd.send_to(&vec![0x21; length], from).await.unwrap();
        }
        for did in 0..50 {
            let forged = HelloReply::new(1, did, HelloField::HiddenFf).encode();
            odd.send_to(&forged, from).await.unwrap();
        }
    });
    let found: Vec<_> =
        Discovery::builder().targets(addrs).wait(400 * MS).start().unwrap().collect().await;
    answers.await.unwrap();
    assert_eq!(found.len(), 2, "did 1 counts once whoever claims it, did 2 is found: {found:?}");
}

#[tokio::test]
async fn an_interface_that_does_not_exist_is_refused() {
    let nowhere = Ipv4Addr::new(192, 0, 2, 77);
    let error = Discovery::builder().interfaces([nowhere]).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("192.0.2.77"), "{error}");
}

/// Twenty searches, and the median of them, since a busy machine may hold up any single one.
#[tokio::test]
async fn a_device_reaches_the_stream_within_two_milliseconds_of_its_datagram() {
    let device = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = device.local_addr().unwrap();
    let clock = SystemClock::new();
    let (answered, at) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        for _ in 0..20 {
            let (_, from) = device.recv_from(&mut buffer).unwrap();
            answered.send(clock.now()).unwrap();
            let reply = HelloReply::new(1, 1, HelloField::HiddenFf).encode();
            device.send_to(&reply, from).unwrap();
        }
    });
    let mut took = Vec::new();
    for _ in 0..20 {
        let mut discovery = Discovery::builder().targets([addr]).count(1).start().unwrap();
        discovery.next().await.unwrap();
        took.push(clock.now().saturating_since(at.recv().unwrap()));
    }
    took.sort();
    assert!(took[10] <= 2 * MS, "{took:?}");
}
