//! Logging in, without IO and without asking anybody.
//!
//! A login is told what came back and what a person said, and tells what to do next:
//!
//! 1. Take the [`step`](Login::step).
//! 2. [`Step::Send`]: send the request, do not follow redirects, and pass the answer to
//!    [`handle`](Login::handle); or say that none came, by [`unanswered`](Login::unanswered).
//! 3. [`Step::Ask`]: show the [`Challenge`], and pass what the person says to [`answer`](Login::answer).
//! 4. [`Step::Wait`]: wait until then.
//! 5. [`Step::Done`] and [`Step::Failed`] are the end. Otherwise begin again.
//!
//! Taking a step changes nothing: whoever was interrupted takes it again.

mod account;
mod challenge;
mod error;
mod exchange;
mod password;
mod qr;
mod sending;
mod state;
mod verification;

use core::fmt;
use core::time::Duration;

use iot_home_core::{Instant, Secret};
use md5::{Digest as _, Md5};

pub use self::challenge::{Answer, AnswerError, Challenge, Channel};
pub use self::error::LoginError;
use self::exchange::Chain;
use self::password::FirstAnswer;
pub use self::qr::LongPoll;
use self::qr::Scan;
pub use self::state::Step;
use self::state::{By, Expected, State};
use self::verification::Verification;
use crate::cookie::{Jar, is_value};
use crate::{Hosts, Identity, Request, Response, Session};

/// A login under way.
pub struct Login {
    identity: Identity,
    hosts: Hosts,
    sid: String,
    trust: bool,
    long_poll: LongPoll,
    by: By,
    /// What is known of the account beforehand: its keys to other services stay.
    session: Option<Session>,
    jar: Jar,
    state: State,
    first: FirstAnswer,
    /// What a person read from the image.
    captcha: Option<Secret<String>>,
    verification: Option<Verification>,
    chain: Chain,
    scan: Option<Scan>,
    /// Whether it was begun anew after a failure that passes.
    retried: bool,
}

impl Login {
    /// Logs in with a password. `user` is an e-mail address, a phone number with its country's code, or the
    /// account's number.
    ///
    /// Never do it on a timer: after a few failures the server blocks the account's logins for a day.
    pub fn password(identity: Identity, user: &str, password: &str) -> Self {
        let digest: [u8; 16] = Md5::digest(password.as_bytes()).into();
        let hash = Secret::new(digest.iter().map(|byte| format!("{byte:02X}")).collect());
        Self::new(identity, By::Password { user: user.to_owned(), hash })
    }

    /// Logs in by a QR code. `unix_time` is the time since 1970.
    pub fn qr(identity: Identity, unix_time: Duration) -> Self {
        Self::new(identity, By::Qr { unix_time })
    }

    /// Logs in with a passToken: of an earlier login, or copied from a browser's cookies of account.xiaomi.com.
    ///
    /// # Errors
    /// When a text cannot be a cookie's value.
    pub fn pass_token(
        identity: Identity,
        user_id: &str,
        pass_token: &Secret<String>,
    ) -> Result<Self, InvalidPassToken> {
        let token = pass_token.expose().trim();
        if [user_id, token].iter().any(|text| text.is_empty() || !is_value(text)) {
            return Err(InvalidPassToken);
        }
        let mut login = Self::new(identity, By::PassToken);
        login.jar.set("userId", user_id);
        login.jar.set("passToken", token);
        Ok(login)
    }

    /// Logs in again with the passToken of a session. The keys of its other services stay.
    ///
    /// # Errors
    /// When the session has no passToken, or none that can travel.
    pub fn renew(identity: Identity, session: &Session) -> Result<Self, InvalidPassToken> {
        let token = session.pass_token.as_ref().ok_or(InvalidPassToken)?;
        let mut login = Self::pass_token(identity, &session.user_id, token)?;
        if let Some(c_user_id) = &session.c_user_id {
            login.jar.set("cUserId", c_user_id);
        }
        login.session = Some(session.clone());
        Ok(login)
    }

    fn new(identity: Identity, by: By) -> Self {
        Self {
            identity,
            hosts: Hosts::default(),
            sid: "xiaomiio".into(),
            trust: true,
            long_poll: LongPoll::default(),
            by,
            session: None,
            jar: Jar::default(),
            state: State::New,
            first: FirstAnswer::default(),
            captcha: None,
            verification: None,
            chain: Chain::default(),
            scan: None,
            retried: false,
        }
    }

