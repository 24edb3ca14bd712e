//! Settings of a bulb's connection.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::bulb::Bulb;
use super::driver;
use super::error::Error;
use super::lan::Lan;
use super::shared::Shared;
use crate::method::Limits;
use crate::model::Profile;
use crate::property::{Property, PropertyValue};
use crate::quota::QuotaPolicy;
use crate::session::{Config, Session};
use crate::sighting::Sighting;
use iot_home_lan::wire::{Observer, WireEvent};

/// A byte stream that can carry a control connection.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

pub(super) type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Wire>>> + Send>>;
pub(super) type Dialer = Arc<dyn Fn() -> Dialing + Send + Sync>;

/// Settings of a bulb's connection. [`connect`](Self::connect) makes it.
#[derive(Clone)]
#[must_use]
pub struct BulbBuilder {
    addr: SocketAddr,
    config: Config,
    connect_timeout: Duration,
    profile: Profile,
    known: Vec<(Property, PropertyValue)>,
    dialer: Option<Dialer>,
    on_wire: Option<Observer>,
}

impl BulbBuilder {
    pub(super) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            config: Config::default(),
            connect_timeout: Duration::from_secs(5),
            profile: Profile::unknown(),
            known: Vec::new(),
            dialer: None,
            on_wire: None,
        }
    }

    /// How long an answer is waited for, and a connection by a command that needs one; 5 s by default. Waiting for the quota is
    /// not counted.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config = self.config.timeout(timeout);
        self
    }

    /// How long making a connection may take; 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// What the bulb can do, as by [`Profile::of_model`] or from a search answer. Without it the bulb's
    /// properties tell the kind of light, and its answers what it does not support.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What was heard of the bulb's state already, as by a search answer.
    pub fn known(mut self, heard: impl IntoIterator<Item = (Property, PropertyValue)>) -> Self {
        self.known.extend(heard);
        self
    }

    /// A bulb that was found: takes over what it can do and how it is.
    pub fn found(self, sighting: &Sighting) -> Self {
        let profile = Profile::from(sighting);
        self.profile(profile).known(sighting.properties())
    }

    /// What becomes of values that the bulb does not take; they are refused by default.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config = self.config.limits(limits);
        self
    }

    /// What becomes of commands beyond the quota of 60 a minute for a connection and 144 for all of this process to the
    /// same address; they wait by default.
    pub fn quota(mut self, policy: QuotaPolicy) -> Self {
        self.config = self.config.quota(policy);
        self
    }

    /// The other settings of the [session](crate::session): this replaces them all.
    pub fn session(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Makes connections by this in place of TCP: through a tunnel, or in memory. The address stays the one that
    /// names the bulb and its quota.
    pub fn dial_with<F, R, S>(mut self, dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<S>> + Send + 'static,
        S: Wire + 'static,
    {
        self.dialer = Some(Arc::new(move || {
            let dialing = dial();
            Box::pin(async move { Ok(Box::new(dialing.await?) as Box<dyn Wire>) })
        }));
        self
    }

    /// Calls `observer` with all that goes and comes over the control connection, for transcripts; real-time channels
    /// are not shown. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    /// Connects, and reads the bulb's state unless the session's settings say otherwise. Where the bulb's quota is used
    /// up, that waits for it like any command, or is left out if commands are to be refused. From then on the
    /// connection is made again whenever it is lost, after a second at first and after half a minute at most.
    ///
    /// # Errors
    /// [`Refused`](super::ErrorKind::Refused) where LAN control is off, [`Timeout`](super::ErrorKind::Timeout) and
    /// [`NoAnswer`](super::ErrorKind::NoAnswer) where nothing answers, [`Disconnected`](super::ErrorKind::Disconnected)
    /// where the bulb hangs up. Nothing is left behind.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn connect(self) -> Result<Bulb, Error> {
        let Self { addr, config, connect_timeout, profile, known, dialer, on_wire } = self;
        let dialer = dialer.unwrap_or_else(|| tcp(addr));
        let stream = driver::dial(&dialer, connect_timeout).await.map_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                Error::connect_timeout(addr, connect_timeout)
            } else {
                Error::connect(addr, error)
            }
        })?;
        let mut session = Session::new(config, profile);
        session.learn(known);
        let shared = Arc::new(Shared::new(addr, session, on_wire));
        let ready = config.read_state.then(|| shared.when_ready());
        shared.connected(false);
        let driver = driver::run(Arc::clone(&shared), dialer, stream, connect_timeout);
        // From here on the task ends when the handle is dropped, as by whoever gives up waiting.
        let lan = Lan::new(shared, tokio::spawn(driver).abort_handle());
        if let Some(ready) = ready {
            match ready.await {
                Ok(ready) => ready.map_err(|ended| Error::not_ready(addr, ended))?,
                Err(_) => return Err(Error::closed(addr, "connecting")),
            }
        }
        Ok(Bulb::over(lan))
    }
}

impl fmt::Debug for BulbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulbBuilder")
            .field("addr", &self.addr)
            .field("config", &self.config)
            .field("connect_timeout", &self.connect_timeout)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

fn tcp(addr: SocketAddr) -> Dialer {
    Arc::new(move || {
        Box::pin(async move {
            let stream = TcpStream::connect(addr).await?;
            // A command waits for nothing: without this it waits for the acknowledgement of the one before.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    })
}
