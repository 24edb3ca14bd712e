//! Logins as rumqttc's options: what it sends is what the login says.

use std::time::Duration;

use iot_home_core::{Random, SeededRandom};
use iot_home_mqtt::rumqttc::{Unfit, options, renew};
use iot_home_mqtt::{Connect, MqttLogin, Rules, Signer};
use rumqttc::{
    ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, Transport,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn login(port: u16) -> MqttLogin {
    let mut login = MqttLogin::new("127.0.0.1", port, "gw-7|securemode=3,signmethod=hmacsha256|");
    login.username = Some("lamp-1&a1X2bEnP82z".into());
    login.password = Some("f".repeat(64).into());
    login.keep_alive = 300;
    login
}

/// The bytes of a CONNECT as we write it.
fn written(login: &MqttLogin) -> Vec<u8> {
    let mut bytes = Vec::new();
    Connect::from(login).encode(&mut bytes).unwrap();
    bytes
}

/// The first packet of a connection.
async fn first(tcp: &mut TcpStream) -> Vec<u8> {
    let mut packet = vec![tcp.read_u8().await.unwrap()];
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let byte = tcp.read_u8().await.unwrap();
        packet.push(byte);
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    let head = packet.len();
    packet.resize(head + length, 0);
    tcp.read_exact(&mut packet[head..]).await.unwrap();
    packet
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("an end")
}

#[tokio::test]
async fn it_sends_what_we_would() {
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = broker.local_addr().unwrap().port();
    let changes: [fn(&mut MqttLogin); 7] = [
        |_| {},
        |login| login.clean_session = false,
        |login| login.keep_alive = 0,
        |login| login.keep_alive = u16::MAX,
        // A certificate proves it.
        |login| login.password = None,
        |login| (login.username, login.password) = (None, None),
        |login| login.client_id.clear(),
    ];
    for change in changes {
        let mut login = login(port);
        change(&mut login);
        let options = options(&login, &Rules::MQTT, Transport::Tcp).unwrap();
        let mut eventloop = EventLoop::new(options, 1);
        let answer = async {
            let (mut tcp, _) = broker.accept().await.unwrap();
            let packet = first(&mut tcp).await;
            tcp.write_all(b"\x20\x02\0\0").await.unwrap();
            (packet, tcp)
        };
        let (event, (packet, _tcp)) = soon(async { tokio::join!(eventloop.poll(), answer) }).await;
        assert!(matches!(event, Ok(Event::Incoming(Packet::ConnAck(_)))), "{event:?}");
        assert_eq!(packet, written(&login));
    }
}

/// A password that is another each time.
struct Numbered(u16);

impl Signer for Numbered {
    fn login(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        let mut login = login(self.0);
        login.client_id = format!("lamp-{}", now.as_secs());
        login.password = Some(random.next_u64().to_string().into());
        login
    }
}

#[tokio::test]
async fn a_new_login_for_each_connection() {
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let signer = Numbered(broker.local_addr().unwrap().port());
    let mut random = SeededRandom::new(1);
    let mut login = signer.login(Duration::from_secs(0), &mut random);
    let mut eventloop = EventLoop::new(options(&login, signer.rules(), Transport::Tcp).unwrap(), 1);
    let mut seen = Vec::new();
    for attempt in 1..4 {
        let answer = async {
            let (mut tcp, _) = broker.accept().await.unwrap();
            let packet = first(&mut tcp).await;
            tcp.write_all(b"\x20\x02\0\x05").await.unwrap();
            packet
        };
        let (error, packet) = soon(async { tokio::join!(eventloop.poll(), answer) }).await;
        let Err(ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized)) = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(packet, written(&login));
        assert!(!seen.contains(&packet));
        seen.push(packet);
        login = signer.login(Duration::from_secs(attempt), &mut random);
        renew(&mut eventloop.mqtt_options, &login).unwrap();
    }
}

