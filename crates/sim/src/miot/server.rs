//! A spec server on a real socket.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Request;

use crate::miot::builder::{BuildError, Builder};
use crate::miot::faults::Faults;
use crate::miot::machine::Machine;
use crate::miot::report::Report;
use crate::web::Server;

/// A stand-in for the spec server on a real socket. Dropping it ends its tasks and closes it.
///
/// ```
/// use iot_home_sim::SimSpecServer;
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = SimSpecServer::builder().samples().spawn().await?;
/// println!("{}", server.url());
/// // Here the program under test asks for what a model can do.
/// assert_eq!(server.report().lists, 1);
/// # Ok(())
/// # }
/// ```
pub struct SimSpecServer {
    machine: Arc<Mutex<Machine>>,
    server: Server,
}

impl Builder {
    /// Puts the server on its socket; it runs in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError::Build`] when an instance is none, [`SpawnError::Bind`] when the address cannot be listened on.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no server.
    pub async fn spawn(self) -> Result<SimSpecServer, SpawnError> {
        let listen = self.listen;
        let machine = Arc::new(Mutex::new(self.build()?));
        let shared = Arc::clone(&machine);
        let handler = move |request: Request<Bytes>| ready(locked(&shared).handle(&request));
        let server = Server::start(listen, handler).await;
        let server = server.map_err(|source| SpawnError::Bind { addr: listen, source })?;
        Ok(SimSpecServer { machine, server })
    }
}

impl SimSpecServer {
    /// A server that knows no model yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The same in the place of `https://miot-spec.org`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// What it was asked so far.
    pub fn report(&self) -> Report {
        locked(&self.machine).report().clone()
    }

    /// Changes everything that goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        locked(&self.machine).set_faults(faults);
    }
}

impl fmt::Debug for SimSpecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimSpecServer").field("addr", &self.addr()).finish_non_exhaustive()
    }
}

fn locked(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a server could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// What was given as an instance is none.
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
