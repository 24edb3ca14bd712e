//! The second step of a login: a code by phone or by e-mail, and the way from it to the keys.

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use super::password::{c_user_id, refusal};
use super::ticket::By;
use super::{Machine, Outcome, Refused, account_domain, status};
use crate::micloud::account::Verification;
use crate::micloud::asked::{Asked, encode};
use crate::micloud::report::count;
use crate::micloud::said::Said;

/// A verification under way.
pub(super) struct Identity {
    user_id: u64,
    sid: String,
    /// The cookie, once it was given out.
    session: Option<String>,
    device_id: String,
    /// By which ways the code was sent.
    sent: Vec<Channel>,
    wrong: u32,
    trust: bool,
    verified: bool,
    /// Whether the page of tips was seen.
    tips_seen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Phone,
    Email,
}

impl Channel {
    fn of(path: &str) -> Self {
        if path.contains("Phone") { Self::Phone } else { Self::Email }
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Phone => "4",
            Self::Email => "8",
        }
    }
}

impl Machine {
    /// Where a verification begins.
    pub(super) fn notification_url(&mut self, asked: &Asked, user_id: u64, sid: &str) -> String {
        let context = self.word();
        let identity = Identity {
            user_id,
            sid: sid.to_owned(),
            session: None,
            device_id: asked.cookie("deviceId").unwrap_or_default().to_owned(),
            sent: Vec::new(),
            wrong: 0,
            trust: false,
            verified: false,
            tips_seen: false,
        };
        self.identities.put(&context, identity);
        let place = self.account_url(asked);
        format!("{place}/fe/service/identity/authStart?sid={sid}&context={context}&_locale=en")
    }

    /// `/identity/list`: the ways there are.
    pub(super) fn identity_list(&mut self, asked: &Asked) -> Outcome {
        let context = asked.filled("context").unwrap_or_default().into_owned();
        // It has slashes and plus signs, as real ones have.
        let session = format!("{}/+{}", self.word(), context);
        let Some(identity) = self.identities.get_mut(&context) else {
            return Err(self.no_session());
        };
        identity.session = Some(session.clone());
        let user_id = identity.user_id;
        let ways = self.account(user_id).and_then(|account| account.verification.clone());
        let (phone, email) =
            ways.map_or((false, false), |v| (v.phone.is_some(), v.email.is_some()));
        let options: Vec<_> =
            [(email, 8), (phone, 4)].into_iter().filter(|it| it.0).map(|it| it.1).collect();
        let flag = options.first().copied().unwrap_or(0);
        let answer = json!({ "code": 2, "flag": flag, "options": options, "result": "ok" });
        Ok(Said::account(&answer).cookie("identity_session", &session, account_domain(asked)))
    }

    /// `GET /identity/auth/verify…`: where a code would go.
    pub(super) fn masked_address(&mut self, asked: &Asked) -> Outcome {
        let (_, verification) = self.identity(asked)?;
        let answer = match Channel::of(&asked.path) {
            Channel::Phone => json!({ "code": 0, "maskedPhone": verification.phone }),
            Channel::Email => json!({ "code": 0, "maskedEmail": verification.email }),
        };
        Ok(Said::account(&answer))
    }

    /// `/identity/auth/send…Ticket`.
    pub(super) fn send_code(&mut self, asked: &Asked) -> Outcome {
        let (context, verification) = self.identity(asked)?;
        let channel = Channel::of(&asked.path);
        if let Some(text) = &verification.captcha
            && !self.is_read(asked, "icode", text)
        {
            let mut answer = refusal(87001);
            answer.insert("captchaUrl".into(), self.captcha_url("antispam").into());
            answer.insert("reason".into(), "CAPTCHA_VERIFY_ERROR".into());
            answer.insert("type".into(), "manMachine".into());
            return Ok(Said::account(&answer.into()));
        }
        let there = match channel {
            Channel::Phone => verification.phone.is_some(),
            Channel::Email => verification.email.is_some(),
        };
        if !there {
            count(&mut self.report.violations.out_of_order);
            return Err(Said::account(&refusal(10012).into()).into());
        }
        count(&mut self.report.codes_sent);
        if let Some(identity) = self.identities.get_mut(&context) {
            identity.sent.push(channel);
        }
        Ok(Said::account(&json!({ "code": 0, "result": "ok" })))
    }

