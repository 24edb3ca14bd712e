//! A bulb without sockets, for clients that run over any stream.

use std::fmt;
use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use iot_home_yeelight::BulbId;
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use crate::yeelight::builder::{Builder, PropertyError};
use crate::yeelight::faults::{Faults, Silence};
use crate::yeelight::host::{Host, Network, Running, Stream};
use crate::yeelight::report::Report;

/// A simulated bulb in memory. It keeps tokio's time, which a test can pause: an hour then takes a
/// moment. Dropping it ends its tasks and its connections.
///
/// ```
/// use iot_home_sim::SimBulb;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bulb = SimBulb::color().spawn_in_memory()?;
/// let mut stream = bulb.connect()?;
/// stream.write_all(b"{\"id\":1,\"method\":\"set_bright\",\"params\":[7,\"sudden\",0]}\r\n").await?;
/// let mut answer = [0; 29];
/// stream.read_exact(&mut answer).await?;
/// assert_eq!(answer, *b"{\"id\":1, \"result\":[\"ok\"]}\r\n{\"");
/// assert_eq!(bulb.property("bright"), Some(7.into()));
/// # Ok(())
/// # }
/// ```
pub struct MemoryBulb {
    running: Running<Memory>,
    music: AsyncMutex<mpsc::Receiver<(SocketAddr, DuplexStream)>>,
    datagrams: Mutex<mpsc::Receiver<(SocketAddr, Vec<u8>)>>,
    id: BulbId,
    model: String,
}

struct Memory {
    music: mpsc::Sender<(SocketAddr, DuplexStream)>,
    datagrams: mpsc::Sender<(SocketAddr, Vec<u8>)>,
}

impl Builder {
    /// Lets the bulb run without sockets, in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn_in_memory(self) -> Result<MemoryBulb, PropertyError> {
        let machine = self.build()?;
        let (id, model) = (machine.id(), machine.model().to_owned());
        let (music, connected) = mpsc::channel(4);
        let (datagrams, sent) = mpsc::channel(256);
        let running = Host::start(machine, Memory { music, datagrams });
        let (music, datagrams) = (AsyncMutex::new(connected), Mutex::new(sent));
        Ok(MemoryBulb { running, music, datagrams, id, model })
    }
}

impl MemoryBulb {
    /// A control connection; the client's end of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] beyond the fourth, and while LAN control is off.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        if self.running.0.attach(theirs) {
            Ok(ours)
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }

    /// The next connection that the bulb makes for music: the client's end of it, and the address that
    /// the client asked for.
    ///
    /// # Cancel safety
    /// When the future is dropped no connection is lost.
    pub async fn music_connection(&self) -> (SocketAddr, DuplexStream) {
        match self.music.lock().await.recv().await {
            Some(connection) => connection,
            // The bulb holds the other end for as long as there is a bulb.
            None => std::future::pending().await,
        }
    }

    /// Sends a datagram to the searches' port.
    pub fn search(&self, from: SocketAddr, datagram: &[u8]) {
        self.running.0.act(|machine, now| machine.handle_search(now, from, datagram));
    }

    /// Sends a datagram to the UDP sessions' port.
    pub fn session_datagram(&self, from: SocketAddr, datagram: &[u8]) {
        self.running.0.act(|machine, now| machine.handle_session_datagram(now, from, datagram));
    }

    /// The next datagram that the bulb has sent, and to whom: search answers, advertisements, and those
    /// of UDP sessions. Of those that nobody takes it keeps 256.
    pub fn take_datagram(&self) -> Option<(SocketAddr, Vec<u8>)> {
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }
}

handle_methods!(MemoryBulb);

impl fmt::Debug for MemoryBulb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBulb")
            .field("id", &self.id)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Network for Memory {
    type Stream = DuplexStream;

    fn announce(&self, to: SocketAddr, datagram: &[u8], _: bool) {
        // What nobody takes is lost.
        let _ = self.datagrams.try_send((to, datagram.to_vec()));
    }

    fn send(&self, to: SocketAddr, datagram: &[u8]) {
        self.announce(to, datagram, false);
    }

    fn connect(
        &self,
        to: SocketAddr,
    ) -> impl Future<Output = Option<DuplexStream>> + Send + 'static {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        ready(self.music.try_send((to, theirs)).ok().map(|()| ours))
    }
}

impl Stream for DuplexStream {
    fn cut(&self) {}
}

/// How much a stream holds that is not read.
const BUFFER: usize = 64 << 10;
