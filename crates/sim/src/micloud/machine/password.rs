//! The two requests of a login by password, and the one of a login by passToken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use super::ticket::By;
use super::{Machine, Outcome, account_domain};
use crate::micloud::account::Account;
use crate::micloud::asked::{Asked, encode};
use crate::micloud::report::count;
use crate::micloud::said::Said;

impl Machine {
    /// `/pass/serviceLogin`: the keys to whoever has a passToken, and otherwise what the login begins with.
    pub(super) fn first_answer(&mut self, asked: &Asked) -> Outcome {
        let sid = asked.filled("sid").map(|sid| sid.into_owned());
        let (Some(sid), Some("true")) = (sid, asked.field("_json").as_deref()) else {
            count(&mut self.report.violations.bad_login);
            return Err(Said::page(200, "Xiaomi Account - Sign in").into());
        };
        if let Some(pass_token) = asked.cookie("passToken") {
            let owner = self.pass_tokens.get(pass_token).copied();
            let account = owner.and_then(|owner| self.account(owner));
            let user = asked.cookie("userId");
            let account = account.filter(|account| user.is_none_or(|user| account.is_called(user)));
            if let Some(user_id) = account.map(|account| account.user_id) {
                return Ok(self.keys(asked, user_id, &sid, By::PassToken));
            }
            count(&mut self.report.pass_tokens_refused);
        }
        let qs = encode(&format!("?{}", asked.query));
        let callback = self.sts_url(asked);
        let sign = sign(&sid, &qs, &callback);
        let place = self.account_url(asked);
        let location = format!("{place}/fe/service/login?{}&_sign={}", asked.query, encode(&sign));
        Ok(Said::account(&json!({
            "serviceParam": r#"{"checkSafePhone":false,"checkSafeAddress":false,"lsrp_score":0.0}"#,
            "qs": qs, "code": 70016, "description": "登录验证失败", "securityStatus": 0,
            "_sign": sign, "sid": sid, "result": "error", "captchaUrl": null,
            "callback": callback, "location": location, "pwd": 0, "child": 0, "desc": "登录验证失败",
        })))
    }

    /// `/pass/serviceLoginAuth2`.
    pub(super) fn password(&mut self, asked: &Asked) -> Outcome {
        count(&mut self.report.password_attempts);
        let field = |name: &str| asked.filled(name).map(|value| value.into_owned());
        let violations = &mut self.report.violations;
        if !asked.body.is_empty() && !asked.is_form() {
            count(&mut violations.content_type);
            return Err(Said::page(415, "Xiaomi Account").into());
        }
        let sid = match field("sid") {
            Some(sid) if field("_json").as_deref() == Some("true") => sid,
            _ => {
                count(&mut violations.bad_login);
                return Err(Said::page(200, "Xiaomi Account - Sign in").into());
            }
        };
        // A server that gets none of them takes it; what is there has to be its own.
        let (qs, callback) =
            (field("qs").unwrap_or_default(), field("callback").unwrap_or_default());
        if field("_sign").is_some_and(|given| given != sign(&sid, &qs, &callback)) {
            count(&mut violations.bad_sign);
            return Err(Said::account(&refusal(66108).into()).into());
        }
        let user = field("user").unwrap_or_default();
        let account = self.accounts.iter().find(|account| account.is_called(&user)).cloned();
        let captcha = account.as_ref().and_then(|account| account.captcha.clone());
        if let Some(text) = captcha
            && !self.is_read(asked, "captCode", &text)
        {
            let mut answer = refusal(87001);
            answer.insert("captchaUrl".into(), self.captcha_url("login").into());
            return Ok(Said::account(&answer.into()));
        }
        let hash = field("hash").unwrap_or_default();
        let right = account.filter(|account| {
            let wanted = account.hash();
            let case = hash.eq_ignore_ascii_case(wanted.expose());
            if case && hash != *wanted.expose() {
                count(&mut self.report.violations.hash_case);
            }
            hash == *wanted.expose()
        });
        let Some(account) = right else {
            count(&mut self.report.wrong_passwords);
            return Ok(Said::account(&refusal(70016).into()));
        };
        if let Some(code) = account.code {
            return Ok(Said::account(&refusal(code).into()));
        }
        self.let_in(asked, &account, sid)
    }

    /// The password was right.
    fn let_in(&mut self, asked: &Asked, account: &Account, sid: String) -> Outcome {
        let device_id = asked.cookie("deviceId").unwrap_or_default();
        let trusted = self.trusted.get(device_id) == Some(&account.user_id);
        if account.verification.is_some() && !trusted {
            let url = self.notification_url(asked, account.user_id, &sid);
            let answer = json!({
                "code": 0, "result": "ok", "location": "", "securityStatus": 16,
                "notificationUrl": url, "userId": account.user_id, "pwd": 1, "desc": "成功",
            });
            return Ok(Said::account(&answer));
        }
        Ok(self.keys(asked, account.user_id, &sid, By::Password))
    }

    /// The answer that has the keys, and a ticket.
    pub(super) fn keys(&mut self, asked: &Asked, user_id: u64, sid: &str, by: By) -> Said {
        let keys = self.make_keys(user_id, sid, by);
        let pass_token = self.pass_token(user_id);
        let location = self.location(asked, &keys);
        let stale = self.account(user_id).is_some_and(|account| account.stale_notification);
        let notification = match stale {
            true => self.notification_url(asked, user_id, sid),
            false => String::new(),
        };
        let c_user_id = c_user_id(user_id);
        let answer = json!({
            "psecurity": self.secret(16), "nonce": keys.nonce, "ssecurity": keys.ssecurity,
            "passToken": pass_token, "userId": user_id, "cUserId": c_user_id, "securityStatus": 0,
            "notificationUrl": notification, "pwd": 1, "child": 0, "code": 0, "result": "ok",
            "desc": "成功", "description": "成功", "location": location, "captchaUrl": null,
        });
        self.put_ticket(keys);
        let domain = account_domain(asked);
        Said::account(&answer)
            .cookie("userId", &user_id.to_string(), domain)
            .cookie("cUserId", &c_user_id, domain)
            .cookie("passToken", &pass_token, domain)
    }
}

/// What an account is called in cookies, too.
pub(super) fn c_user_id(user_id: u64) -> String {
    format!("c{user_id:x}")
}

/// What the second request has to repeat of the first answer.
fn sign(sid: &str, qs: &str, callback: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{sid}&{qs}&{callback}")))
}

/// An answer that has nothing but a code.
pub(super) fn refusal(code: i64) -> Map<String, Value> {
    let fields = [
        ("code", Value::from(code)),
        ("result", "error".into()),
        ("securityStatus", 0.into()),
        ("location", "".into()),
        ("captchaUrl", Value::Null),
        ("desc", "登录验证失败".into()),
        ("description", "登录验证失败".into()),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
