//! One renewal of the login for all who wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use super::flow::{Event, LoginFlow};
use super::policy::Renewals;
use crate::{Login, LoginError, Session};

/// Who renews, and how the last time went.
#[derive(Default)]
pub(super) struct Renewal {
    /// Held by the one who renews.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    renewals: Renewals,
    /// How many have failed so far, and how the last of them did.
    failed: (u64, Option<Error>),
    /// The passToken is of no use: only a person helps.
    refused: Option<LoginError>,
}

impl Renewal {
    /// A call was accepted with this session.
    pub(super) fn accepted(&self, session: &Arc<Session>, cloud: &MiCloud) {
        if cloud.session().is_some_and(|current| Arc::ptr_eq(&current, session)) {
            self.known().renewals.accepted();
        }
    }

    /// A person has logged in.
    pub(super) fn reset(&self) {
        let mut known = self.known();
        known.renewals.reset();
        known.refused = None;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MiCloud {
    /// Replaces a session that is not accepted. Whoever comes while another does it takes what that gave.
    pub(super) async fn renew(&self, expired: &Arc<Session>) -> Result<(), Error> {
        let renewal = &self.shared.renewal;
        let failures = renewal.known().failed.0;
        let _turn = renewal.turn.lock().await;
        if self.session().is_some_and(|current| !Arc::ptr_eq(&current, expired)) {
            return Ok(());
        }
        {
            let mut known = renewal.known();
            if let (true, Some(error)) = (known.failed.0 != failures, &known.failed.1) {
                return Err(error.clone());
            }
            if let Some(error) = known.refused {
                return Err(Error::new(Cause::NotRenewed(error)));
            }
            known
                .renewals
                .begin(self.shared.now())
                .map_err(|wait| Error::new(Cause::TooOften(wait)))?;
        }
        let renewed = self.log_in_again(expired).await;
        let mut known = renewal.known();
        match renewed {
            Ok(()) => {
                known.renewals.renewed();
                Ok(())
            }
            Err(error) => {
                let error = match error.login_error() {
                    Some(reason) if needs_person(reason) => {
                        known.refused = Some(reason);
                        Error::new(Cause::NotRenewed(reason))
                    }
                    _ => error,
                };
                known.failed = (known.failed.0.wrapping_add(1), Some(error.clone()));
                Err(error)
            }
        }
    }

    async fn log_in_again(&self, expired: &Session) -> Result<(), Error> {
        let login = Login::renew(self.shared.identity.clone(), expired)
            .map_err(|_| Error::new(Cause::Login(LoginError::PassToken)))?;
        let mut flow = LoginFlow::renewing(self, login);
        match flow.next().await? {
            Event::Done(session) => {
                if let Err(error) = self.adopt(session).await {
                    // The calls go on; who needs the file sees it here.
                    tracing::warn!(%error, "a renewed session was not kept");
                }
                Ok(())
            }
            // There is nobody to ask.
            Event::Ask(_) => Err(Error::new(Cause::Login(LoginError::PassToken))),
        }
    }

    /// Takes a session for the present one, and keeps it.
    pub(super) async fn adopt(&self, session: Arc<Session>) -> Result<(), Error> {
        self.shared.session.send_replace(Some(Arc::clone(&session)));
        let Some(file) = self.shared.file.clone() else { return Ok(()) };
        let saving = tokio::task::spawn_blocking(move || session.save(&file));
        saving.await.map_err(|_| Error::new(Cause::Interrupted))?
    }
}

/// Whether the same passToken will be refused again.
const fn needs_person(error: LoginError) -> bool {
    use LoginError::{Credentials, NoChannel, PassToken, Unverifiable};
    matches!(error, PassToken | Credentials { .. } | Unverifiable { .. } | NoChannel)
}
