//! What a client is to be like.

use std::fmt;
use std::sync::Arc;

use iot_home_core::{Clock, Random, SystemClock, SystemRandom};
use iot_home_http::HttpClient;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use super::file::SessionFile;
use super::shared::{OnSession, Setup, Shared};
use crate::{DeviceId, Hosts, Identity, Region, Session};

/// What a [`MiCloud`] is to be like.
#[must_use]
pub struct Builder {
    region: Option<Region>,
    device_id: Option<DeviceId>,
    locale: Option<String>,
    timezone: Option<String>,
    user_agent: Option<String>,
    hosts: Hosts,
    http: Option<Arc<dyn HttpClient>>,
    clock: Arc<dyn Clock + Send + Sync>,
    random: Box<dyn Random + Send>,
    session: Option<Session>,
    file: Option<SessionFile>,
    on_session: Option<OnSession>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            region: None,
            device_id: None,
            locale: None,
            timezone: None,
            user_agent: None,
            hosts: Hosts::default(),
            http: None,
            clock: Arc::new(SystemClock::new()),
            random: Box::new(SystemRandom::new()),
            session: None,
            file: None,
            on_session: None,
        }
    }

    /// Calls this region. Without it that of the session is, or else mainland China. New sessions keep it.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Asks for texts in this language: `en_GB` unless it is said.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Says that this is the time zone: `GMT+00:00` unless it is said.
    pub fn timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Sends this `User-Agent` instead of the app's.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Is this installation. Without it that of the session is, or else one by chance, which the session then keeps.
    pub fn device_id(mut self, device_id: DeviceId) -> Self {
        self.device_id = Some(device_id);
        self
    }

    /// Talks to these servers instead of Xiaomi's.
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Sends by this HTTP client: without it by [`iot_home_http::Client::new`].
    pub fn http(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = Some(client);
        self
    }

    /// Takes the time from this clock. What the server's clock shows in addition is learned from its answers.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes nonces from this source, which must not be predictable.
    pub fn random(mut self, random: impl Random + Send + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Begins with this session.
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Saves every new session in this file. What is in it already is begun with, if no [`session`](Self::session) is given.
    pub fn session_file(mut self, file: SessionFile) -> Self {
        self.file = Some(file);
        self
    }

    /// Is called with every session that is new: after a login, and whenever one was renewed. It must not block.
    pub fn on_session(mut self, call: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.on_session = Some(Box::new(call));
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when a text cannot travel in a header, when the session is another
    /// installation's than was said, or when there is no HTTP client; [`File`](super::ErrorKind::File) when the session's file
    /// cannot be read.
    pub fn build(mut self) -> Result<MiCloud, Error> {
        let session = match (self.session, &self.file) {
            (Some(session), _) => Some(session),
            (None, Some(file)) => file.load()?,
            (None, None) => None,
        };
        let device_id = match (self.device_id, &session) {
            (Some(device_id), Some(session)) if device_id != session.device_id => {
                return Err(Error::input(
                    "the session is another installation's: its device id is not the one that was given",
                ));
            }
            (_, Some(session)) => session.device_id.clone(),
            (Some(device_id), None) => device_id,
            (None, None) => DeviceId::random(&mut *self.random),
        };
        let mut identity = Identity::new(device_id);
        let texts = [
            ("locale", self.locale, Identity::locale as fn(Identity, &str) -> _),
            ("time zone", self.timezone, Identity::timezone),
            ("User-Agent", self.user_agent, Identity::user_agent),
        ];
        for (what, text, set) in texts {
            if let Some(text) = text {
                let told = |error| Error::new(Cause::Identity { what, error });
                identity = set(identity, &text).map_err(told)?;
            }
        }
        let http = match self.http {
            Some(http) => http,
            None => {
                let client = iot_home_http::Client::new();
                Arc::new(client.map_err(|error| Error::new(Cause::HttpClient(error)))?)
            }
        };
        let known = session.as_ref().and_then(|session| session.region);
        let region = self.region.or(known).unwrap_or_default();
        let setup = Setup {
            region,
            identity,
            hosts: self.hosts,
            http,
            clock: self.clock,
            random: self.random,
            file: self.file,
            on_session: self.on_session,
        };
        let shared = Shared::new(setup, session);
        Ok(MiCloud::new(Arc::new(shared), region))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("region", &self.region)
            .field("device_id", &self.device_id)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}
