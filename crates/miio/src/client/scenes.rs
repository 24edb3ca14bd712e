//! A listener for scenes on a UDP socket.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use iot_home_core::{Clock, Instant, SystemClock, SystemRandom};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio::time;

use super::device::Device;
use super::error::Error;
use crate::PORT;
use crate::scene::{self, Fired, Listener, Scene, SceneNumber, Stats};

/// Listens for [scenes](crate::scene) that fire: a stream. Dropping it closes the socket; what devices have
/// stored stays in them.
///
/// ```no_run
/// # async fn run(gateway: iot_home_miio::Device) -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt as _;
/// use iot_home_miio::client::{SceneEvent, ScenePush};
/// use iot_home_miio::scene::{Scene, SceneNumber};
/// use std::net::{Ipv4Addr, SocketAddr};
///
/// let here = SocketAddr::from((Ipv4Addr::new(192, 168, 1, 5), iot_home_miio::PORT));
/// let mut scenes = ScenePush::bind(here).await?;
/// let extra = "[1,13,1,85,[0,1],0,0]";
/// let click = Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra)?;
/// scenes.store(&gateway, &click, SceneNumber::FIRST).await?;
/// while let Some(SceneEvent::Fired(fired)) = scenes.next().await {
///     println!("{}: {}", fired.source, fired.action);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it closes the socket"]
pub struct ScenePush {
    shared: Arc<Shared>,
    local: SocketAddr,
    task: AbortHandle,
}

/// Something that a listener has to tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SceneEvent {
    /// A scene has fired.
    Fired(Fired),
    /// The stream's reader was too slow, and this many were dropped, the oldest ones.
    Missed {
        /// How many.
        events: u64,
    },
}

impl ScenePush {
    /// Listens on this address. Devices tell scenes to port [`PORT`] only, and to an address that they can
    /// reach: none behind a NAT. Port 0 takes a free one, which is for tests.
    ///
    /// # Errors
    /// When the address is not this machine's, or the port is taken.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn bind(addr: SocketAddr) -> Result<Self, Error> {
        let open = async {
            let socket = UdpSocket::bind(addr).await?;
            let local = socket.local_addr()?;
            io::Result::Ok((socket, local))
        };
        let (socket, local) = open.await.map_err(|error| Error::bind(addr, error))?;
        let state = State {
            listener: Listener::default(),
            queue: VecDeque::new(),
            missed: 0,
            waker: None,
            closed: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let task = tokio::spawn(serve(socket, Serving(Arc::clone(&shared)))).abort_handle();
        Ok(Self { shared, local, task })
    }

    /// The address that the socket is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Stores a scene in a device under this number, and listens to that device. Keep the number: the
    /// scene stays in the device until it is [removed](Self::remove), also when this program has ended.
    ///
    /// # Errors
    /// As [`Device::call`]; also when the device refuses the scene, or the listener has no address to tell.
    ///
    /// # Cancel safety
    /// Dropping the future ends the repetitions. Whether the device has stored the scene is not known.
    pub async fn store(
        &self,
        device: &Device,
        scene: &Scene,
        number: SceneNumber,
    ) -> Result<(), Error> {
        let what = "send_data_frame";
        let keys = device.cipher().ok_or_else(|| Error::closed(device.addr(), what))?;
        let here = self.address_for(device.addr()).await;
        let here = here.ok_or_else(|| Error::no_address(device.addr(), what))?;
        let request = scene
            .store(number, here, &keys, &mut SystemRandom::new())
            .map_err(|error| Error::request(what, error))?;
        // It may fire before its answer is here.
        self.shared.lock().listener.add(device.addr().ip(), keys.token().clone());
        let reply = device.request(request).await?;
        scene::stored(&reply).map_err(|failure| Error::failure(device.addr(), what, failure, true))
    }

