//! The session over a stream in memory, against a broker that does as the test says.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt as _;
use iot_home_mqtt::MqttLogin;
use iot_home_mqtt::client::{Direction, ErrorKind, Event, Message, Options, Qos, Session};
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubRel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// Hands each of these to one attempt to connect, then refuses.
fn through(streams: impl IntoIterator<Item = DuplexStream>) -> Options {
    let streams = Mutex::new(streams.into_iter().collect::<VecDeque<_>>());
    Options::new().dial_with(move |_, _| {
        let stream = streams.lock().unwrap().pop_front();
        async move { stream.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
    })
}

fn login() -> MqttLogin {
    MqttLogin::new("broker.test", 1883, "lamp-1")
}

/// The broker's end of a stream.
struct Broker {
    stream: DuplexStream,
    input: BytesMut,
}

impl Broker {
    /// Both ends, with room for so many bytes in between.
    fn pair(room: usize) -> (DuplexStream, Self) {
        let (client, stream) = tokio::io::duplex(room);
        (client, Self { stream, input: BytesMut::new() })
    }

    async fn read(&mut self) -> Packet {
        loop {
            if let Ok(packet) = Packet::read(&mut self.input, usize::MAX) {
                return packet;
            }
            assert_ne!(self.stream.read_buf(&mut self.input).await.unwrap(), 0, "the client left");
        }
    }

    async fn write(&mut self, packets: impl IntoIterator<Item = Packet>) {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.write(&mut bytes, usize::MAX).unwrap();
        }
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn let_in(&mut self) {
        assert!(matches!(self.read().await, Packet::Connect(_)));
        self.stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    }
}

async fn connect(options: Options, broker: &mut Broker) -> Session {
    let (session, ()) = tokio::join!(Session::connect(login(), options), broker.let_in());
    session.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_held_back_is_taken_once_the_broker_reads() {
    // More than is answered at once, and then not a byte more, while little fits into the other direction.
    for packets in 5_500..5_510 {
        let (to_client, mut from_broker) = tokio::io::duplex(64 * 1024);
        let (from_client, mut to_broker) = tokio::io::duplex(1024);
        let stream = Mutex::new(Some(tokio::io::join(to_client, from_client)));
        let options = Options::new().dial_with(move |_, _| {
            let stream = stream.lock().unwrap().take();
            async move { stream.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
        });
        // An answer to no ping, so that packets do not end where pieces do.
        let mut bytes = BytesMut::from(&[0x20, 2, 0, 0, 0xd0, 0][..]);
        for _ in 0..packets {
            PubRel::new(1).write(&mut bytes).unwrap();
        }
        from_broker.write_all(&bytes).await.unwrap();
        let session = Session::connect(login(), options).await.unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let mut answers = BytesMut::new();
        let login = 2 + 10 + 8;
        while answers.len() < login + 4 * packets {
            let read = to_broker.read_buf(&mut answers);
            let read = tokio::time::timeout(Duration::from_secs(5), read).await;
            assert_ne!(read.expect("all of them are answered").unwrap(), 0);
        }
        drop(session);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_takes_nothing_any_more_is_given_up() {
    let (client, mut broker) = Broker::pair(1024);
    let options = through([client]).timeout(Duration::from_secs(600));
    let mut session = connect(options, &mut broker).await;
    // Its time begins when something is to be written.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let began = tokio::time::Instant::now();
    let handle = session.handle();
    tokio::spawn(async move { handle.publish("t", vec![0; 10_000]).await });
    // It goes on talking, which proves nothing.
    let talking = tokio::spawn(async move {
        loop {
            broker
                .write([Packet::Publish(rumqttc::mqttbytes::v4::Publish::new(
                    "t",
                    rumqttc::mqttbytes::QoS::AtMostOnce,
                    "x",
                ))])
                .await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    loop {
        if let Event::Disconnected { error, .. } = session.next().await.unwrap().unwrap() {
            assert_eq!(error.kind(), ErrorKind::Disconnected);
            break;
        }
    }
    let waited = began.elapsed();
    assert!((Duration::from_secs(20)..Duration::from_secs(21)).contains(&waited), "{waited:?}");
    talking.abort();
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_slow_is_not_given_up() {
    let (client, mut broker) = Broker::pair(1024);
    let options = through([client]).timeout(Duration::from_secs(600)).patience(SLOW);
    let session = connect(options, &mut broker).await;
    let handle = session.handle();
    let publishing = tokio::spawn(async move { handle.publish("t", vec![0; 50_000]).await });
    let mut piece = [0; 1000];
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        broker.stream.read_exact(&mut piece).await.unwrap();
    }
    broker.write([Packet::PubAck(PubAck::new(1))]).await;
    publishing.await.unwrap().unwrap();
}

const SLOW: Duration = Duration::from_secs(300);

#[tokio::test(start_paused = true)]
async fn who_wants_to_see_it_sees_every_byte() {
    let (client, mut broker) = Broker::pair(64 * 1024);
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let sink = Arc::clone(&seen);
    let options = through([client]).on_wire(move |event| {
        assert_eq!(event.connection, 1);
        assert!(format!("{event:?}").contains(&format!("len: {}", event.bytes.len())));
        let mut sink = sink.lock().unwrap();
        match event.direction {
            Direction::Sent => sink.0.extend_from_slice(event.bytes),
            Direction::Received => sink.1.extend_from_slice(event.bytes),
        }
    });
    let session = connect(options, &mut broker).await;
    let handle = session.handle();
    let publishing = tokio::spawn(async move { handle.publish("t", "hello").await });
    let Packet::Publish(publish) = broker.read().await else { panic!() };
    broker.write([Packet::PubAck(PubAck::new(publish.pkid))]).await;
    publishing.await.unwrap().unwrap();
    tokio::join!(session.close(), async {
        assert_eq!(broker.read().await, Packet::Disconnect);
        drop(broker);
    });
    let (sent, received) = &*seen.lock().unwrap();
    assert_eq!(sent[0], 0x10);
    assert!(sent.ends_with(&[0x32, 10, 0, 1, b't', 0, 1, b'h', b'e', b'l', b'l', b'o', 0xe0, 0]));
    assert_eq!(received[..], [0x20, 2, 0, 0, 0x40, 2, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_given_up_in_time_wherever_it_hangs() {
    // The name is looked up, and looked up.
    let options = Options::new()
        .connect_timeout(Duration::from_secs(5))
        .dial_with(|_, _| std::future::pending::<io::Result<DuplexStream>>());
    let began = tokio::time::Instant::now();
    let error = Session::connect(login(), options).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed().as_secs()), (ErrorKind::Timeout, 5));
    assert_eq!(error.to_string(), "no connection to broker.test port 1883 within 5s");
    // The login is not answered.
    let (client, _broker) = Broker::pair(1024);
    let options = through([client]).connect_timeout(Duration::from_secs(5));
    let began = tokio::time::Instant::now();
    let error = Session::connect(login(), options).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed().as_secs()), (ErrorKind::Timeout, 5));
    assert!(error.hint().is_some());
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_ever() {
    // For an acknowledgement, and for the broker to take the last packet.
    for room in [64 * 1024, 64] {
        let (client, mut broker) = Broker::pair(room);
        let session = connect(through([client]), &mut broker).await;
        let handle = session.handle();
        let publishing = tokio::spawn(async move { handle.publish("t", vec![0; 100]).await });
        tokio::task::yield_now().await;
        let began = tokio::time::Instant::now();
        session.close().await;
        assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
        let error = publishing.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MaybeSent | ErrorKind::Closed), "{error}");
    }
    // For a broker that does not even take the goodbye, which finds no room here.
    let (client, mut broker) = Broker::pair(24);
    let session = connect(through([client]), &mut broker).await;
    session.send(Message::new("t", vec![0; 19]).qos(Qos::AtMostOnce)).await.unwrap();
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    session.close().await;
    assert_eq!(began.elapsed().as_secs(), 10);
    // Where there is no connection there is nothing to wait for.
    let session = Session::start(login(), through([])).unwrap();
    let began = tokio::time::Instant::now();
    session.close().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_has_its_deadline_while_a_connection_is_being_made() {
    let options = Options::new()
        .timeout(Duration::from_secs(3))
        .connect_timeout(Duration::from_secs(60))
        .dial_with(|_, _| std::future::pending::<io::Result<DuplexStream>>());
    let session = Session::start(login(), options).unwrap();
    let began = tokio::time::Instant::now();
    let error = session.publish("t", "x").await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed().as_secs()), (ErrorKind::Timeout, 3));
    let error = session.subscribe("t", Qos::AtMostOnce).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed().as_secs()), (ErrorKind::Timeout, 6));
}

/// Where the runtime is gone, nobody waits for it.
#[test]
fn a_session_ends_with_its_runtime() {
    let first = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut session, _broker) = first.block_on(async {
        let (client, mut broker) = Broker::pair(1024);
        (connect(through([client]), &mut broker).await, broker)
    });
    drop(first);
    let second = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    second.block_on(async {
        let error = session.send(Message::new("t", "x")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(matches!(session.next().await, Some(Ok(Event::Connected { .. }))));
        let error = session.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(session.next().await.is_none());
        session.close().await;
    });
}
