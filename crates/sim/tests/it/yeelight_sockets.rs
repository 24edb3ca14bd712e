//! Bulbs on real sockets.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Builder, Close, Faults, Quirk, Quota, SpawnError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::yeelight_client::SEARCH;

const SOON: Duration = Duration::from_secs(5);
const TOGGLE: &[u8] = b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n";

struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn to(bulb: &SimBulb) -> Self {
        Self(BufReader::new(TcpStream::connect(bulb.addr()).await.unwrap()))
    }

    /// The next line; nothing at the end.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(SOON, self.0.read_line(&mut line)).await.unwrap().unwrap();
        line
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Waits for the end, however it comes.
    async fn end(&mut self) {
        let mut rest = Vec::new();
        let _ = timeout(SOON, self.0.read_to_end(&mut rest)).await.expect("an end");
    }
}

async fn exchange(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) -> (String, SocketAddr) {
    socket.send_to(datagram, to).await.unwrap();
    let mut buffer = [0; 2048];
    let (length, from) = timeout(SOON, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    (String::from_utf8(buffer[..length].to_vec()).unwrap(), from)
}

async fn search(bulb: &SimBulb) -> (String, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    exchange(&socket, bulb.search_addr(), SEARCH).await
}

async fn spawn(builder: Builder) -> SimBulb {
    builder.spawn().await.unwrap()
}

/// Waits until something is so; what others do takes its time.
async fn until(so: impl Fn() -> bool) {
    timeout(SOON, async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("it never came to be so");
}

#[tokio::test]
async fn searched_connected_and_controlled() {
    let bulb = spawn(SimBulb::color().name("desk").id(0x0015_243f)).await;
    let (answer, from) = search(&bulb).await;
    assert_eq!(from, bulb.search_addr());
    assert!(answer.contains(&format!("Location: yeelight://{}\r\n", bulb.addr())));
    assert!(answer.contains("id: 0x000000000015243f\r\nmodel: color4\r\n"));
    assert!(answer.ends_with("name: desk\r\n"));
    assert_eq!((bulb.id().get(), bulb.model()), (0x0015_243f, "color4"));

    let mut connection = Connection::to(&bulb).await;
    connection.write(TOGGLE).await;
    assert_eq!(connection.line().await, "{\"id\":1, \"result\":[\"ok\"]}\r\n");
    let off = "{\"method\":\"props\",\"params\":{\"power\":\"off\"}}\r\n";
    assert_eq!(connection.line().await, off);
    let mut second = Connection::to(&bulb).await;
    until(|| bulb.report().open_connections == 2).await;
    bulb.set_property("bright", 3).unwrap();
    for connection in [&mut connection, &mut second] {
        let bright = "{\"method\":\"props\",\"params\":{\"bright\":3}}\r\n";
        assert_eq!(connection.line().await, bright);
    }
    drop(second);
    until(|| bulb.report().open_connections == 1).await;
    bulb.reset_connections();
    let error = connection.0.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(bulb.property("power"), Some("off".into()));
    assert!(format!("{bulb:?}").contains("color4"));
}

#[tokio::test]
async fn a_fifth_connection_is_reset() {
    let bulb = spawn(SimBulb::color()).await;
    let mut four = Vec::new();
    for _ in 0..4 {
        four.push(Connection::to(&bulb).await);
    }
    until(|| bulb.report().open_connections == 4).await;
    let mut fifth = Connection::to(&bulb).await;
    fifth.end().await;
    until(|| bulb.report().violations.too_many_connections == 1).await;
    drop(four);
    until(|| bulb.report().open_connections == 0).await;
    let mut again = Connection::to(&bulb).await;
    again.write(TOGGLE).await;
    assert!(again.line().await.starts_with("{\"id\":1"));
}

#[tokio::test]
async fn lan_control_off_and_on() {
    let bulb = spawn(SimBulb::color().lan_control(false)).await;
    let error = TcpStream::connect(bulb.addr()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    bulb.set_lan_control(true);
    let connect = async {
        while TcpStream::connect(bulb.addr()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, connect).await.unwrap();
    let mut connection = Connection::to(&bulb).await;
    connection.write(TOGGLE).await;
    connection.line().await;
    assert!(search(&bulb).await.0.starts_with("HTTP/1.1 200 OK"));
    bulb.set_lan_control(false);
    connection.end().await;
    let refuse = async {
        while TcpStream::connect(bulb.addr()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, refuse).await.unwrap();
}

#[tokio::test]
async fn music_over_a_connection_back() {
    let bulb = spawn(SimBulb::color().quota(Quota::new(2, 2))).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut control = Connection::to(&bulb).await;
    let start =
        format!("{{\"id\":1,\"method\":\"set_music\",\"params\":[1,\"127.0.0.1\",{port}]}}\r\n");
    control.write(start.as_bytes()).await;
    assert!(control.line().await.contains("ok"));
    let (mut music, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
    assert!(control.line().await.contains("\"music_on\":1"));
    for bright in 1..=100 {
        let line = format!(
            "{{\"id\":1,\"method\":\"set_bright\",\"params\":[{bright},\"sudden\",0]}}\r\n"
        );
        music.write_all(line.as_bytes()).await.unwrap();
    }
    until(|| bulb.property("bright") == Some(100.into())).await;
    let end = b"{\"id\":2,\"method\":\"set_music\",\"params\":[0]}\r\n";
    control.write(end).await;
    let mut rest = Vec::new();
    timeout(SOON, music.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty(), "nothing is said over music");
    assert_eq!(bulb.property("music_on"), Some(0.into()));
}

#[tokio::test]
async fn music_to_nobody() {
    let bulb = spawn(SimBulb::color()).await;
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut control = Connection::to(&bulb).await;
    let start =
        format!("{{\"id\":1,\"method\":\"set_music\",\"params\":[1,\"127.0.0.1\",{port}]}}\r\n");
    control.write(start.as_bytes()).await;
    assert!(control.line().await.contains("ok"));
    control.write(TOGGLE).await;
    assert!(control.line().await.contains("ok"));
    assert_eq!(bulb.property("music_on"), Some(0.into()));
}

#[tokio::test]
async fn a_udp_session() {
    let bulb = spawn(SimBulb::strip()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let new = b"{\"id\":1,\"method\":\"udp_sess_new\",\"params\":[]}\r\n";
    let (answer, from) = exchange(&socket, bulb.session_addr(), new).await;
    assert_eq!(from, bulb.session_addr());
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let token = answer["params"]["token"].as_str().unwrap();
    let line = format!(
        "{{\"id\":2,\"method\":\"set_rgb\",\"params\":[7,\"sudden\",0],\"token\":\"{token}\"}}\r\n"
    );
    socket.send_to(line.as_bytes(), bulb.session_addr()).await.unwrap();
    until(|| bulb.property("rgb") == Some(7.into())).await;
}

#[tokio::test]
async fn advertisements_and_answers_from_another_port() {
    let listener = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let faults = Faults::seed(1).quirk(Quirk::SearchOtherPort);
    let bulb = spawn(SimBulb::color().advertise_to(target).faults(faults)).await;
    let mut buffer = [0; 2048];
    for _ in 0..2 {
        let (length, _) = timeout(SOON, listener.recv_from(&mut buffer)).await.unwrap().unwrap();
        assert!(buffer[..length].starts_with(b"NOTIFY * HTTP/1.1\r\n"));
        bulb.power_cycle();
    }
    let (_, from) = search(&bulb).await;
    assert_ne!(from, bulb.search_addr());
    assert_eq!(from.ip(), bulb.search_addr().ip());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let bulb = spawn(SimBulb::color()).await;
    let mut connection = Connection::to(&bulb).await;
    until(|| bulb.report().open_connections == 1).await;
    let name = "x".repeat(60);
    let mut rounds = 0;
    while bulb.report().overflows == 0 {
        rounds += 1;
        assert!(rounds < 20_000, "what nobody reads has to end somewhere");
        for number in 0..64 {
            bulb.set_property("name", format!("{name}{number}")).unwrap();
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(bulb.report().open_connections, 0);
    // What was on its way arrives, and then the connection ends.
    connection.end().await;
    let mut again = Connection::to(&bulb).await;
    again.write(TOGGLE).await;
    assert!(again.line().await.starts_with("{\"id\":1"));
}

#[tokio::test]
async fn an_orderly_close_writes_everything_first() {
    let faults = Faults::seed(1).close(Close::After(2)).quirk(Quirk::NotificationFlood);
    let bulb = spawn(SimBulb::color().faults(faults)).await;
    let mut connection = Connection::to(&bulb).await;
    connection.write(&TOGGLE.repeat(2)).await;
    let mut text = String::new();
    timeout(SOON, connection.0.read_to_string(&mut text)).await.unwrap().unwrap();
    // Two floods, two answers, and what the first changed.
    assert_eq!(text.lines().count(), 2 * 500 + 2 + 1);
    assert!(text.ends_with("\"result\":[\"ok\"]}\r\n"));
}

#[tokio::test]
async fn dropping_ends_tasks_and_frees_addresses() {
    let before = Handle::current().metrics().num_alive_tasks();
    let bulb = spawn(SimBulb::color()).await;
    let (addr, search_addr, session_addr) = (bulb.addr(), bulb.search_addr(), bulb.session_addr());
    let taken = SimBulb::color().listen(addr).spawn().await.unwrap_err();
    assert!(taken.to_string().contains(&addr.to_string()), "{taken}");
    assert!(matches!(taken, SpawnError::Bind { addr: at, .. } if at == addr));
    let mut connection = Connection::to(&bulb).await;
    connection.write(b"{\"id\":1,\"method\":\"start_cf\",\"params\":[0,0,\"50,1,1,1\"]}\r\n").await;
    connection.line().await;
    drop(bulb);
    connection.end().await;
    until(|| Handle::current().metrics().num_alive_tasks() == before).await;
    for addr in [search_addr, session_addr] {
        // Without sharing it.
        UdpSocket::bind(addr).await.unwrap();
    }
    let again = spawn(SimBulb::color().listen(addr)).await;
    assert_eq!(again.addr(), addr);
}

#[tokio::test]
async fn connections_leave_nothing_behind() {
    let bulb = spawn(SimBulb::color().quota(Quota::off())).await;
    let before = Handle::current().metrics().num_alive_tasks();
    for _ in 0..100 {
        let mut connection = Connection::to(&bulb).await;
        connection.write(TOGGLE).await;
        connection.line().await;
        drop(connection);
        until(|| bulb.report().open_connections == 0).await;
    }
    until(|| Handle::current().metrics().num_alive_tasks() == before).await;
    assert_eq!(bulb.report().connections, 100);
}

#[tokio::test]
async fn bulbs_share_the_searches_address() {
    let first = spawn(SimBulb::color()).await;
    let second = spawn(SimBulb::white().search_listen(first.search_addr())).await;
    assert_eq!(first.search_addr(), second.search_addr());
    assert_ne!(first.addr(), second.addr());
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn on_every_address_it_tells_the_one_towards_the_searcher() {
    let any: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let bulb = spawn(SimBulb::color().listen(any).search_listen(any)).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let searched = SocketAddr::from(([127, 0, 0, 1], bulb.search_addr().port()));
    let (answer, _) = exchange(&socket, searched, SEARCH).await;
    let location = format!("Location: yeelight://127.0.0.1:{}\r\n", bulb.addr().port());
    assert!(answer.contains(&location), "{answer}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn any_loopback_address_and_answers_from_it() {
    let addr: SocketAddr = "127.34.5.6:0".parse().unwrap();
    let any: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let bulb = spawn(SimBulb::color().listen(addr).search_listen(any)).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let searched = SocketAddr::from(([127, 0, 0, 1], bulb.search_addr().port()));
    let (answer, from) = exchange(&socket, searched, SEARCH).await;
    assert_eq!(from.ip(), addr.ip());
    assert!(answer.contains(&format!("yeelight://{}\r\n", bulb.addr())));
    assert_eq!(bulb.session_addr().ip(), addr.ip());
}