#[test]
fn what_rumqttc_would_get_wrong() {
    let of = |change: fn(&mut MqttLogin)| {
        let mut login = login(1883);
        change(&mut login);
        let error = options(&login, &Rules::MQTT, Transport::Tcp).err();
        assert_eq!(MqttOptions::try_from(&login).err(), error);
        error
    };
    assert_eq!(of(|_| {}), None);
    assert_eq!(of(|login| login.tls = true), Some(Unfit::NeedsTls));
    let nameless = |login: &mut MqttLogin| {
        login.client_id.clear();
        login.clean_session = false;
    };
    assert_eq!(of(nameless), Some(Unfit::NoClientId));
    assert_eq!(of(|login| login.username = None), Some(Unfit::NoUsername));
    assert_eq!(of(|login| login.username = Some(String::new())), Some(Unfit::NoUsername));
    for (field, change) in [
        ("client id", (|login| login.client_id = "x".repeat(65_536)) as fn(&mut MqttLogin)),
        ("user name", |login| login.username = Some("x".repeat(65_536))),
        ("password", |login| login.password = Some("x".repeat(65_536).into())),
    ] {
        assert_eq!(of(change), Some(Unfit::TooLong { field, length: 65_536 }));
    }

    // The same for a renewal, by the session that the options have.
    let mut kept = login(1883);
    kept.clean_session = false;
    let mut options = options(&kept, &Rules::MQTT, Transport::Tcp).unwrap();
    let mut next = login(1883);
    next.client_id.clear();
    assert_eq!(renew(&mut options, &next), Err(Unfit::NoClientId));
    assert_eq!(options.client_id(), kept.client_id);
    next = login(1883);
    next.username = None;
    assert_eq!(renew(&mut options, &next), Err(Unfit::NoUsername));
    assert_eq!(options.credentials().unwrap().username, "lamp-1&a1X2bEnP82z");
}

/// A login for TLS goes over whatever is not plain TCP.
#[cfg(unix)]
#[test]
fn another_transport() {
    let mut login = login(8883);
    login.tls = true;
    let options = options(&login, &Rules::MQTT, Transport::Unix).unwrap();
    assert!(matches!(options.transport(), Transport::Unix));
    assert_eq!(options.broker_address(), ("127.0.0.1".into(), 8883));
}

#[test]
fn addresses_and_limits() {
    let mut login = login(1883);
    for (host, expected) in
        [("broker.lan", "broker.lan"), ("10.0.0.1", "10.0.0.1"), ("::1", "[::1]")]
    {
        login.host = host.into();
        let options = MqttOptions::try_from(&login).unwrap();
        assert_eq!(options.broker_address(), (expected.into(), 1883));
        assert_eq!(options.max_packet_size(), 10 * 1024);
        assert_eq!(options.keep_alive(), Duration::from_secs(300));
    }
    let mut rules = Rules::MQTT;
    for (payload, packet) in
        [(16 * 1024, 16 * 1024 + 65_535 + 9), (268_435_455, 268_435_460), (usize::MAX, 268_435_460)]
    {
        rules.payload = payload;
        let options = options(&login, &rules, Transport::Tcp).unwrap();
        assert_eq!(options.max_packet_size(), packet);
    }
}

/// The largest message of a platform passes in both directions, on the longest topic.
#[tokio::test]
async fn the_largest_message() {
    use rumqttc::{AsyncClient, QoS};
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut rules = Rules::MQTT;
    rules.payload = 16 * 1024;
    let login = login(broker.local_addr().unwrap().port());
    let options = options(&login, &rules, Transport::Tcp).unwrap();
    let (client, mut eventloop) = AsyncClient::new(options, 4);
    let topic = "t".repeat(65_535);
    client.publish(&topic, QoS::AtMostOnce, false, vec![7; rules.payload]).await.unwrap();
    let echo = async {
        let (mut tcp, _) = broker.accept().await.unwrap();
        first(&mut tcp).await;
        tcp.write_all(b"\x20\x02\0\0").await.unwrap();
        let publish = first(&mut tcp).await;
        tcp.write_all(&publish).await.unwrap();
        tcp
    };
    let read = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = eventloop.poll().await.unwrap() {
                return publish;
            }
        }
    };
    let (publish, _tcp) = soon(async { tokio::join!(read, echo) }).await;
    assert_eq!((publish.topic.len(), publish.payload.len()), (65_535, 16 * 1024));
}