    /// Talks to these servers.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Logs in to this service instead of `xiaomiio`, the Mi Home API.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = sid.into();
        self
    }

    /// Whether the server is asked to remember this installation after a verification. It is, unless told otherwise.
    #[must_use]
    pub fn trust(mut self, trust: bool) -> Self {
        self.trust = trust;
        self
    }

    /// How to wait for a QR code to be scanned.
    #[must_use]
    pub fn long_poll(mut self, style: LongPoll) -> Self {
        self.long_poll = style;
        self
    }

    /// What to do next. The same until something is handled, answered, or waited for.
    pub fn step(&self, now: Instant) -> Step<'_> {
        match &self.state {
            State::New => Step::Send(self.beginning().1),
            State::Paused { until, .. } if now < *until => Step::Wait(*until),
            State::Sent { expected, request } | State::Paused { expected, request, .. } => {
                let mut request = (**request).clone();
                if *expected == Expected::QrScan {
                    match self.scan.as_ref().and_then(|scan| scan.patience(now, self.long_poll)) {
                        Some(timeout) => request.timeout = timeout,
                        None => return Step::Failed(LoginError::QrExpired),
                    }
                }
                Step::Send(request)
            }
            State::Asked(challenge) => Step::Ask(challenge),
            State::Done(session) => Step::Done(session),
            State::Failed(error) => Step::Failed(*error),
        }
    }

    /// Takes in what came back to the request of the last step.
    pub fn handle(&mut self, now: Instant, response: &Response) {
        let (expected, url) = match &self.state {
            State::New => {
                let (expected, request) = self.beginning();
                (expected, request.url)
            }
            State::Sent { expected, request } | State::Paused { expected, request, .. } => {
                (*expected, request.url.clone())
            }
            // Nothing was asked, so that nobody can have answered.
            State::Asked(_) | State::Done(_) | State::Failed(_) => return,
        };
        self.jar.keep(&self.hosts, &url, response);
        let next = match expected {
            Expected::First => self.on_first(response),
            Expected::Auth => self.on_auth(response),
            Expected::Image => self.on_image(response),
            Expected::Channels => self.on_channels(response),
            Expected::MaskedAddress => self.on_masked_address(response),
            Expected::CodeSent => self.on_code_sent(response),
            Expected::CodeChecked => self.on_code_checked(response),
            Expected::CheckResult => self.on_check_result(&url, response),
            Expected::Hop => self.on_hop(&url, response),
            Expected::QrCode => self.on_qr_code(now, response),
            Expected::QrScan => self.on_qr_scan(now, response),
        };
        self.state = next.unwrap_or_else(State::Failed);
    }

    /// Takes in that no answer came: in time, or at all. While a QR code waits to be scanned that is as it should be;
    /// otherwise the login ends. A GET request may be sent a second time instead of saying so.
    pub fn unanswered(&mut self, now: Instant) {
        self.state = match core::mem::replace(&mut self.state, State::New) {
            State::Sent { expected: Expected::QrScan, request }
            | State::Paused { expected: Expected::QrScan, request, .. } => {
                self.scan_again(now, request)
            }
            State::New | State::Sent { .. } | State::Paused { .. } => {
                State::Failed(LoginError::Unanswered)
            }
            other => other,
        };
    }

    /// Takes in what a person said to the challenge of the last step.
    ///
    /// # Errors
    /// When it does not fit what is asked; then it is still asked.
    pub fn answer(&mut self, answer: impl Into<Answer>) -> Result<(), AnswerError> {
        let State::Asked(challenge) = &self.state else { return Err(AnswerError::NotAsked) };
        let answer = answer.into();
        let answer = match answer {
            Answer::Text(text) => {
                let text = text.expose().trim().to_owned();
                if !(1..=64).contains(&text.chars().count()) {
                    return Err(AnswerError::Length);
                }
                Answer::from(text)
            }
            other => other,
        };
        let next = match (challenge, answer) {
            (Challenge::Captcha { .. }, Answer::Text(text)) => self.captcha_read(text),
            (Challenge::Captcha { .. }, Answer::NewImage) => self.fetch_image(),
            (Challenge::Code { .. }, Answer::Text(code)) => self.check_code(&code),
            (Challenge::Code { .. }, Answer::SendAgain) => self.send_code(),
            (Challenge::Code { channel, other, .. }, Answer::Through(wanted))
                if wanted == *channel || Some(wanted) == *other =>
            {
                self.send_through(wanted)
            }
            (Challenge::Qr { .. }, Answer::Shown) => self.wait_for_scan(),
            _ => return Err(AnswerError::Unfit),
        };
        self.state = next.unwrap_or_else(State::Failed);
        Ok(())
    }

    /// What is sent first.
    fn beginning(&self) -> (Expected, Request) {
        match &self.by {
            By::Qr { unix_time } => (Expected::QrCode, self.qr_request(*unix_time)),
            By::Password { .. } | By::PassToken => (Expected::First, self.first_request()),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New => "new",
            State::Sent { .. } => "sent",
            State::Paused { .. } => "paused",
            State::Asked(_) => "asked",
            State::Done(_) => "done",
            State::Failed(_) => "failed",
        };
        f.debug_struct("Login")
            .field("sid", &self.sid)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

/// A user id or a passToken cannot travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("user id and passToken are there, without blanks, quotes, commas and semicolons")]
#[non_exhaustive]
pub struct InvalidPassToken;
