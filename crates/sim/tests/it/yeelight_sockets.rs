//! Bulbs on real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_sim::SimBulb;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);
const SEARCH: &[u8] =
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1982\r\nMAN: \"ssdp:discover\"\r\nST: wifi_bulb\r\n";

async fn connect(addr: SocketAddr) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(addr).await.unwrap())
}

async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    timeout(SOON, stream.read_line(&mut line)).await.unwrap().unwrap();
    line
}

async fn search(addr: SocketAddr, datagram: &[u8]) -> (String, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(datagram, addr).await.unwrap();
    let mut buffer = [0; 2048];
    let (length, from) = timeout(SOON, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    (String::from_utf8(buffer[..length].to_vec()).unwrap(), from)
}

#[tokio::test]
async fn searched_connected_and_controlled() {
    let bulb = SimBulb::color().name("desk").id(0x0015_243f).spawn().await.unwrap();
    let (answer, from) = search(bulb.search_addr(), SEARCH).await;
    assert_eq!(from, bulb.search_addr());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nDate: \r\n"));
    assert!(answer.contains(&format!("Location: yeelight://{}\r\n", bulb.addr())));
    assert!(answer.contains("id: 0x000000000015243f\r\nmodel: color4\r\n"));
    assert!(answer.ends_with("name: desk\r\n"));

    let mut stream = connect(bulb.addr()).await;
    stream.write_all(b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n").await.unwrap();
    assert_eq!(line(&mut stream).await, "{\"id\":1, \"result\":[\"ok\"]}\r\n");
    let off = "{\"method\":\"props\",\"params\":{\"power\":\"off\"}}\r\n";
    assert_eq!(line(&mut stream).await, off);
    bulb.set_property("bright", 3).unwrap();
    let bright = "{\"method\":\"props\",\"params\":{\"bright\":3}}\r\n";
    assert_eq!(line(&mut stream).await, bright);
    bulb.reset_connections();
    stream.read_u8().await.unwrap_err();
}
