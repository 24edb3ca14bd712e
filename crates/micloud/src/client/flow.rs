//! A login over the network, whose challenges are handed out as data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::Secret;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::{Answer, Challenge, Login, LoginError, Method, Session, Step};

/// A login under way.
///
/// ```
/// # use iot_home_micloud::Challenge;
/// # use iot_home_micloud::client::{Error, Event, MiCloud};
/// # fn ask(_: &Challenge) -> String { String::new() }
/// # async fn example(cloud: MiCloud) -> Result<(), Error> {
/// let mut login = cloud.log_in("someone@example.com", "made up");
/// loop {
///     match login.next().await? {
///         Event::Ask(challenge) => login.answer(ask(&challenge))?,
///         Event::Done(session) => break println!("logged in as {}", session.user_id),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct LoginFlow {
    cloud: MiCloud,
    login: Login,
    /// Whether the session is taken over by whoever runs this.
    quiet: bool,
    over: Option<Arc<Session>>,
}

/// What a login comes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A person has to say something: pass it to [`LoginFlow::answer`]. It comes again until then.
    Ask(Challenge),
    /// Logged in. The client uses the session from now on, and has kept it in its file.
    Done(Arc<Session>),
}

impl MiCloud {
    /// Logs in with a password. `user` is an e-mail address, a phone number with its country's code, or the account's
    /// number. Never do it on a timer: after a few failures the server blocks the account's logins for a day.
    pub fn log_in(&self, user: &str, password: &str) -> LoginFlow {
        self.flow(Login::password(self.shared.identity.clone(), user, password))
    }

    /// Logs in by a QR code that the app scans.
    pub fn log_in_by_qr(&self) -> LoginFlow {
        self.flow(Login::qr(self.shared.identity.clone(), self.shared.unix_time()))
    }

    /// Logs in with a passToken, such as one of a browser's cookies of account.xiaomi.com.
    ///
    /// # Errors
    /// When one of the texts cannot be a cookie.
    pub fn log_in_by_pass_token(
        &self,
        user_id: &str,
        pass_token: &Secret<String>,
    ) -> Result<LoginFlow, Error> {
        let login = Login::pass_token(self.shared.identity.clone(), user_id, pass_token);
        let login =
            login.map_err(|error| Error::new(Cause::Setting("passToken", error.to_string())))?;
        Ok(self.flow(login))
    }

    fn flow(&self, login: Login) -> LoginFlow {
        let login = login.hosts(self.shared.hosts.clone());
        LoginFlow { cloud: self.clone(), login, quiet: false, over: None }
    }
}

impl LoginFlow {
    pub(super) fn renewing(cloud: &MiCloud, login: Login) -> Self {
        Self { quiet: true, ..cloud.flow(login) }
    }

    /// Goes on until a person is asked, or the login is over.
    ///
    /// # Errors
    /// When the login fails, or the session cannot be written to its file. In the latter case it is used all the same.
    ///
    /// # Cancel safety
    /// When the future is dropped, the next one takes the same step again.
    pub async fn next(&mut self) -> Result<Event, Error> {
        if let Some(session) = &self.over {
            return Ok(Event::Done(Arc::clone(session)));
        }
        let shared = Arc::clone(&self.cloud.shared);
        let (mut lost, mut repeated) = (None, false);
        loop {
            let now = shared.now();
            let request = match self.login.step(now) {
                Step::Send(request) => request,
                Step::Wait(until) => {
                    tokio::time::sleep(until.saturating_since(now)).await;
                    continue;
                }
                Step::Ask(challenge) => return Ok(Event::Ask(challenge.clone())),
                Step::Done(session) => {
                    let session = Arc::new(session.clone());
                    self.over = Some(Arc::clone(&session));
                    if !self.quiet {
                        shared.renewal.reset();
                        self.cloud.adopt(Arc::clone(&session)).await?;
                    }
                    return Ok(Event::Done(session));
                }
                Step::Failed(LoginError::Unanswered) => {
                    let cause = lost.map_or(Cause::Login(LoginError::Unanswered), Cause::Http);
                    return Err(Error::new(cause));
                }
                Step::Failed(error) => return Err(Error::new(Cause::Login(error))),
            };
            match shared.exchange(&request, Duration::MAX).await {
                Ok(response) => {
                    repeated = false;
                    self.login.handle(shared.now(), &response);
                }
                // A connection that was kept alive may have been closed meanwhile.
                Err(error)
                    if request.method == Method::Get
                        && error.kind() == iot_home_http::ErrorKind::Io
                        && !repeated =>
                {
                    repeated = true;
                }
                Err(error) => {
                    lost = Some(error);
                    self.login.unanswered(shared.now());
                }
            }
        }
    }

    /// What a person said to the challenge.
    ///
    /// # Errors
    /// When it does not fit what is asked; then it is still asked.
    pub fn answer(&mut self, answer: impl Into<Answer>) -> Result<(), Error> {
        self.login.answer(answer).map_err(|error| Error::new(Cause::Answer(error)))
    }
}

impl fmt::Debug for LoginFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginFlow").field("login", &self.login).finish_non_exhaustive()
    }
}
