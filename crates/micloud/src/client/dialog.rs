//! A login under way.

use std::fmt;
use std::sync::Arc;

use super::error::Error;
use super::shared::Shared;
use crate::login::Step;
use crate::{Answer, Challenge, Login, LoginError, Method, Session};

/// A login under way: what a person is asked comes out as data, and nothing is ever prompted for.
///
/// ```no_run
/// # use iot_home_micloud::client::Error;
/// # use iot_home_micloud::{Answer, Challenge, MiCloud};
/// # fn ask(_: &Challenge) -> Answer { Answer::Shown }
/// # async fn log_in(cloud: MiCloud) -> Result<(), Error> {
/// let mut dialog = cloud.log_in("someone@example.com", "made up");
/// while let Some(challenge) = dialog.challenge().await? {
///     let answer = ask(challenge);
///     dialog.answer(answer)?;
/// }
/// println!("logged in: {}", cloud.is_logged_in());
/// # Ok(())
/// # }
/// ```
pub struct Dialog {
    shared: Arc<Shared>,
    login: Login,
    /// Why the last request was not answered.
    lost: Option<Error>,
    adopted: bool,
}

impl Dialog {
    pub(super) fn new(shared: Arc<Shared>, login: Login) -> Self {
        Self { shared, login, lost: None, adopted: false }
    }

    /// Goes on until a person is asked, or until there is nothing more to do: then the client is logged in. The same
    /// challenge comes until it is [answered](Self::answer).
    ///
    /// # Errors
    /// When the login failed, or when the session could not be saved: then it is in use all the same.
    ///
    /// # Cancel safety
    /// A request whose answer was not waited for is sent again. A code may be sent twice that way.
    pub async fn challenge(&mut self) -> Result<Option<&Challenge>, Error> {
        self.proceed().await?;
        match self.login.step(self.shared.now()) {
            Step::Ask(challenge) => Ok(Some(challenge)),
            _ => Ok(None),
        }
    }

    /// Passes on what a person said.
    ///
    /// # Errors
    /// When it does not fit the challenge, which then still stands.
    pub fn answer(&mut self, answer: impl Into<Answer>) -> Result<(), Error> {
        Ok(self.login.answer(answer)?)
    }

    async fn proceed(&mut self) -> Result<(), Error> {
        match conduct(&self.shared, &mut self.login, &mut self.lost).await? {
            Some(session) if !self.adopted => {
                self.adopted = true;
                self.shared.adopt(session).await
            }
            _ => Ok(()),
        }
    }
}

/// Takes a login's steps until it is done, which gives a session, or until a person is asked.
pub(super) async fn conduct(
    shared: &Shared,
    login: &mut Login,
    lost: &mut Option<Error>,
) -> Result<Option<Session>, Error> {
    loop {
        let now = shared.now();
        let request = match login.step(now) {
            Step::Send(request) => request,
            Step::Wait(until) => {
                tokio::time::sleep(until.saturating_since(now)).await;
                continue;
            }
            Step::Ask(_) => return Ok(None),
            Step::Done(session) => return Ok(Some(session.clone())),
            // Why there was no answer says more than that there was none.
            Step::Failed(LoginError::Unanswered) => {
                return Err(lost.clone().unwrap_or_else(|| LoginError::Unanswered.into()));
            }
            Step::Failed(error) => return Err(error.into()),
        };
        let mut answer = shared.exchange(&request, LONGEST).await;
        if answer.as_ref().is_err_and(|error| request.method == Method::Get && is_broken(error)) {
            answer = shared.exchange(&request, LONGEST).await;
        }
        match answer {
            Ok(response) => login.handle(shared.now(), &response),
            Err(error) => {
                *lost = Some(error);
                login.unanswered(shared.now());
            }
        }
    }
}

/// Whether a connection broke or was not made, so that another may do better. A time that is over is over.
fn is_broken(error: &Error) -> bool {
    error.kind() == super::ErrorKind::Transport
}

/// Pages and images are shorter.
const LONGEST: usize = 1 << 20;

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialog").field("login", &self.login).finish_non_exhaustive()
    }
}
