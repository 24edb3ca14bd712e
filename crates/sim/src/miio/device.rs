//! A device on a UDP socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::{Did, EventId, Instant};
#[cfg(feature = "micloud")]
use iot_home_miio::DeviceError;
use iot_home_miio::Token;
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use crate::miio::builder::{BuildError, Builder, DeviceClock};
use crate::miio::faults::{Faults, Silence};
use crate::miio::fetch::fetch;
use crate::miio::machine::Machine;
use crate::miio::properties::{PropertyError, PropertyName};
use crate::miio::report::Report;
use crate::miio::updater::Fetch;
use crate::race::{Won, race};

/// A simulated device on a real UDP socket, in a task of its own. Dropping it ends both.
///
/// It begins as one of the presets, such as [`light`](Self::light), or with nothing but `miIO.info`
/// from [`builder`](Self::builder).
///
/// ```
/// use iot_home_sim::{Faults, SimDevice};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let lamp = SimDevice::light().faults(Faults::seed(7).loss(0.05)).spawn().await?;
/// println!("{} at {}", lamp.did(), lamp.addr());
/// // Here the program under test talks to it.
/// assert_eq!(lamp.property("2.1"), Some(false.into()));
/// assert_eq!(lamp.report().violations.total(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SimDevice {
    addr: SocketAddr,
    did: Did,
    model: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// A device that is reached by more than one way.
pub(crate) struct Shared {
    machine: Mutex<Machine>,
    /// The zero of the machine's time.
    origin: time::Instant,
    /// Told when something happened in the device that did not come by its socket.
    changed: Notify,
}

impl Shared {
    pub(crate) fn new(machine: Machine) -> Self {
        Self { machine: Mutex::new(machine), origin: time::Instant::now(), changed: Notify::new() }
    }

    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// A method that panicked leaves the device as it was.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the device is told by its cloud.
    #[cfg(feature = "micloud")]
    pub(crate) fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError> {
        let done = self.machine().command(self.now(), None, method, params);
        self.changed.notify_one();
        done
    }

    /// Does what a child is told by its cloud.
    #[cfg(feature = "micloud")]
    pub(crate) fn command_child(
        &self,
        sid: &str,
        method: &str,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        let done = self.machine().command(self.now(), Some(sid), method, params);
        self.changed.notify_one();
        done
    }
}

impl SimDevice {
    /// A device that knows `miIO.info` and nothing else.
    pub fn builder() -> Builder {
        Builder::new("simulated.device.v1")
    }

