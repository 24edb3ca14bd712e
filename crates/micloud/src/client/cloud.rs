//! The handle, and how a call is made.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::{Clock, Instant, Random, Secret};
use iot_home_http::{ErrorKind as HttpKind, HttpClient};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::builder::Builder;
use super::error::{Cause, Error};
use super::gather::Gather;
use super::policy::{Attempts, Fault, Verdict};
use super::renewal::Renewal;
use super::transport::{self, Offset};
use crate::error::Expiry;
use crate::{Api, ApiError, Call, Hosts, Identity, Mode, Region, Session};

/// The Mi cloud, for one account. Cloning it is cheap, and clones share session and connections.
///
/// A login that has expired is renewed by itself, once for all callers, and the calls that failed for it are signed
/// anew. What passes by itself is tried again where that is safe.
#[derive(Clone)]
pub struct MiCloud {
    pub(super) shared: Arc<Shared>,
    pub(super) view: Arc<View>,
}

/// What calls to a region have in common.
pub(super) struct View {
    api: Api,
    region: Region,
    pub(super) gather: Gather,
}

pub(super) struct Shared {
    pub(super) identity: Identity,
    pub(super) hosts: Hosts,
    mode: Mode,
    pub(super) timeout: Duration,
    pub(super) file: Option<PathBuf>,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock + Send + Sync>,
    random: Mutex<Box<dyn Random + Send>>,
    offset: Offset,
    pub(super) session: watch::Sender<Option<Arc<Session>>>,
    pub(super) renewal: Renewal,
}

