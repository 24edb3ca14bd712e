//! The one way that calls go: sign, send, open; and again, where that helps and does no harm.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::backoff::Backoff;
use super::cloud::MiCloud;
use super::dialog::conduct;
use super::error::{Cause, Error, ErrorKind, LoginReason};
use super::renewal::{Ticket, Verdict};
use super::shared::Shared;
use crate::{Call, Expiry, Login, MAX_INFLATED, Session, Signed};

impl MiCloud {
    /// Makes a call of [`api`](crate::api), or any other.
    ///
    /// Where the login has expired it is renewed, once for all calls at a time, and the call is signed anew. Where the
    /// connection fails or the server has an outage, a call that may be [repeated](Call::is_repeatable) is sent up to three
    /// times more, after pauses that grow.
    ///
    /// # Errors
    /// When there is no result; [`NeedsLogin`](ErrorKind::NeedsLogin) when a person must log in.
    ///
    /// # Cancel safety
    /// What was sent may have been done. A renewal of the login that was begun is finished all the same.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call<T>) -> Result<T, Error> {
        let shared = &self.shared;
        let (mut backoff, mut renewed, mut told_time) = (Backoff::default(), false, false);
        loop {
            let (session, ticket) = shared.current()?;
            let ahead = shared.ahead();
            let error = match self.sign(call, &session) {
                Some(signed) => match self.attempt(call, &signed).await {
                    Ok(result) => return Ok(result),
                    Err(error) => error,
                },
                // A session whose keys are still to be had.
                None if renewed => return Err(Error::person(LoginReason::PassTokenRefused)),
                None => {
                    renewed = true;
                    shared.renew(ticket).await?;
                    continue;
                }
            };
            if let Some(expiry) = error.expiry() {
                // Only now it is known what time the server has: that alone may have been wrong.
                let moved = shared.ahead().abs_diff(ahead) > OFF_BY;
                if expiry == Expiry::InvalidSignature && moved && !told_time {
                    told_time = true;
                    continue;
                }
                if renewed {
                    return Err(error);
                }
                tracing::debug!(path = call.path(), %expiry, "the login is not accepted");
                renewed = true;
                shared.renew(ticket).await?;
                continue;
            }
            if !call.is_repeatable() || !may_pass(&error) {
                return Err(error);
            }
            let pause = backoff.pause(&mut **shared.random());
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(path = call.path(), %error, ?pause, "sent again in a moment");
            tokio::time::sleep(pause).await;
        }
    }

    /// Calls any path, as [`Call::new`] does, and gives its result as JSON. It is not repeated, since nobody knows what it does.
    ///
    /// # Errors
    /// [`BadInput`](ErrorKind::BadInput) when the path is none or the data is no JSON, and as for [`send`](Self::send).
    pub async fn call(&self, path: &str, data: &str) -> Result<Value, Error> {
        self.send(&Call::new(path, data)?).await
    }

    pub(super) fn sign<T>(&self, call: &Call<T>, session: &Session) -> Option<Signed<T>> {
        let credentials = session.credentials(SID)?;
        let time = self.shared.server_time();
        Some(self.api.sign(call, &credentials, time, &mut **self.shared.random()))
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        call: &Call<T>,
        signed: &Signed<T>,
    ) -> Result<T, Error> {
        let response = self.shared.exchange(signed.request(), MAX_INFLATED).await?;
        signed.open(&response).map_err(|error| Error::api(call.path(), error))
    }
}

/// There is nothing to sign with.
pub(super) fn no_keys() -> Error {
    Error::person(LoginReason::NoSession)
}

/// Whether it may be over in a moment. A time that is over was long enough for another try within it.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Transport | ErrorKind::Unavailable => true,
        // A connection that was not made in time, and not the call's own time.
        ErrorKind::Timeout => error.http_error().is_some(),
        _ => false,
    }
}

impl Shared {
    /// The session that calls are signed with, and what is known of renewals by now.
    fn current(&self) -> Result<(Arc<Session>, Ticket), Error> {
        let state = self.state();
        let session = state.session.clone();
        let session = session.ok_or_else(no_keys)?;
        Ok((session, state.renewal.ticket()))
    }

    /// Sees to it that there is another session than a call had.
    async fn renew(self: &Arc<Self>, ticket: Ticket) -> Result<(), Error> {
        let mut ended = self.ended.subscribe();
        loop {
            let verdict = self.state().renewal.expired(self.now(), ticket);
            match verdict {
                Verdict::Sign => return Ok(()),
                Verdict::Fail(error) => return Err(error),
                Verdict::Wait => {}
                // In a task of its own: whoever waits may go away, and a passToken that was changed must not be lost.
                Verdict::Begin => drop(tokio::spawn(renew(Ending(Arc::clone(self), None)))),
            }
            if ended.changed().await.is_err() {
                return Err(Error::new(Cause::Ended));
            }
        }
    }

    async fn log_in_again(&self) -> Result<(), Error> {
        let before = self.session().ok_or_else(no_keys)?;
        let login = Login::renew(self.identity.clone(), &before)
            .map_err(|_| Error::person(LoginReason::NoPassToken))?;
        let mut login = login.hosts(self.hosts.clone());
        let session = match conduct(self, &mut login, &mut None).await {
            Ok(Some(session)) => session,
            Ok(None) => return Err(Error::person(LoginReason::Challenged)),
            Err(error) => return Err(in_a_renewal(error)),
        };
        if !self.session().is_some_and(|now| Arc::ptr_eq(&now, &before)) {
            // A person was faster.
            return Ok(());
        }
        tracing::debug!("the login was renewed");
        if let Err(error) = self.adopt(session).await {
            tracing::warn!(%error, "the renewed session is in use, and was not saved");
        }
        Ok(())
    }
}

/// What the refusal of a passToken means to whoever made a call.
fn in_a_renewal(error: Error) -> Error {
    use crate::LoginError::{Credentials, NoChannel, PassToken, Unverifiable};

    match error.login_error() {
        Some(PassToken | Credentials { .. }) => Error::person(LoginReason::PassTokenRefused),
        Some(Unverifiable { .. } | NoChannel) => Error::person(LoginReason::Challenged),
        _ => error,
    }
}

async fn renew(mut ending: Ending) {
    let failure = ending.0.log_in_again().await.err();
    if let Some(error) = &failure {
        tracing::debug!(%error, "the login was not renewed");
    }
    ending.1 = Some(failure);
}

/// A renewal under way. However it ends, those who wait are told.
struct Ending(Arc<Shared>, Option<Option<Error>>);

impl Drop for Ending {
    fn drop(&mut self) {
        let failure = self.1.take().unwrap_or_else(|| Some(Error::new(Cause::Ended)));
        self.0.state().renewal.ended(failure);
        self.0.ended.send_replace(());
    }
}

/// The service whose keys calls are signed with.
const SID: &str = "xiaomiio";
/// So many seconds of difference the server does not mind: it counts minutes.
const OFF_BY: u64 = 30;
