//! Bulbs in memory, in a time that a test holds.

use std::io::ErrorKind;
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Faults, Quirk, Silence};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

use crate::yeelight_client::{Client, SEARCH};

const TOGGLE: &[u8] = b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n";

async fn line(stream: &mut BufReader<DuplexStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line
}

#[tokio::test(start_paused = true)]
async fn time_passes_when_something_waits_for_it() {
    let hour = Duration::from_secs(3600);
    let faults = Faults::seed(1).delay(hour..=hour);
    let bulb = SimBulb::color().faults(faults).spawn_in_memory().unwrap();
    let mut stream = BufReader::new(bulb.connect().unwrap());
    let began = Instant::now();
    stream.write_all(TOGGLE).await.unwrap();
    assert_eq!(line(&mut stream).await, "{\"id\":1, \"result\":[\"ok\"]}\r\n");
    assert_eq!(began.elapsed(), hour);
    assert!(line(&mut stream).await.contains("\"power\":\"off\""));
    bulb.set_faults(Faults::default());
    bulb.set_property("power", "on").unwrap();
    line(&mut stream).await;
    let flow = b"{\"id\":2,\"method\":\"start_cf\",\"params\":[2,2,\"600000,1,255,9\"]}\r\n";
    stream.write_all(flow).await.unwrap();
    let began = Instant::now();
    while bulb.property("power") == Some("on".into()) {
        line(&mut stream).await;
    }
    assert_eq!(began.elapsed(), Duration::from_secs(1200));
}

#[tokio::test(start_paused = true)]
async fn connections_are_refused_and_end() {
    let bulb = SimBulb::color().spawn_in_memory().unwrap();
    let mut four: Vec<_> = (0..4).map(|_| bulb.connect().unwrap()).collect();
    assert_eq!(bulb.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    four.pop();
    sleep(Duration::from_millis(1)).await;
    let again = bulb.connect().unwrap();
    assert_eq!(bulb.report().open_connections, 4);
    bulb.set_lan_control(false);
    assert_eq!(bulb.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    for mut stream in four.into_iter().chain([again]) {
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    bulb.set_lan_control(true);
    let mut last = bulb.connect().unwrap();
    drop(bulb);
    assert_eq!(last.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence_is_silence() {
    let faults = Faults::seed(1).silence(Silence::Commands);
    let bulb = SimBulb::color().faults(faults).spawn_in_memory().unwrap();
    let mut stream = bulb.connect().unwrap();
    stream.write_all(TOGGLE).await.unwrap();
    timeout(Duration::from_secs(3600), stream.read(&mut [0])).await.unwrap_err();
    assert_eq!(bulb.report().ignored, 1);
}

#[tokio::test(start_paused = true)]
async fn music() {
    let bulb = SimBulb::color().spawn_in_memory().unwrap();
    let mut control = BufReader::new(bulb.connect().unwrap());
    let start = b"{\"id\":1,\"method\":\"set_music\",\"params\":[1,\"192.168.1.7\",54321]}\r\n";
    control.write_all(start).await.unwrap();
    let (addr, mut stream) = bulb.music_connection().await;
    assert_eq!(addr.to_string(), "192.168.1.7:54321");
    assert!(line(&mut control).await.contains("ok"));
    assert!(line(&mut control).await.contains("\"music_on\":1"));
    stream.write_all(TOGGLE).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "it ends with the light");
    assert!(line(&mut control).await.contains("\"music_on\":0"));
}

#[tokio::test(start_paused = true)]
async fn datagrams() {
    let group = std::net::SocketAddr::from(([239, 255, 255, 250], 1982));
    let bulb = SimBulb::color().advertise_to(group).spawn_in_memory().unwrap();
    sleep(Duration::from_secs(7201)).await;
    for _ in 0..3 {
        let (to, datagram) = bulb.take_datagram().unwrap();
        assert_eq!(to, group);
        assert!(datagram.starts_with(b"NOTIFY"));
    }
    bulb.search(Client::addr(), SEARCH);
    let (to, datagram) = bulb.take_datagram().unwrap();
    assert_eq!(to, Client::addr());
    assert!(datagram.starts_with(b"HTTP/1.1 200 OK"));
    let new = b"{\"id\":1,\"method\":\"udp_sess_new\",\"params\":[]}\r\n";
    bulb.session_datagram(Client::addr(), new);
    assert!(
        bulb.take_datagram().unwrap().1.starts_with(b"{\"id\":1,\"method\":\"udp_sess_token\"")
    );
    assert_eq!(bulb.take_datagram(), None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off() {
    let faults = Faults::seed(1).quirk(Quirk::NotificationFlood);
    let bulb = SimBulb::color().faults(faults).spawn_in_memory().unwrap();
    let (mut idle, busy) = (bulb.connect().unwrap(), bulb.connect().unwrap());
    let mut busy = BufReader::new(busy);
    for _ in 0..100 {
        busy.write_all(TOGGLE).await.unwrap();
        while !line(&mut busy).await.starts_with("{\"id\"") {}
    }
    let report = bulb.report();
    assert_eq!((report.overflows, report.open_connections), (1, 1));
    // 256 KiB in the queue, 64 KiB in the stream, and what the task had in hand.
    let read = idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(read < 2 * (256 << 10), "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_late_gets_everything() {
    let bulb = SimBulb::color().spawn_in_memory().unwrap();
    let mut stream = BufReader::new(bulb.connect().unwrap());
    let name = |number: u32| format!("{}{number}", "x".repeat(50));
    for number in 0..2000 {
        bulb.set_property("name", name(number)).unwrap();
        // So that the first of them fill the stream while the others come.
        sleep(Duration::from_millis(1)).await;
    }
    for number in 0..2000 {
        let next = timeout(Duration::from_secs(1), line(&mut stream)).await.unwrap();
        assert!(next.contains(&format!("\"{}\"", name(number))), "{next}");
    }
    assert_eq!(bulb.report().overflows, 0);
}