    /// `POST /identity/auth/verify…`.
    pub(super) fn check_code(&mut self, asked: &Asked) -> Outcome {
        let (context, verification) = self.identity(asked)?;
        let channel = Channel::of(&asked.path);
        let Some(identity) = self.identities.get_mut(&context) else {
            return Err(self.no_session());
        };
        if !identity.sent.contains(&channel) {
            count(&mut self.report.violations.code_not_sent);
            return Err(Said::account(&refusal(70014).into()).into());
        }
        let flag = asked.field("_flag").is_some_and(|flag| flag == channel.flag());
        let right = asked.filled("ticket").is_some_and(|code| code == verification.code.as_str());
        if !right || !flag || identity.wrong >= MOST_WRONG {
            identity.wrong = identity.wrong.saturating_add(1);
            count(&mut self.report.wrong_codes);
            return Ok(Said::account(&refusal(70014).into()));
        }
        identity.verified = true;
        identity.trust = asked.field("trust").is_some_and(|trust| trust == "true");
        let sid = identity.sid.clone();
        if verification.polled {
            return Ok(Said::account(&json!({ "code": 2, "result": "ok" })));
        }
        let place = self.account_url(asked);
        let location =
            format!("{place}/identity/result/check?sid={sid}&context={context}&_locale=en");
        Ok(Said::account(&json!({ "code": 0, "result": "ok", "location": location })))
    }

    /// `/identity/result/check`.
    pub(super) fn check_result(&mut self, asked: &Asked) -> Outcome {
        let (context, _) = self.identity(asked)?;
        if self.identities.get(&context).is_none_or(|identity| !identity.verified) {
            count(&mut self.report.violations.out_of_order);
            return Err(status(StatusCode::FORBIDDEN).into());
        }
        let place = self.account_url(asked);
        Ok(Said::redirect(&format!("{place}/pass/serviceLoginAuth2/end?context={context}")))
    }

    /// `/pass/serviceLoginAuth2/end`: the only hop that tells the key.
    pub(super) fn verified_end(&mut self, asked: &Asked) -> Outcome {
        let (context, verification) = self.identity(asked)?;
        let Some(identity) = self.identities.get_mut(&context).filter(|it| it.verified) else {
            count(&mut self.report.violations.out_of_order);
            return Err(status(StatusCode::FORBIDDEN).into());
        };
        if verification.tips && !std::mem::replace(&mut identity.tips_seen, true) {
            return Ok(Said::page(200, "Xiaomi Account - Tips"));
        }
        let Some(identity) = self.identities.take(&context) else { return Err(self.no_session()) };
        let Identity { user_id, sid, device_id, trust, .. } = identity;
        if trust {
            self.trusted.put(device_id, user_id);
        }
        let keys = self.make_keys(user_id, &sid, By::Password);
        let pass_token = self.pass_token(user_id);
        let mut location = self.location(asked, &keys);
        if verification.skip {
            let place = self.account_url(asked);
            location = format!("{place}/fe/service/confirm?skipUrl={}", encode(&location));
        }
        let pragma = json!({
            "nonce": keys.nonce, "psecurity": self.secret(16), "ssecurity": keys.ssecurity,
        });
        self.put_ticket(keys);
        let domain = account_domain(asked);
        Ok(Said::redirect(&location)
            .header(HeaderName::from_static("extension-pragma"), &pragma.to_string())
            .cookie("userId", &user_id.to_string(), domain)
            .cookie("cUserId", &c_user_id(user_id), domain)
            .cookie("passToken", &pass_token, domain))
    }

    /// The verification that a request's cookie tells of, and its context.
    fn identity(&mut self, asked: &Asked) -> Result<(String, Verification), Refused> {
        let context = asked.cookie("identity_session").and_then(|session| {
            let (_, context) = session.rsplit_once("/+")?;
            let identity = self.identities.get(context)?;
            (identity.session.as_deref() == Some(session)).then(|| context.to_owned())
        });
        let named = asked.filled("context");
        let context = context.filter(|own| named.is_none_or(|named| named == own.as_str()));
        let found = context.and_then(|context| {
            let identity = self.identities.get(&context)?;
            Some((context, self.account(identity.user_id)?.verification.clone()?))
        });
        found.ok_or_else(|| self.no_session())
    }

    fn no_session(&mut self) -> Refused {
        count(&mut self.report.violations.no_identity_session);
        Said::account(&Value::from(refusal(10012))).into()
    }
}

/// After so many a code is worth nothing any more.
const MOST_WRONG: u32 = 5;
