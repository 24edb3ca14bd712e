//! A gateway on UDP sockets.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::{GROUP, Key, Sid};
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time;

use crate::lumi::builder::Builder;
use crate::lumi::machine::{Machine, Port};
use crate::lumi::report::Report;
use crate::race::{Won, race};

/// A simulated gateway on real UDP sockets, in a task of its own. Dropping it ends all of them.
///
/// It has a plug and a door's sensor unless it is told otherwise. Searches by the group reach it where
/// [`Builder::join_group`] says; reports and heartbeats go where [`Builder::report_to`] says.
///
/// ```
/// use iot_home_sim::SimGateway;
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = SimGateway::builder("0987654321qwerty".parse()?).spawn().await?;
/// let plug = gateway.children()[0];
/// println!("commands to {}, searches to {}", gateway.addr(), gateway.search_addr());
/// // Here the program under test talks to it.
/// assert_eq!(gateway.value(plug, "status"), Some("off".into()));
/// assert_eq!(gateway.report().violations.total(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SimGateway {
    addr: SocketAddr,
    search_addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// A gateway that is reached by more than one way.
pub(crate) struct Shared {
    machine: Mutex<Machine>,
    /// The zero of the machine's time.
    origin: time::Instant,
    /// Told when something happened in the gateway that did not come by its sockets.
    changed: Notify,
}

impl Shared {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// A method that panicked leaves the gateway as it was.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen that does not come by the sockets.
    #[cfg(feature = "micloud")]
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        let done = act(&mut self.machine());
        self.changed.notify_one();
        done
    }
}

impl SimGateway {
    /// A gateway with this key.
    pub fn builder(key: Key) -> Builder {
        Builder::new(key)
    }

    pub(crate) async fn start(
        mut machine: Machine,
        listen: SocketAddr,
        search_listen: SocketAddr,
        groups: &[Ipv4Addr],
    ) -> Result<Self, SpawnError> {
        let (commands, addr) = bind(listen).await?;
        let (search, search_addr) = bind(search_listen).await?;
        for interface in groups {
            let joined = search.join_multicast_v4(GROUP, *interface);
            joined.map_err(|source| SpawnError::Bind { addr: search_listen, source })?;
        }
        machine.set_addr(addr);
        let shared = Arc::new(Shared {
            machine: Mutex::new(machine),
            origin: time::Instant::now(),
            changed: Notify::new(),
        });
        let task = tokio::spawn(serve(commands, search, Arc::clone(&shared)));
        Ok(Self { addr, search_addr, shared, task })
    }

    #[cfg(feature = "micloud")]
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Where it takes commands.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it is searched.
    pub fn search_addr(&self) -> SocketAddr {
        self.search_addr
    }

    /// Its id.
    pub fn sid(&self) -> Sid {
        self.shared.machine().sid()
    }

    /// Its children's ids.
    pub fn children(&self) -> Vec<Sid> {
        self.shared.machine().children().collect()
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        self.shared.machine().report().clone()
    }

    /// A value of a child or the gateway.
    pub fn value(&self, sid: Sid, name: &str) -> Option<Value> {
        self.shared.machine().value(sid, name)
    }

    /// Changes a value as by a hand on the child; see [`Machine::set_value`].
    pub fn set_value(&self, sid: Sid, name: &str, value: impl Into<Value>) -> bool {
        let done = self.shared.machine().set_value(sid, name, value);
        self.shared.changed.notify_one();
        done
    }

    /// Gives out a new token without telling of it, as when a heartbeat gets lost.
    pub fn roll_token(&self) {
        self.shared.machine().roll_token();
    }

    /// Does not look at the next datagrams.
    pub fn ignore(&self, datagrams: u32) {
        self.shared.machine().ignore(datagrams);
    }

    /// Cuts its LAN or mends it: nothing arrives and nothing leaves while it is cut.
    pub fn set_cut(&self, cut: bool) {
        self.shared.machine().set_cut(cut);
    }

    /// Carries out the next commands, and lets their answers get lost.
    pub fn lose_answers(&self, answers: u32) {
        self.shared.machine().lose_answers(answers);
    }
}

impl Drop for SimGateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for SimGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimGateway")
            .field("addr", &self.addr)
            .field("search_addr", &self.search_addr)
            .finish_non_exhaustive()
    }
}

async fn bind(addr: SocketAddr) -> Result<(UdpSocket, SocketAddr), SpawnError> {
    let failed = |source| SpawnError::Bind { addr, source };
    let socket = UdpSocket::bind(addr).await.map_err(failed)?;
    let addr = socket.local_addr().map_err(failed)?;
    Ok((socket, addr))
}

async fn serve(commands: UdpSocket, search: UdpSocket, shared: Arc<Shared>) {
    let mut buffers = [vec![0; LARGEST], vec![0; LARGEST]];
    let mut outgoing = Vec::new();
    loop {
        loop {
            let next = shared.machine().poll_transmit(&mut outgoing);
            let Some((from, to)) = next else { break };
            let socket = if from == Port::Search { &search } else { &commands };
            // What cannot be sent is lost, as on any network.
            let _ = socket.send_to(&outgoing, to).await;
        }
        let due = shared.machine().poll_timeout();
        let [first, second] = &mut buffers;
        let receive = async {
            let arriving = race(commands.recv_from(first), search.recv_from(second));
            match race(arriving, shared.changed.notified()).await {
                Won::First(Won::First(arrived)) => Some((Port::Commands, arrived)),
                Won::First(Won::Second(arrived)) => Some((Port::Search, arrived)),
                Won::Second(()) => None,
            }
        };
        let at = shared.origin + due.since_origin();
        match time::timeout_at(at, receive).await {
            Ok(Some((port, Ok((length, from))))) => {
                let [first, second] = &buffers;
                let buffer = if port == Port::Commands { first } else { second };
                let datagram = buffer.get(..length).unwrap_or_default();
                shared.machine().handle_datagram(shared.now(), port, from, datagram);
            }
            // An answer to somebody who has left. Windows tells of it here.
            Ok(Some((_, Err(error)))) if error.kind() == io::ErrorKind::ConnectionReset => {}
            // Whatever it is, it must not become a loop without a pause.
            Ok(Some((_, Err(_)))) => time::sleep(PAUSE).await,
            Ok(None) => {}
            Err(_) => shared.machine().handle_timeout(shared.now()),
        }
    }
}

/// Why a gateway could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
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