    pub(crate) async fn start(machine: Machine, listen: SocketAddr) -> Result<Self, SpawnError> {
        let bind = |source| SpawnError::Bind { addr: listen, source };
        let socket = UdpSocket::bind(listen).await.map_err(bind)?;
        let addr = socket.local_addr().map_err(bind)?;
        let (did, model) = (machine.did(), machine.model().to_owned());
        let shared = Arc::new(Shared::new(machine));
        let task = tokio::spawn(serve(socket, Arc::clone(&shared)));
        Ok(Self { addr, did, model, shared, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    #[cfg(feature = "micloud")]
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Its id.
    pub fn did(&self) -> Did {
        self.did.clone()
    }

    /// The sids of its children, if it is a gateway.
    pub fn children(&self) -> Vec<String> {
        self.shared.machine().children()
    }

    /// Its token.
    pub fn token(&self) -> Token {
        self.shared.machine().token().clone()
    }

    /// Its model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        self.shared.machine().report().clone()
    }

    /// The value of a property, by its classic name or its number: `"power"`, `"2.1"`, `(2, 1)`.
    pub fn property(&self, name: impl Into<PropertyName>) -> Option<Value> {
        self.shared.machine().properties().get(name)
    }

    /// Changes a property as by a hand on the device, whether or not clients may write it.
    ///
    /// # Errors
    /// As [`Properties::set`](crate::miio::Properties::set).
    pub fn set_property(
        &self,
        name: impl Into<PropertyName>,
        value: impl Into<Value>,
    ) -> Result<(), PropertyError> {
        let done = self.shared.machine().properties_mut().set(name, value);
        self.shared.changed.notify_one();
        done
    }

    /// Lets an event occur. Who has subscribed is told of it, three events a second at most.
    pub fn emit(&self, id: impl Into<EventId>, arguments: impl IntoIterator<Item = (u32, Value)>) {
        self.shared.machine().emit(id, arguments);
        self.shared.changed.notify_one();
    }

    /// Lets something happen that [scenes](Builder::scenes) may wait for, such as
    /// `event.lumi.sensor_switch.v2.click`. Returns how many fire.
    pub fn fire(&self, key: &str) -> usize {
        let now = self.shared.now();
        let fired = self.shared.machine().fire(now, key);
        self.shared.changed.notify_one();
        fired
    }

    /// The names of the scenes that are stored, such as `x.scene.1000001`.
    pub fn scenes(&self) -> Vec<String> {
        self.shared.machine().scenes().map(str::to_owned).collect()
    }

    /// Switches it off and on: what was on its way is lost, ids are forgotten, and the clock shows 1.
    pub fn reboot(&self) {
        self.shared.machine().reboot(self.shared.now());
    }

    /// Sets its clock, as it is when the device gets to know the time.
    pub fn set_clock(&self, clock: DeviceClock) {
        self.shared.machine().set_clock(self.shared.now(), clock);
    }

    /// Gives it another token, as a new provisioning does.
    pub fn set_token(&self, token: impl Into<Token>) {
        self.shared.machine().set_token(token);
    }

    /// Changes everything that goes wrong, and begins with the new seed.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.machine().set_faults(faults);
    }

    /// Changes what it does not even look at.
    pub fn set_silence(&self, silence: Silence) {
        self.shared.machine().set_silence(silence);
    }
}

impl Drop for SimDevice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for SimDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDevice")
            .field("addr", &self.addr)
            .field("did", &self.did)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

async fn serve(socket: UdpSocket, shared: Arc<Shared>) {
    let mut received = vec![0; LARGEST];
    let mut outgoing = Vec::new();
    // They end with the device.
    let mut fetching = JoinSet::new();
    loop {
        let due = shared.machine().poll_timeout();
        let receive = async {
            match race(socket.recv_from(&mut received), shared.changed.notified()).await {
                Won::First(arrived) => Some(arrived),
                Won::Second(()) => None,
            }
        };
        let arrived = match due {
            Some(due) => {
                let at = shared.origin + due.since_origin();
                time::timeout_at(at, receive).await.ok().flatten()
            }
            None => receive.await,
        };
        match arrived {
            Some(Ok((length, from))) => {
                let datagram = received.get_mut(..length).unwrap_or_default();
                shared.machine().handle_datagram(shared.now(), from, datagram);
            }
            // An answer to somebody who has left. Windows tells of it here.
            Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
            // Whatever it is, it must not become a loop without a pause.
            Some(Err(_)) => time::sleep(PAUSE).await,
            None => {}
        }
        loop {
            let to = shared.machine().poll_transmit(shared.now(), &mut outgoing);
            let Some(to) = to else { break };
            // What cannot be sent is lost, as on any network.
            let _ = socket.send_to(&outgoing, to).await;
        }
        while fetching.try_join_next().is_some() {}
        if let Some(wanted) = shared.machine().poll_fetch() {
            fetching.spawn(update(Arc::clone(&shared), wanted));
        }
    }
}

/// Fetches the image that the device wants, as often as it wants it.
async fn update(shared: Arc<Shared>, wanted: Fetch) {
    let mut next = Some(wanted);
    while let Some(wanted) = next {
        let image = fetch(&wanted, |percent| shared.machine().handle_progress(percent)).await;
        let mut machine = shared.machine();
        machine.handle_image(shared.now(), image.as_deref());
        next = machine.poll_fetch();
    }
}

/// Why a device could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// What was asked for is no device.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {addr}; port 0 takes any free one, and the address has to be this machine's"
    )]
    Bind {
        /// Which address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A datagram over IPv4 is never longer.
const LARGEST: usize = 65_536;
const PAUSE: Duration = Duration::from_millis(10);
