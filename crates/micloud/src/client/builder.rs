//! What a client is, said before there is one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{Clock, Random, SystemClock, SystemRandom};
use iot_home_http::HttpClient;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::{DeviceId, Hosts, Identity, Mode, Region, Session};

/// What a client is: its region, its servers, its session.
pub struct Builder {
    pub(super) region: Region,
    pub(super) mode: Mode,
    pub(super) hosts: Hosts,
    pub(super) timeout: Duration,
    pub(super) session: Option<Session>,
    pub(super) file: Option<PathBuf>,
    device_id: Option<DeviceId>,
    locale: Option<String>,
    timezone: Option<String>,
    user_agent: Option<String>,
    http: Option<Arc<dyn HttpClient>>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) random: Box<dyn Random + Send>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            region: Region::Cn,
            mode: Mode::Rc4,
            hosts: Hosts::default(),
            timeout: Duration::from_secs(30),
            session: None,
            file: None,
            device_id: None,
            locale: None,
            timezone: None,
            user_agent: None,
            http: None,
            clock: Arc::new(SystemClock::new()),
            random: Box::new(SystemRandom::new()),
        }
    }

    /// The region whose devices are asked for: mainland China by default.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// How calls are signed: encrypted by default.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Other servers than Xiaomi's.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// How long a call may take with all its attempts and a new login: 30 seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whoever logged in before.
    #[must_use]
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Keeps the session in this file: it is read from there if there is one, and each new one is written.
    #[must_use]
    pub fn session_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// The installation's id, where there is no session that says it. Keep it: by default it is made up.
    #[must_use]
    pub fn device_id(mut self, id: DeviceId) -> Self {
        self.device_id = Some(id);
        self
    }

    /// Asks for texts in this language, such as `en_GB`.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Says that this is the time zone, such as `GMT+08:00`.
    #[must_use]
    pub fn timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Sends this `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Sends requests by this client. By default it is one with the system's CAs and proxies.
    #[must_use]
    pub fn http(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = Some(client);
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock + Send + Sync>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes nonces from this source, which has to be fit for keys outside of tests.
    #[must_use]
    pub fn random(mut self, random: impl Random + Send + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// When a text cannot travel in a header, the session's file cannot be read, or there is no HTTP client.
    pub fn build(mut self) -> Result<MiCloud, Error> {
        if let (Some(file), None) = (&self.file, &self.session) {
            self.session = Session::load(file)?;
        }
        let known = self.session.as_ref().map(|session| session.device_id.clone());
        let device_id = known.or_else(|| self.device_id.take());
        let device_id = device_id.unwrap_or_else(|| DeviceId::random(&mut *self.random));
        let mut identity = Identity::new(device_id);
        let wrong = |what| {
            move |error: crate::InvalidIdentity| Error::new(Cause::Setting(what, error.to_string()))
        };
        if let Some(locale) = &self.locale {
            identity = identity.locale(locale).map_err(wrong("locale"))?;
        }
        if let Some(timezone) = &self.timezone {
            identity = identity.timezone(timezone).map_err(wrong("time zone"))?;
        }
        if let Some(text) = &self.user_agent {
            identity = identity.user_agent(text).map_err(wrong("User-Agent"))?;
        }
        let http = match self.http.take() {
            Some(http) => http,
            None => {
                let client = iot_home_http::Client::new()
                    .map_err(|e| Error::new(Cause::Setting("HTTP client", e.to_string())))?;
                Arc::new(client)
            }
        };
        Ok(MiCloud::new(self, identity, http))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("region", &self.region).finish_non_exhaustive()
    }
}
