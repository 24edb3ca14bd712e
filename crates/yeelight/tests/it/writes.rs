//! How commands are written: whole, and together where they come together.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{Bulb, Effect, Rgb};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::rig::address;

/// A stream that keeps each write as it was made.
struct Recorded {
    stream: DuplexStream,
    writes: Arc<Mutex<Vec<String>>>,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        read: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, read)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn commands_that_come_together_share_one_write_and_none_is_split() {
    let sim = SimBulb::color().spawn_in_memory().unwrap();
    let writes = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&writes);
    let config = Config::default().read_state(false).settle(Duration::ZERO);
    let dial = move || {
        let writes = Arc::clone(&recorded);
        std::future::ready(sim.connect().map(|stream| Recorded { stream, writes }))
    };
    let bulb = Bulb::builder(address()).session(config).dial_with(dial).connect().await.unwrap();
    let calls = (1..=50).map(|rgb| bulb.set_rgb(Rgb(rgb), Effect::Sudden));
    for ended in futures_util::future::join_all(calls).await {
        ended.unwrap();
    }
    let together = std::mem::take(&mut *writes.lock().unwrap());
    assert_eq!(together.len(), 1, "{together:?}");
    assert_eq!(together[0].lines().count(), 50);
    for rgb in 1..=3 {
        bulb.set_rgb(Rgb(rgb), Effect::Sudden).await.unwrap();
    }
    let alone = writes.lock().unwrap();
    assert_eq!(alone.len(), 3, "{alone:?}");
    assert!(alone.iter().all(|write| write.starts_with('{') && write.ends_with("}\r\n")));
}
