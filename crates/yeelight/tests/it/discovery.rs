//! Discovery over loopback, by naming targets. Searching all interfaces needs a network of its own and
//! is tested where there is one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::{Clock, SystemClock};
use iot_home_yeelight::client::{Direction, WireEvent};
use iot_home_yeelight::search::REQUEST;
use iot_home_yeelight::{BulbId, Discovery, ErrorKind, PORT};
use tokio::net::UdpSocket;

use crate::advert::{datagrams, named};

const MS: Duration = Duration::from_millis(1);

/// A bulb's search port: whoever asks rightly gets what `answer` makes of the number of the request.
/// The task ends with the test's runtime.
async fn bulb(mut answer: impl FnMut(usize) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 200];
        for request in 1.. {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            assert_eq!(buffer[..length], REQUEST);
            for datagram in answer(request) {
                // The searcher may have heard enough.
                let _ = socket.send_to(&datagram, from).await;
                tokio::task::yield_now().await;
            }
        }
    });
    addr
}

fn answer(id: u64) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nid: {id:#018x}\r\nmodel: mono\r\n").into_bytes()
}

async fn honest(id: u64) -> SocketAddr {
    bulb(move |_| vec![answer(id)]).await
}

async fn ids(search: Discovery) -> Vec<u64> {
    let mut ids: Vec<_> = search.map(|bulb| bulb.id().get()).collect().await;
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn every_bulb_is_found_once_and_asked_once() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let mut targets = Vec::new();
    for id in 1..=20 {
        let requests = Arc::clone(&requests);
        targets.push(
            bulb(move |request| {
                requests.lock().unwrap().push(request);
                vec![answer(id); 3]
            })
            .await,
        );
    }
    let search = Discovery::builder().targets(targets).wait(1_300 * MS).start().unwrap();
    assert_eq!(ids(search).await, (1..=20).collect::<Vec<_>>());
    assert_eq!(*requests.lock().unwrap(), [1; 20], "who has answered is not asked again");
}

