//! Bulbs in memory for tests in virtual time: the simulated one, and one that does as it is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use iot_home_sim::yeelight::MemoryBulb;
use iot_home_yeelight::Bulb;
use iot_home_yeelight::client::BulbBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

/// An address that no other test uses: it names the bulb's quota within the process.
pub(crate) fn address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Connections to a simulated bulb in memory.
pub(crate) fn to_sim(bulb: &Arc<MemoryBulb>) -> BulbBuilder {
    let bulb = Arc::clone(bulb);
    Bulb::builder(address()).dial_with(move || std::future::ready(bulb.connect()))
}

/// A bulb whose every byte the test writes.
pub(crate) struct Scripted {
    dialed: mpsc::UnboundedReceiver<DuplexStream>,
}

impl Scripted {
    pub(crate) fn new() -> (Self, BulbBuilder) {
        let (tell, dialed) = mpsc::unbounded_channel();
        let builder = Bulb::builder(address()).dial_with(move || {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let connected = tell.send(theirs).map(|()| ours);
            std::future::ready(connected.map_err(|_| std::io::ErrorKind::ConnectionRefused.into()))
        });
        (Self { dialed }, builder)
    }

    /// The client's next connection.
    pub(crate) async fn accept(&mut self) -> Peer {
        Peer { stream: self.dialed.recv().await.expect("the client lives"), buffer: Vec::new() }
    }
}

/// The bulb's end of a connection.
pub(crate) struct Peer {
    stream: DuplexStream,
    buffer: Vec<u8>,
}

impl Peer {
    /// The next command, as a line; nothing when the client has closed the connection.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).unwrap());
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// The next command's id and method.
    pub(crate) async fn command(&mut self) -> (u64, String) {
        let line = self.line().await.expect("a command");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        (json["id"].as_u64().unwrap(), json["method"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn ok(&mut self, id: u64) {
        self.say(format!("{{\"id\":{id},\"result\":[\"ok\"]}}\r\n")).await;
    }
}

/// How long a future takes, in whatever time there is.
pub(crate) async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let began = tokio::time::Instant::now();
    let output = future.await;
    (output, began.elapsed())
}