    /// Listens to a device that has a scene from an earlier run.
    pub fn listen_to(&self, device: &Device) {
        if let Some(keys) = device.cipher() {
            self.shared.lock().listener.add(device.addr().ip(), keys.token().clone());
        }
    }

    /// Removes a scene from a device. The listener goes on listening to that device.
    ///
    /// # Errors
    /// As [`Device::call`]; also when the device knows no such scene.
    ///
    /// # Cancel safety
    /// Dropping the future ends the repetitions. Whether the device has removed the scene is not known.
    pub async fn remove(device: &Device, number: SceneNumber) -> Result<(), Error> {
        let what = "miIO.xdel";
        let request = scene::remove(number).map_err(|error| Error::request(what, error))?;
        let reply = device.request(request).await?;
        scene::stored(&reply).map_err(|failure| Error::failure(device.addr(), what, failure, true))
    }

    /// Counts of what came.
    pub fn stats(&self) -> Stats {
        self.shared.lock().listener.stats()
    }

    /// Where the device finds us: the address we listen on, or the one that this machine speaks to it from.
    async fn address_for(&self, device: SocketAddr) -> Option<Ipv4Addr> {
        let local = if self.local.ip().is_unspecified() {
            let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
            // Sends nothing.
            probe.connect((device.ip(), PORT)).await.ok()?;
            probe.local_addr().ok()?
        } else {
            self.local
        };
        match local.ip() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(ip) => ip.to_ipv4_mapped(),
        }
    }
}

impl Stream for ScenePush {
    type Item = SceneEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SceneEvent>> {
        let mut state = self.shared.lock();
        if let events @ 1.. = std::mem::take(&mut state.missed) {
            return Poll::Ready(Some(SceneEvent::Missed { events }));
        }
        match state.queue.pop_front() {
            Some(fired) => Poll::Ready(Some(SceneEvent::Fired(fired))),
            None if state.closed => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for ScenePush {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ScenePush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScenePush")
            .field("local_addr", &self.local)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What the stream and the task share.
struct Shared {
    state: Mutex<State>,
}

struct State {
    listener: Listener,
    queue: VecDeque<Fired>,
    missed: u64,
    waker: Option<Waker>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's end: when it is gone, the stream ends.
struct Serving(Arc<Shared>);

impl Drop for Serving {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.waker.take().into_iter().for_each(Waker::wake);
    }
}

async fn serve(socket: UdpSocket, serving: Serving) {
    let clock = SystemClock::new();
    let origin = time::Instant::now();
    let mut buffer = vec![0; BUFFER];
    let mut errors = 0_u32;
    while errors < MAX_ERRORS {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            // Windows reports here that some answer found no listener. Whatever it is, it must not become a
            // loop without a pause.
            Err(error) => {
                tracing::debug!(%error, "receiving failed");
                errors = errors.saturating_add(1);
                time::sleep(PAUSE).await;
                continue;
            }
        };
        errors = 0;
        let unix = u32::try_from(clock.unix_time().as_secs()).unwrap_or(u32::MAX);
        let now = Instant::from_origin(origin.elapsed());
        let datagram = buffer.get_mut(..length).unwrap_or_default();
        let answer = {
            let mut state = serving.0.lock();
            let (answer, fired) = state.listener.handle_datagram(now, unix, from.ip(), datagram);
            if let Some(fired) = fired {
                if state.queue.len() >= MAX_QUEUE {
                    state.queue.pop_front();
                    state.missed = state.missed.saturating_add(1);
                }
                state.queue.push_back(fired);
                state.waker.take().into_iter().for_each(Waker::wake);
            }
            answer
        };
        if let Some(answer) = answer {
            // What cannot be sent is lost, as on any network; the device comes again.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// Events that wait for the stream's reader.
const MAX_QUEUE: usize = 256;
/// The largest datagram there is.
const BUFFER: usize = 65_536;
/// Errors in a row after which the socket counts as broken.
const MAX_ERRORS: u32 = 1000;
const PAUSE: Duration = Duration::from_millis(10);
