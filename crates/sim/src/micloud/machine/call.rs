//! Calls of the API: who calls, whether that is proven, and how the answer travels.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, Method, StatusCode};
use iot_home_micloud::capture::{CapturedRequest, FailedStep, Signature};
use iot_home_micloud::{
    Capture, Method as SignedMethod, Mode, Nonce, Region, SignedNonce, Ssecurity,
};
use serde_json::{Value, json};

use super::password::c_user_id;
use super::{Machine, Outcome, Refused, status};
use crate::micloud::api::Caller;
use crate::micloud::asked::{Asked, find};
use crate::micloud::faults::Expiry;
use crate::micloud::report::count;
use crate::micloud::said::Said;

impl Machine {
    /// A call to `path`, which begins with `/app` unless it is a camera's.
    pub(super) fn call(
        &mut self,
        unix_time: Duration,
        asked: &Asked,
        region: Region,
        path: &str,
    ) -> Outcome {
        self.no_foreign_cookies(asked, &["passToken", "identity_session", "ick"])?;
        let camera = !path.starts_with("/app/");
        let method = match (asked.method.clone(), camera) {
            (Method::POST, false) => SignedMethod::Post,
            // Other paths take their fields in the query, too, but then it is a POST.
            (Method::GET, true) => SignedMethod::Get,
            _ => {
                count(&mut self.report.violations.method);
                return Err(status(StatusCode::METHOD_NOT_ALLOWED).into());
            }
        };
        if method == SignedMethod::Post && !asked.body.is_empty() && !asked.is_form() {
            count(&mut self.report.violations.content_type);
            return Err(status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
        }
        let (user_id, ssecurity) = self.caller(asked)?;
        let form = if asked.body.is_empty() { asked.query.as_str() } else { &asked.body };
        let request = self.verified(unix_time, asked, method, path, form, &ssecurity)?;
        let Some(nonce) = request.nonce else { return Err(self.unsigned()) };
        let key = SignedNonce::new(&ssecurity, nonce);
        let data = request.data().and_then(|data| serde_json::from_str(data).ok());
        let answer = match data {
            Some(data) => {
                let caller = Caller { user_id, region };
                let calls = &mut self.report.calls;
                if calls.len() < MOST_PATHS || calls.contains_key(&request.path) {
                    count(calls.entry(request.path.clone()).or_default());
                }
                self.dispatch(caller, &request.path, &data)
            }
            None => {
                count(&mut self.report.violations.bad_data);
                json!({ "code": -8, "message": "data type not valid", "result": null })
            }
        };
        Ok(self.sealed(asked, &key, request.mode, &answer))
    }

    /// Whose call it is by its cookies, and the key of that login.
    fn caller(&mut self, asked: &Asked) -> Result<(u64, Ssecurity), Refused> {
        let user = asked.cookie("userId").or_else(|| asked.cookie("cUserId"));
        let (Some(user), Some(token)) = (user, asked.cookie("serviceToken")) else {
            count(&mut self.report.violations.no_cookies);
            return Err(expired(Expiry::Code2).into());
        };
        let known = self
            .tokens
            .get(token)
            .filter(|token| token.user_id.to_string() == user || c_user_id(token.user_id) == user);
        let Some(token) = known else {
            count(&mut self.report.violations.bad_cookies);
            return Err(expired(Expiry::Status401).into());
        };
        if let Some(expiry) = token.expired {
            count(&mut self.report.expired);
            return Err(expired(expiry).into());
        }
        let ssecurity = token.ssecurity.parse();
        let user_id = token.user_id;
        ssecurity
            .map(|key| (user_id, key))
            .map_err(|_| status(StatusCode::INTERNAL_SERVER_ERROR).into())
    }

    /// The call, if its nonce and its signature are right.
    fn verified(
        &mut self,
        unix_time: Duration,
        asked: &Asked,
        method: SignedMethod,
        path: &str,
        form: &str,
        ssecurity: &Ssecurity,
    ) -> Result<CapturedRequest, Refused> {
        if find(form, "ssecurity").is_some() {
            count(&mut self.report.violations.ssecurity_sent);
            if !self.takes_ssecurity {
                return Err(invalid("ssecurity is a secret"));
            }
        }
        let host = if asked.is_by_name() { asked.host() } else { "localhost" };
        // A path without a prefix is a camera's, which is signed whole.
        let host = if path.starts_with("/app/") { host } else { "business.smartcamera" };
        let request = Capture::new(ssecurity.clone()).request(method, host, path, form);
        match (request.signature, request.failed_step) {
            (Signature::Absent, Some(FailedStep::Nonce)) => {
                count(&mut self.report.violations.bad_nonce);
                return Err(invalid("invalid signature"));
            }
            (Signature::Absent, _) => return Err(self.unsigned()),
            (Signature::Bad, _) => {
                let reason = self.why_bad(&request, asked, method, path, form);
                count(reason);
                return Err(invalid("invalid signature"));
            }
            (Signature::Ok, Some(_)) => {
                count(&mut self.report.violations.bad_hash);
                return Err(invalid("invalid signature"));
            }
            _ => {}
        }
        if request.data().is_none() {
            return Err(self.unsigned());
        }
        match request.nonce {
            Some(nonce) => self.fresh(unix_time, nonce)?,
            None => return Err(self.unsigned()),
        }
        Ok(request)
    }

    /// What is wrong with a signature: the path, the key, or something else.
    fn why_bad(
        &mut self,
        request: &CapturedRequest,
        asked: &Asked,
        method: SignedMethod,
        path: &str,
        form: &str,
    ) -> &mut u64 {
        let user = asked.cookie("userId").or_else(|| asked.cookie("cUserId")).unwrap_or_default();
        let keys = self
            .tokens
            .values()
            .filter(|token| token.user_id.to_string() == user || c_user_id(token.user_id) == user);
        let keys: Vec<Ssecurity> = keys.filter_map(|token| token.ssecurity.parse().ok()).collect();
        let fits = |key: &Ssecurity, host: &str, path: &str| {
            let request = Capture::new(key.clone()).request(method, host, path, form);
            request.signature == Signature::Ok
        };
        // As clients get it wrong: nothing taken away, or every `/app`.
        let stripped = path.replace("/app/", "/");
        let other_path = keys.iter().any(|key| {
            fits(key, "business.smartcamera", path) || fits(key, "business.smartcamera", &stripped)
        });
        let host = if path.starts_with("/app/") { "localhost" } else { "business.smartcamera" };
        let other_key = keys.iter().any(|key| fits(key, host, path));
        let violations = &mut self.report.violations;
        match () {
            () if other_key => &mut violations.mixed_pair,
            () if other_path => &mut violations.signed_path,
            () if request.failed_step == Some(FailedStep::Nonce) => &mut violations.bad_nonce,
            () => &mut violations.bad_signature,
        }
    }

    /// Refuses a nonce that is old, or was seen.
    fn fresh(&mut self, unix_time: Duration, nonce: Nonce) -> Result<(), Refused> {
        let minutes = |time: Duration| u32::try_from(time.as_secs() / 60).unwrap_or(u32::MAX);
        let window = minutes(self.nonce_window);
        let present = minutes(unix_time);
        if nonce.minutes().abs_diff(present) > window {
            count(&mut self.report.violations.nonce_age);
            return Err(invalid("invalid signature"));
        }
        let oldest = present.saturating_sub(window.saturating_add(1));
        self.nonces = self.nonces.split_off(&(oldest, [0; 12]));
        if self.nonces.len() >= MOST_NONCES {
            self.nonces.pop_first();
        }
        if !self.nonces.insert((nonce.minutes(), *nonce.as_bytes())) {
            count(&mut self.report.violations.nonce_reuse);
            return Err(invalid("invalid signature"));
        }
        Ok(())
    }

    fn unsigned(&mut self) -> Refused {
        count(&mut self.report.violations.unsigned);
        expired(Expiry::Code2).into()
    }

    /// The answer as it travels: readable to a readable call, and else encrypted with the call's own key.
    fn sealed(
        &mut self,
        asked: &Asked,
        key: &SignedNonce,
        mode: Option<Mode>,
        answer: &Value,
    ) -> Said {
        if mode != Some(Mode::Rc4) {
            return Said::api(200, answer);
        }
        let json = answer.to_string();
        let wanted = asked.header("miot-accept-encoding");
        let wanted = wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case("gzip"));
        if self.gzip
            && wanted
            && let Some(packed) = packed(json.as_bytes())
        {
            count(&mut self.report.compressed);
            let name = HeaderName::from_static("miot-content-encoding");
            return Said::text(200, key.seal(&packed)).header(name, "GZIP");
        }
        Said::text(200, key.seal(json.as_bytes()))
    }
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// Errors are readable.
fn expired(expiry: Expiry) -> Said {
    let (status, code, message) = expiry.answer();
    Said::api(status, &json!({ "code": code, "message": message }))
}

fn invalid(message: &str) -> Refused {
    Said::api(200, &json!({ "code": 0, "message": message })).into()
}

/// Far more than there are endpoints.
const MOST_PATHS: usize = 1000;
const MOST_NONCES: usize = 100_000;