impl MiCloud {
    /// Says what the client is to be.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn new(builder: Builder, identity: Identity, http: Arc<dyn HttpClient>) -> Self {
        let session = builder.session.map(Arc::new);
        let shared = Shared {
            identity,
            hosts: builder.hosts,
            mode: builder.mode,
            timeout: builder.timeout,
            file: builder.file,
            http,
            clock: builder.clock,
            random: Mutex::new(builder.random),
            offset: Offset::default(),
            session: watch::Sender::new(session),
            renewal: Renewal::default(),
        };
        Self::view(Arc::new(shared), builder.region, builder.mode)
    }

    fn view(shared: Arc<Shared>, region: Region, mode: Mode) -> Self {
        let api = Api::new(region, shared.identity.clone()).hosts(shared.hosts.clone()).mode(mode);
        Self { shared, view: Arc::new(View { api, region, gather: Gather::default() }) }
    }

    /// The same account in another region.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self::view(Arc::clone(&self.shared), region, self.shared.mode)
    }

    /// The same account, whose calls are signed in another mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self::view(Arc::clone(&self.shared), self.view.region, mode)
    }

    /// The region that is asked.
    pub fn region(&self) -> Region {
        self.view.region
    }

    /// The session of now, if anybody is logged in.
    pub fn session(&self) -> Option<Arc<Session>> {
        self.shared.session.borrow().clone()
    }

    /// Tells of each new session: of a login, and of one that was renewed.
    pub fn sessions(&self) -> watch::Receiver<Option<Arc<Session>>> {
        self.shared.session.subscribe()
    }

    /// Any call whose path has no method here, its data and its result as JSON. It is not repeated on its own, unless
    /// its failure was an expired login.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) for what is no path; otherwise as for [`send`](Self::send).
    pub async fn call(&self, path: &str, data: &Value) -> Result<Value, Error> {
        let call = Call::new(path, &data.to_string()).map_err(|e| Error::new(Cause::Call(e)))?;
        self.send(&call).await
    }

    /// Makes a call of [`api`](crate::api), or one that was made by [`Call::new`].
    ///
    /// # Errors
    /// When there is no result: the error's [kind](Error::kind) says why.
    ///
    /// # Cancel safety
    /// When the future is dropped the call may have been sent, or not.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call<T>) -> Result<T, Error> {
        let shared = &*self.shared;
        let deadline = shared.now() + shared.timeout;
        let mut attempts = Attempts::new(call.is_repeatable(), deadline);
        loop {
            let session = self.session().ok_or_else(|| Error::new(Cause::NoSession))?;
            let ahead = shared.offset.seconds();
            let (cause, fault) = match self.attempt(call, &session, &attempts).await {
                Ok(result) => {
                    shared.renewal.accepted(&session, self);
                    return Ok(result);
                }
                Err(failure) => failure,
            };
            let corrected = shared.offset.seconds().abs_diff(ahead) >= 60;
            let fault = match (&cause, fault) {
                (Cause::Api(ApiError::Expired(Expiry::InvalidSignature)), _) if corrected => {
                    Fault::Clock
                }
                (_, fault) => fault,
            };
            let verdict = attempts.failed(shared.now(), fault, &mut **shared.random());
            tracing::debug!(path = call.path(), ?fault, ?verdict, "a call failed");
            match verdict {
                Verdict::Again(pause) => tokio::time::sleep(pause).await,
                Verdict::Renew => {
                    let left = attempts.left(shared.now());
                    let renewing = self.renew(&session);
                    let late = |_| Error::new(Cause::Timeout);
                    tokio::time::timeout(left, renewing).await.map_err(late)??;
                }
                Verdict::GiveUp => {
                    let unknown = fault == (Fault::Passing { sent: true }) && !call.is_repeatable();
                    return Err(Error::new(if unknown {
                        Cause::MaybeSent(Box::new(cause))
                    } else {
                        cause
                    }));
                }
            }
        }
    }

    /// The signed address of a GET call, such as a camera's playlist or picture, to hand to a player. It is good for some
    /// minutes, for whoever has it. Nothing is sent.
    ///
    /// # Errors
    /// When nobody is logged in.
    pub fn signed_url<T>(&self, call: &Call<T>) -> Result<Secret<String>, Error> {
        let session = self.session().ok_or_else(|| Error::new(Cause::NoSession))?;
        let credentials = session.credentials(SID).ok_or_else(|| Error::new(Cause::NoSession))?;
        let time = self.shared.unix_time();
        let signed = self.view.api.sign(call, &credentials, time, &mut **self.shared.random());
        Ok(Secret::new(signed.request().url.clone()))
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        call: &Call<T>,
        session: &Session,
        attempts: &Attempts,
    ) -> Result<T, (Cause, Fault)> {
        let shared = &*self.shared;
        // A session without keys has to get some first.
        let credentials = session
            .credentials(SID)
            .ok_or_else(|| (Cause::Api(ApiError::Expired(Expiry::TokenExpired)), Fault::Expired))?;
        let signed = {
            let time = shared.unix_time();
            self.view.api.sign(call, &credentials, time, &mut **shared.random())
        };
        let left = attempts.left(shared.now());
        let response = shared.exchange(signed.request(), left).await.map_err(|error| {
            let fault = match error.kind() {
                HttpKind::Connect => Fault::Passing { sent: false },
                HttpKind::Timeout | HttpKind::Io => Fault::Passing { sent: true },
                _ => Fault::Lasting,
            };
            (Cause::Http(error), fault)
        })?;
        signed.open(&response).map_err(|error| {
            let fault = match &error {
                ApiError::Expired(_) => Fault::Expired,
                error if error.is_transient() => Fault::Passing { sent: true },
                _ => Fault::Lasting,
            };
            (Cause::Api(error), fault)
        })
    }
}

impl Shared {
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The time as the server has it.
    pub(super) fn unix_time(&self) -> Duration {
        self.offset.unix_time(&*self.clock)
    }

    pub(super) fn random(&self) -> MutexGuard<'_, Box<dyn Random + Send>> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request, and learns the server's time from its answer.
    pub(super) async fn exchange(
        &self,
        request: &crate::Request,
        patience: Duration,
    ) -> Result<crate::Response, iot_home_http::Error> {
        let answer = transport::send(&*self.http, request, patience).await;
        if let Ok(response) = &answer {
            self.offset.learn(response, &*self.clock);
        }
        tracing::trace!(?request, status = ?answer.as_ref().map(|answer| answer.status), "sent");
        answer
    }
}

impl fmt::Debug for MiCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiCloud").field("region", &self.view.region).finish_non_exhaustive()
    }
}

/// The service that the API belongs to.
pub(super) const SID: &str = "xiaomiio";
