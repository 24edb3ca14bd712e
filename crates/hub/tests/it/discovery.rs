//! Every search at once, over loopback. Searching all interfaces needs a network of its own.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_hub::discovery::{DiscoveryErrorKind, Event, Protocol};
use iot_home_hub::{DiscoveryBuilder, WireEvent, discover};
use iot_home_lumi::{Key, client as lumi};
use iot_home_miio::client as miio;
use iot_home_miio::packet::{HelloField, HelloReply};
use iot_home_sim::lumi::SimGateway;
use iot_home_sim::miio::SimDevice;
use iot_home_sim::yeelight::SimBulb;
use iot_home_yeelight::client as yeelight;
use tokio::net::UdpSocket;

const MS: Duration = Duration::from_millis(1);

struct Rig {
    devices: Vec<SimDevice>,
    bulbs: Vec<SimBulb>,
    gateway: SimGateway,
}

impl Rig {
    async fn new() -> Self {
        let (mut devices, mut bulbs) = (Vec::new(), Vec::new());
        for did in 1..=10 {
            devices.push(SimDevice::light().did(did).spawn().await.unwrap());
        }
        // The first is one of the devices, which speaks both protocols.
        for id in [10, 101, 102] {
            bulbs.push(SimBulb::color().id(id).spawn().await.unwrap());
        }
        let key: Key = "q3zq0f2yd3t3nqx4".parse().unwrap();
        Self { devices, bulbs, gateway: SimGateway::builder(key).spawn().await.unwrap() }
    }

    fn search(&self) -> DiscoveryBuilder {
        let mut search =
            discover().wait(5000 * MS).target(Protocol::Lumi, self.gateway.search_addr());
        for device in &self.devices {
            search = search.target(Protocol::Miio, device.addr());
        }
        for bulb in &self.bulbs {
            search = search.target(Protocol::Yeelight, bulb.search_addr());
        }
        search
    }
}

#[tokio::test]
async fn a_whole_home_is_found_once() {
    let rig = Rig::new().await;
    let mut search = rig.search().wait(900 * MS).start().unwrap();
    let (mut new, mut seen) = (Vec::new(), 0);
    while let Some(event) = search.next().await {
        let Event::Device { update, .. } = event else { panic!("{event:?}") };
        seen += 1;
        if update.is_new {
            new.push(update.device);
        }
    }
    assert_eq!((new.len(), seen), (15, 16), "the bulb of two protocols is told of twice");
    let household = search.into_household();
    let known: Vec<_> = household.devices().map(|(key, _)| key).collect();
    assert_eq!(known, new);
    let both = household.facts(household.by_did(&10.into()).unwrap()).unwrap();
    assert_eq!(both.miio, Some(rig.devices[9].addr()));
    assert_eq!(both.yeelight, Some(rig.bulbs[0].addr()));
    let gateway = household.facts(household.by_sid(rig.gateway.sid()).unwrap()).unwrap();
    assert_eq!(gateway.lumi, Some(rig.gateway.addr()));
}

#[tokio::test]
async fn a_search_ends_with_the_last_wanted_device() {
    let rig = Rig::new().await;
    let search = rig.search().count(13).wait(3_600_000 * MS).start().unwrap();
    let found = tokio::time::timeout(5000 * MS, search.collect::<Vec<_>>()).await;
    assert!(found.expect("it ends").len() >= 13);
}

#[tokio::test]
async fn each_protocol_can_be_watched() {
    let rig = Rig::new().await;
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    let heard = Arc::clone(&told);
    let search = rig.search().count(13).on_wire(move |event| {
        let (protocol, peer, sent) = match event {
            WireEvent::Miio(event) => {
                ("miio", event.peer, event.direction == miio::Direction::Sent)
            }
            WireEvent::Yeelight(event) => {
                ("yeelight", event.peer, event.direction == yeelight::Direction::Sent)
            }
            WireEvent::Lumi(event) => {
                ("lumi", event.peer, event.direction == lumi::Direction::Sent)
            }
            other => panic!("{other:?}"),
        };
        heard.lock().unwrap().insert((protocol, peer, sent));
    });
    search.start().unwrap().collect::<Vec<_>>().await;
    let told = told.lock().unwrap();
    for sent in [true, false] {
        assert!(told.contains(&("miio", rig.devices[3].addr(), sent)), "{told:?}");
        assert!(told.contains(&("yeelight", rig.bulbs[2].search_addr(), sent)), "{told:?}");
        assert!(told.contains(&("lumi", rig.gateway.search_addr(), sent)), "{told:?}");
    }
}

#[tokio::test]
async fn forged_answers_spoil_nothing() {
    let rig = Rig::new().await;
    let forger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let forged: SocketAddr = forger.local_addr().unwrap();
    let mut search = rig.search().wait(900 * MS);
    for protocol in [Protocol::Miio, Protocol::Yeelight, Protocol::Lumi] {
        search = search.target(protocol, forged);
    }
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((_, from)) = forger.recv_from(&mut buffer).await {
            for answer in [
                &b"garbage"[..],
                b"HTTP/1.1 200 OK\r\nid: nonsense\r\n\r\n",
                br#"{"cmd":"iam"}"#,
                &HelloReply::new(1, 1, HelloField::HiddenFf).encode(),
                &HelloReply::new(u64::MAX, 1, HelloField::HiddenFf).encode(),
            ] {
                let _ = forger.send_to(answer, from).await;
            }
        }
    });
    let mut search = search.start().unwrap();
    while let Some(event) = search.next().await {
        assert!(matches!(event, Event::Device { .. }), "{event:?}");
    }
    let household = search.household();
    let dids: BTreeSet<_> =
        household.devices().filter_map(|(_, facts)| facts.did.clone()).collect();
    assert_eq!(dids, (1..=10_u64).map(Into::into).collect());
    // Whoever tells no did is a device of its own, at the forger's address.
    assert!(household.len() <= 16, "{household:?}");
}

#[tokio::test]
async fn what_does_not_start_is_told_and_the_rest_goes_on() {
    let rig = Rig::new().await;
    // Nothing can be sent to port 0, which the search for bulbs refuses.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let search = rig.search().protocols([Protocol::Miio, Protocol::Yeelight]);
    let mut search = search.target(Protocol::Yeelight, nowhere).wait(900 * MS).start().unwrap();
    let Some(Event::Failed(error)) = search.next().await else { panic!("no failure") };
    assert_eq!(
        (error.kind(), error.protocol()),
        (DiscoveryErrorKind::Search, Some(Protocol::Yeelight))
    );
    assert_eq!(error.to_string(), "the search by Yeelight does not work");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(search.by_ref().count().await, 10);
    assert_eq!(search.household().len(), 10);

    let only = discover().protocols([Protocol::Yeelight]).target(Protocol::Yeelight, nowhere);
    assert_eq!(only.start().unwrap_err().kind(), DiscoveryErrorKind::Search);
    let nothing = discover().protocols([Protocol::Mdns]).target(Protocol::Miio, nowhere);
    assert_eq!(nothing.start().unwrap_err().kind(), DiscoveryErrorKind::NothingToAsk);
}