#[tokio::test]
async fn an_answer_is_taken_from_any_port_and_tells_where_to_connect() {
    let asked = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = asked.local_addr().unwrap();
    tokio::spawn(async move {
        let (_, from) = asked.recv_from(&mut [0; 200]).await.unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        other.send_to(&named("documented_answer"), from).await.unwrap();
    });
    let mut search = Discovery::builder().targets([addr]).count(1).start().unwrap();
    let bulb = search.next().await.unwrap();
    assert_ne!(bulb.source(), addr);
    // It claims 192.168.1.239, and answers from here.
    assert_eq!(bulb.addr(), SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    assert_eq!(bulb.name().as_deref(), Some("my_bulb"));
}

#[tokio::test]
async fn a_lost_search_is_repeated_after_a_second() {
    let addr = bulb(|request| if request == 1 { Vec::new() } else { vec![answer(5)] }).await;
    let clock = SystemClock::new();
    let mut search = Discovery::builder().targets([addr]).count(1).start().unwrap();
    assert_eq!(search.next().await.unwrap().id(), BulbId::new(5));
    let took = clock.now().since_origin();
    assert!((1_000 * MS..1_900 * MS).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_search_ends_with_the_last_wanted_bulb() {
    let mut targets = Vec::new();
    for id in 1..=3 {
        targets.push(honest(id).await);
    }
    let clock = SystemClock::new();
    let search = Discovery::builder().targets(targets.clone()).wait(5_000 * MS);
    assert_eq!(ids(search.clone().count(3).start().unwrap()).await, [1, 2, 3]);
    let wanted = [2, 3, 1].map(BulbId::new);
    assert_eq!(ids(search.ids(wanted).start().unwrap()).await, [1, 2, 3]);
    assert!(clock.now().since_origin() < 1_000 * MS);
}

#[tokio::test]
async fn a_search_that_finds_nobody_ends_in_time() {
    let silent = bulb(|_| Vec::new()).await;
    let clock = SystemClock::new();
    let search = Discovery::builder().targets([silent]).wait(300 * MS).start().unwrap();
    assert_eq!(search.count().await, 0);
    let took = clock.now().since_origin();
    assert!((300 * MS..600 * MS).contains(&took), "{took:?}");
}

#[tokio::test]
async fn odd_answers_lose_themselves_and_nothing_else() {
    let odd = bulb(|_| datagrams().into_iter().map(|(_, datagram)| datagram).collect()).await;
    let targets = [odd, honest(1).await, honest(2).await];
    let clock = SystemClock::new();
    let wanted = [1, 2, u64::MAX, 0x15243f].map(BulbId::new);
    let search = Discovery::builder().targets(targets).ids(wanted).start().unwrap();
    let mut found = ids(search).await;
    // The fixtures tell of several ports.
    found.dedup();
    assert_eq!(found, [1, 2, 0x15243f, u64::MAX]);
    assert!(clock.now().since_origin() < 1_000 * MS);
}

#[tokio::test]
async fn a_bulb_that_moves_is_yielded_again() {
    let moved = |port: u16| {
        format!("HTTP/1.1 200 OK\nid: 7\nLocation: yeelight://10.0.0.1:{port}\n").into_bytes()
    };
    let addr = bulb(move |_| vec![moved(5_000), moved(5_000), moved(5_001)]).await;
    let search = Discovery::builder().targets([addr]).wait(300 * MS).start().unwrap();
    let found: Vec<_> = search.map(|bulb| (bulb.id().get(), bulb.addr().port())).collect().await;
    assert_eq!(found, [(7, 5_000), (7, 5_001)]);
}

/// One bulb babbles to one of two sockets: whenever a datagram of its is read, the next one is there.
/// Another answers to the other socket alone.
#[tokio::test]
async fn a_flood_on_one_socket_hides_nobody_and_does_not_prolong_the_search() {
    let flooded = Ipv4Addr::LOCALHOST;
    let interfaces = [flooded, Ipv4Addr::new(127, 0, 0, 2)];
    let [babbler, quiet] = [(); 2].map(|()| StdSocket::bind("127.0.0.1:0").unwrap());
    let targets = [&babbler, &quiet].map(|socket| socket.local_addr().unwrap());
    let heard_from = |socket: &StdSocket, ip: Ipv4Addr| loop {
        let (_, from) = socket.recv_from(&mut [0; 200]).unwrap();
        if from.ip() == ip {
            break from;
        }
    };
    let victim = Arc::new(OnceLock::new());
    let (voice, to) = (babbler.try_clone().unwrap(), Arc::clone(&victim));
    let babble = move |event: &WireEvent<'_>| {
        if event.direction == Direction::Received && event.peer == targets[0] {
            voice.send_to(b"babble", to.get().unwrap()).unwrap();
        }
    };
    std::thread::spawn(move || {
        let from = heard_from(&babbler, flooded);
        victim.set(from).unwrap();
        babbler.send_to(b"babble", from).unwrap();
        let from = heard_from(&quiet, interfaces[1]);
        quiet.send_to(&answer(2), from).unwrap();
    });
    let search = Discovery::builder().targets(targets).interfaces(interfaces).wait(500 * MS);
    let clock = SystemClock::new();
    assert_eq!(ids(search.on_wire(babble).start().unwrap()).await, [2]);
    let took = clock.now().since_origin();
    assert!((500 * MS..1_500 * MS).contains(&took), "{took:?}");
}

/// The address that a search was sent from, seen by the bulb.
async fn searcher() -> (SocketAddr, mpsc::Receiver<SocketAddr>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    tokio::spawn(async move {
        while let Ok((_, from)) = socket.recv_from(&mut [0; 200]).await {
            let _ = tell.send(from);
            socket.send_to(&answer(1), from).await.unwrap();
        }
    });
    (addr, told)
}

/// Whether nobody has this port any more.
fn is_free(addr: SocketAddr) -> bool {
    match StdSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), addr.port())) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_socket_is_closed_when_the_search_has_ended() {
    let (addr, told) = searcher().await;
    let mut search = Discovery::builder().targets([addr]).wait(200 * MS).start().unwrap();
    search.next().await.unwrap();
    let from = told.recv().unwrap();
    assert!(!is_free(from), "it still searches");
    assert_eq!(search.next().await, None);
    assert!(is_free(from), "the stream is not dropped yet");
    assert_eq!(search.next().await, None, "and stays at its end");

    let mut search = Discovery::builder().targets([addr]).count(1).start().unwrap();
    search.next().await.unwrap();
    assert!(is_free(told.recv().unwrap()), "already with the last wanted one");

    let mut search = Discovery::builder().targets([addr]).start().unwrap();
    search.next().await.unwrap();
    drop(search);
    assert!(is_free(told.recv().unwrap()), "or when it is dropped");
}

