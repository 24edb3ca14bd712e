//! A platform without sockets, for clients that run over any stream.

use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::DuplexStream;

use crate::mqtt::DeviceId;
use crate::mqtt::builder::Builder;
use crate::mqtt::faults::Faults;
use crate::mqtt::host::{Host, Running, Stream};
use crate::mqtt::machine::{Link, Machine, RrpcError, UnknownDevice};
use crate::mqtt::message::Message;
use crate::mqtt::report::Report;
use crate::mqtt::thing::ThingState;

/// A simulated platform in memory. It keeps tokio's time, which a test can pause: an hour then takes a moment.
/// Dropping it ends its tasks and its connections.
///
/// ```
/// use iot_home_mqtt::{Connect, MqttLogin};
/// use iot_home_sim::mqtt::{Link, SimPlatform};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let device = iot_home_tencent::Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==")?;
/// # let now = std::time::Duration::from_secs(1_764_000_000);
/// # let login = device.tls().sign(now, &mut iot_home_core::SeededRandom::new(7));
/// let platform = SimPlatform::builder().tencent(device).time(now).spawn_in_memory();
/// let mut stream = platform.connect(Link::tls())?;
/// let mut packet = Vec::new();
/// Connect::from(&login).encode(&mut packet)?;
/// stream.write_all(&packet).await?;
/// let mut answer = [0; 4];
/// stream.read_exact(&mut answer).await?;
/// assert_eq!(answer, [0x20, 2, 0, 0]);
/// # Ok(())
/// # }
/// ```
pub struct MemoryPlatform {
    running: Running,
}

impl Builder {
    /// Lets the platform run without sockets, in tasks of the present tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn_in_memory(self) -> MemoryPlatform {
        MemoryPlatform { running: Host::start(self.build()) }
    }
}

impl MemoryPlatform {
    /// A connection that came this way; the client's end of it. What a TLS connection carries is not encrypted.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] when there are too many.
    pub fn connect(&self, link: Link) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        if self.running.0.attach(theirs, link) {
            Ok(ours)
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }

    /// Ends all connections and begins anew. Stored sessions are lost unless they are to be kept.
    pub fn restart(&self, keep_sessions: bool) {
        self.running.0.act(|machine, now| machine.restart(now, keep_sessions));
    }
}

handle_methods!(MemoryPlatform);

impl fmt::Debug for MemoryPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPlatform").finish_non_exhaustive()
    }
}

impl Stream for DuplexStream {
    // The other end sees an end, whatever the reason.
    fn cut(&self) {}
}

/// Bytes under way in one direction.
const BUFFER: usize = 64 << 10;
