//! A cloud on real sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use iot_home_core::{Clock as _, Instant, SystemClock};
use tokio::sync::Notify;
use tokio::time;

use crate::micloud::builder::{BuildError, Builder};
use crate::micloud::faults::{Expiry, Faults};
use crate::micloud::machine::{Machine, Reply};
use crate::micloud::report::Report;
use crate::web::{Answer, Server};

/// A stand-in for the Mi cloud on real sockets. Dropping it ends its tasks and closes them.
///
/// ```
/// use iot_home_sim::{SimCloud, SimDevice};
/// use iot_home_sim::micloud::{Account, CloudDevice};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cloud = SimCloud::builder()
///     .account(Account::new("someone@example.com", "made up"))
///     .device(CloudDevice::of(SimDevice::light().did(300000001)))
///     .spawn()
///     .await?;
/// println!("{} {} {}", cloud.account_url(), cloud.sts_url(), cloud.api_url());
/// // Here the program under test logs in and calls.
/// assert_eq!(cloud.report().violations.total(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SimCloud {
    shared: Arc<Shared>,
    account: Server,
    sts: Option<Server>,
    api: Option<Server>,
}

struct Shared {
    machine: Mutex<Machine>,
    /// Something happened that a held request waits for.
    changed: Notify,
    /// The zero of the machine's time.
    origin: time::Instant,
}

impl Builder {
    /// Puts the cloud on its sockets; it runs in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError::Build`] when what was asked for is no cloud, [`SpawnError::Bind`] when an address cannot be
    /// listened on.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no cloud.
    pub async fn spawn(self) -> Result<SimCloud, SpawnError> {
        let (listen, sts_listen, api_listen) = (self.listen, self.sts_listen, self.api_listen);
        let machine = Mutex::new(self.build()?);
        let (changed, origin) = (Notify::new(), time::Instant::now());
        let shared = Arc::new(Shared { machine, changed, origin });
        let account = serve(&shared, listen).await?;
        let sts = match sts_listen {
            Some(addr) => Some(serve(&shared, addr).await?),
            None => None,
        };
        let api = match api_listen {
            Some(addr) => Some(serve(&shared, addr).await?),
            None => None,
        };
        let cloud = SimCloud { shared, account, sts, api };
        let sts_addr = cloud.sts.as_ref().map(Server::addr);
        cloud.shared.machine().set_sts_addr(sts_addr);
        Ok(cloud)
    }
}

impl SimCloud {
    /// A cloud that knows nobody yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.account.addr()
    }

    /// The account's server, in the place of `https://account.xiaomi.com`.
    pub fn account_url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Where tickets are exchanged, in the place of `https://sts.api.io.mi.com/sts`.
    pub fn sts_url(&self) -> String {
        format!("http://{}/sts", self.sts.as_ref().unwrap_or(&self.account).addr())
    }

    /// The API, in the place of `https://api.io.mi.com/app`. With a region's letters before `/app` it is that
    /// region's: `http://127.0.0.1:…/de/app`.
    pub fn api_url(&self) -> String {
        format!("http://{}/app", self.api.as_ref().unwrap_or(&self.account).addr())
    }

    /// Where each listener is, and which of the servers `account`, `sts` and `api` it is for.
    pub fn listeners(&self) -> Vec<(SocketAddr, Vec<&'static str>)> {
        let mut listeners = vec![(self.addr(), vec!["account"])];
        for (name, server) in [("sts", &self.sts), ("api", &self.api)] {
            match (server, listeners.first_mut()) {
                (Some(server), _) => listeners.push((server.addr(), vec![name])),
                (None, Some((_, first))) => first.push(name),
                (None, None) => {}
            }
        }
        listeners
    }

    /// The ids of its devices.
    pub fn dids(&self) -> Vec<String> {
        self.shared.machine().devices.iter().map(|device| device.did.clone()).collect()
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> Report {
        self.shared.machine().report().clone()
    }

    /// Makes every serviceToken of now invalid, and says so in this way from now on.
    pub fn expire(&self, expiry: Expiry) {
        self.shared.machine().expire(expiry);
    }

    /// Makes every passToken of now invalid: only a person can log in again.
    pub fn forget_pass_tokens(&self) {
        self.shared.machine().forget_pass_tokens();
    }

    /// Somebody scans the latest QR code with an app that is logged in to this account. Tells whether there was one.
    pub fn scan_qr(&self, user: &str) -> bool {
        let scanned = self.shared.machine().scan_qr(user);
        self.shared.changed.notify_waiters();
        scanned
    }

    /// Changes everything that goes wrong, and begins with the new seed.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.machine().set_faults(faults);
    }
}

impl fmt::Debug for SimCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimCloud").field("addr", &self.addr()).finish_non_exhaustive()
    }
}

async fn serve(shared: &Arc<Shared>, listen: SocketAddr) -> Result<Server, SpawnError> {
    let shared = Arc::clone(shared);
    let handler = move |request| answer(Arc::clone(&shared), request);
    Server::start(listen, handler).await.map_err(|source| SpawnError::Bind { addr: listen, source })
}

/// Asks the machine until it does not want to be asked later.
async fn answer(shared: Arc<Shared>, request: Request<Bytes>) -> Answer {
    loop {
        let mut changed = std::pin::pin!(shared.changed.notified());
        changed.as_mut().enable();
        let (now, unix_time) = (shared.now(), SystemClock::new().unix_time());
        let reply = shared.machine().handle(now, unix_time, &request);
        match reply {
            Reply::Answer(answer) => {
                // A held request does nothing, so that it wakes nobody.
                shared.changed.notify_waiters();
                return answer;
            }
            Reply::Held(until) => {
                let left = until.saturating_since(now) + Duration::from_millis(1);
                let _ = time::timeout(left, changed).await;
            }
        }
    }
}

impl Shared {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a cloud could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// What was asked for is no cloud.
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
