//! Logging in by QR code.

use core::time::Duration;

use iot_home_core::Instant;

use super::account::AccountAnswer;
use super::challenge::Challenge;
use super::{Expected, Login, LoginError, State};
use crate::urlencoded::form;
use crate::{Request, Response};

/// How to wait for a QR code to be scanned. The server takes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LongPoll {
    /// One request that is held until something happens, for two minutes and more.
    #[default]
    Held,
    /// Requests of ten seconds each, where something on the way cuts longer ones off.
    Short,
}

/// A QR code that waits to be scanned.
pub(super) struct Scan {
    url: String,
    deadline: Instant,
}

impl Scan {
    /// How long the next request may be held; nothing when the code is too old.
    pub(super) fn patience(&self, now: Instant, style: LongPoll) -> Option<Duration> {
        let left = self.deadline.saturating_since(now);
        let longest = match style {
            LongPoll::Held => Duration::from_secs(130),
            LongPoll::Short => Duration::from_secs(10),
        };
        (!left.is_zero()).then(|| left.min(longest))
    }
}

impl Login {
    pub(super) fn qr_request(&self, unix_time: Duration) -> Request {
        let qs = format!("?{}", form([("sid", self.sid.as_str()), ("_json", "true")]));
        // It is encoded, and then encoded again with the rest.
        let qs = form([("", qs.as_str())]).split_off(1);
        let stamp = unix_time.as_millis().to_string();
        let query = form([
            ("_qrsize", "480"),
            ("qs", qs.as_str()),
            ("callback", self.hosts.sts_url()),
            ("_hasLogo", "false"),
            ("sid", &self.sid),
            ("serviceParam", ""),
            ("_locale", self.identity.language()),
            ("_dc", &stamp),
        ]);
        self.get(self.account_query("/longPolling/loginUrl", &query))
    }

    pub(super) fn on_qr_code(
        &mut self,
        now: Instant,
        response: &Response,
    ) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        if answer.code() != 0 {
            return Err(LoginError::Refused { code: answer.code() });
        }
        let login_url = answer.login_url.ok_or(LoginError::Missing("loginUrl"))?;
        let url = self.account_address(&answer.lp.ok_or(LoginError::Missing("lp"))?)?;
        let seconds = answer.timeout.and_then(|seconds| u64::try_from(seconds).ok());
        let lifetime = Duration::from_secs(seconds.unwrap_or(300).clamp(10, 900));
        self.scan = Some(Scan { url, deadline: now + lifetime });
        Ok(State::Asked(Challenge::Qr { login_url, image_url: answer.qr, lifetime }))
    }

    pub(super) fn wait_for_scan(&mut self) -> Result<State, LoginError> {
        let url = self.scan.as_ref().ok_or(LoginError::Missing("lp"))?.url.clone();
        let request = self.get(url);
        State::send(Expected::QrScan, request)
    }

    pub(super) fn on_qr_scan(
        &mut self,
        now: Instant,
        response: &Response,
    ) -> Result<State, LoginError> {
        // Anything but an answer with a code means: not yet.
        let answer = (response.status == 200).then(|| AccountAnswer::read(response).ok()).flatten();
        match answer {
            Some(answer) if answer.location.is_some() || answer.notification_url.is_some() => {
                self.decide(answer)
            }
            Some(AccountAnswer { code: Some(code), .. }) if code != 0 => {
                Err(LoginError::QrRefused { code })
            }
            _ => {
                let (State::Sent { request, .. } | State::Paused { request, .. }) =
                    core::mem::replace(&mut self.state, State::New)
                else {
                    return Err(LoginError::QrExpired);
                };
                Ok(self.scan_again(now, request))
            }
        }
    }

    /// Asks again in a moment, if the code is still good then.
    pub(super) fn scan_again(&self, now: Instant, request: Box<Request>) -> State {
        let until = now + PAUSE;
        let good =
            self.scan.as_ref().is_some_and(|scan| scan.patience(until, self.long_poll).is_some());
        if !good {
            return State::Failed(LoginError::QrExpired);
        }
        State::Paused { until, expected: Expected::QrScan, request }
    }
}

/// So that a server that answers at once is not asked without a pause.
const PAUSE: Duration = Duration::from_secs(1);