#[tokio::test]
async fn the_observer_sees_what_goes_and_comes() {
    let addr = bulb(|_| vec![b"nonsense".to_vec(), answer(1)]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let search = Discovery::builder().targets([addr]).count(1).on_wire(move |event| {
        assert!(event.at < 3_000 * MS);
        log.lock().unwrap().push((event.direction, event.peer, event.bytes.to_vec()));
    });
    assert_eq!(ids(search.start().unwrap()).await, [1]);
    let expected = [
        (Direction::Sent, addr, REQUEST.to_vec()),
        (Direction::Received, addr, b"nonsense".to_vec()),
        (Direction::Received, addr, answer(1)),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_before_anything_is_sent() {
    let kind = |builder: iot_home_yeelight::client::DiscoveryBuilder, part: &str| {
        let error = builder.start().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        error.kind()
    };
    let nowhere = Ipv4Addr::new(192, 0, 2, 77);
    let builder = Discovery::builder;
    assert_eq!(kind(builder().interfaces([nowhere]), "192.0.2.77"), ErrorKind::Io);
    let target = SocketAddr::new(nowhere.into(), 0);
    assert_eq!(kind(builder().targets([target]), "192.0.2.77:0"), ErrorKind::BadInput);
    assert_eq!(
        kind(builder().targets([Ipv4Addr::UNSPECIFIED]), "0.0.0.0:1982"),
        ErrorKind::BadInput
    );
    assert_eq!(kind(builder().port(0), "239.255.255.250:0"), ErrorKind::BadInput);
    let v6: SocketAddr = "[::1]:1982".parse().unwrap();
    let mixed = builder().targets([v6]).interfaces([Ipv4Addr::LOCALHOST]);
    assert_eq!(kind(mixed, "[::1]:1982"), ErrorKind::BadInput);
}

/// From the moment the last wanted answer leaves the bulb to the end of the stream: the median of
/// many searches, since a busy machine may hold up any single one.
#[tokio::test]
async fn a_search_ends_within_five_milliseconds_of_the_last_wanted_answer() {
    const SEARCHES: usize = 30;
    let first = honest(1).await;
    let last = StdSocket::bind("127.0.0.1:0").unwrap();
    let addr = last.local_addr().unwrap();
    let clock = SystemClock::new();
    let (answered, at) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..SEARCHES {
            let (_, from) = last.recv_from(&mut [0; 200]).unwrap();
            answered.send(clock.now()).unwrap();
            last.send_to(&answer(2), from).unwrap();
        }
    });
    let mut took = Vec::new();
    for turn in 0..SEARCHES {
        let search = Discovery::builder().targets([first, addr]).wait(5_000 * MS);
        let search = match turn % 2 {
            0 => search.count(2),
            _ => search.ids([1, 2].map(BulbId::new)),
        };
        assert_eq!(ids(search.start().unwrap()).await, [1, 2]);
        took.push(clock.now().saturating_since(at.recv().unwrap()));
    }
    took.sort();
    println!("the median search ended {:?} after the last answer", took[SEARCHES / 2]);
    assert!(took[SEARCHES / 2] <= 5 * MS, "{took:?}");
    assert!(took[SEARCHES - 1] < 200 * MS, "{took:?}");
}
