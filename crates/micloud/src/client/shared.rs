//! What the clones of a client share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::{Clock, Instant, Random};
use iot_home_http::HttpClient;
use tokio::sync::watch;

use super::error::{Cause, Error};
use super::file::SessionFile;
use super::renewal::Renewal;
use super::wire;
use crate::{Hosts, Identity, Region, Request, Response, Session};

/// What a program does with a session that is new.
pub(super) type OnSession = Box<dyn Fn(&Session) + Send + Sync>;

pub(super) struct Shared {
    /// What new sessions are told to be for.
    region: Region,
    pub(super) identity: Identity,
    pub(super) hosts: Hosts,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock + Send + Sync>,
    random: Mutex<Box<dyn Random + Send>>,
    file: Option<SessionFile>,
    on_session: Option<OnSession>,
    state: Mutex<State>,
    /// Tells those who wait that a renewal has ended.
    pub(super) ended: watch::Sender<()>,
    /// One file is written at a time.
    saving: tokio::sync::Mutex<()>,
    /// How many seconds the server's clock is ahead of ours.
    ahead: AtomicI64,
}

/// What changes: the session, and what its renewal is at.
pub(super) struct State {
    pub(super) session: Option<Arc<Session>>,
    pub(super) renewal: Renewal,
}

/// What a program says once.
pub(super) struct Setup {
    pub(super) region: Region,
    pub(super) identity: Identity,
    pub(super) hosts: Hosts,
    pub(super) http: Arc<dyn HttpClient>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) random: Box<dyn Random + Send>,
    pub(super) file: Option<SessionFile>,
    pub(super) on_session: Option<OnSession>,
}

impl Shared {
    pub(super) fn new(setup: Setup, session: Option<Session>) -> Self {
        let Setup { region, identity, hosts, http, clock, random, file, on_session } = setup;
        let state = State { session: session.map(Arc::new), renewal: Renewal::default() };
        Self {
            region,
            identity,
            hosts,
            http,
            clock,
            random: Mutex::new(random),
            file,
            on_session,
            state: Mutex::new(state),
            ended: watch::Sender::new(()),
            saving: tokio::sync::Mutex::new(()),
            ahead: AtomicI64::new(0),
        }
    }

    /// Sends a request, and learns from its answer what time it is.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        longest: usize,
    ) -> Result<Response, Error> {
        let (response, date) = wire::exchange(&*self.http, request, longest).await?;
        if let Some(date) = date {
            let ours = seconds(self.clock.unix_time());
            self.ahead.store(seconds(date).saturating_sub(ours), Ordering::Relaxed);
        }
        Ok(response)
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// How many seconds the server's clock is ahead of ours.
    pub(super) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// The time since 1970, as the server has it.
    pub(super) fn server_time(&self) -> Duration {
        let (ours, ahead) = (self.clock.unix_time(), self.ahead());
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { ours.saturating_sub(by) } else { ours.saturating_add(by) }
    }

    pub(super) fn random(&self) -> MutexGuard<'_, Box<dyn Random + Send>> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.state().session.clone()
    }

    /// Uses this session from now on, hands it to the program, and writes it down where there is a file.
    pub(super) async fn adopt(&self, mut session: Session) -> Result<(), Error> {
        session.region = Some(self.region);
        let session = Arc::new(session);
        {
            let mut state = self.state();
            state.session = Some(Arc::clone(&session));
            state.renewal.replaced();
        }
        self.keep(&session).await
    }

    async fn keep(&self, session: &Session) -> Result<(), Error> {
        if let Some(on_session) = &self.on_session {
            on_session(session);
        }
        let Some(file) = &self.file else { return Ok(()) };
        let _turn = self.saving.lock().await;
        // What is in use by now, which may be newer.
        let Some(session) = self.session() else { return Ok(()) };
        let (file, mark) = (file.clone(), self.random().next_u64());
        let saved = tokio::task::spawn_blocking(move || file.write(&session, mark)).await;
        saved.unwrap_or_else(|_| Err(Error::new(Cause::Ended)))
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
