//! Tickets, and the exchange of them for serviceTokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use iot_home_core::Random as _;
use sha1::{Digest as _, Sha1};

use super::password::c_user_id;
use super::{Machine, Outcome, status};
use crate::micloud::asked::{Asked, encode};
use crate::micloud::faults::Expiry;
use crate::micloud::report::count;
use crate::micloud::said::Said;

/// How somebody logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Password,
    PassToken,
    Qr,
}

/// What a login gives, before its ticket is exchanged.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) user_id: u64,
    pub(super) sid: String,
    pub(super) ssecurity: String,
    pub(super) nonce: i64,
    pub(super) ticket: String,
}

/// A serviceToken that was given out.
pub(super) struct Token {
    pub(super) user_id: u64,
    pub(super) ssecurity: String,
    /// How it is said to be no longer good, where it is not.
    pub(super) expired: Option<Expiry>,
}

impl Machine {
    pub(super) fn make_keys(&mut self, user_id: u64, sid: &str, by: By) -> Keys {
        let report = &mut self.report;
        count(match by {
            By::Password => &mut report.password_logins,
            By::PassToken => &mut report.pass_token_logins,
            By::Qr => &mut report.qr_logins,
        });
        // Beyond what a double holds, as real ones are.
        let nonce = (self.random.next_u64() >> 2) | (1 << 61) | 1;
        Keys {
            user_id,
            sid: sid.to_owned(),
            ssecurity: self.secret(16),
            nonce: i64::try_from(nonce).unwrap_or(i64::MAX),
            ticket: self.word(),
        }
    }

    pub(super) fn put_ticket(&mut self, keys: Keys) {
        self.tickets.put(keys.ticket.clone(), keys);
    }

    /// A passToken; one account has several at a time.
    pub(super) fn pass_token(&mut self, user_id: u64) -> String {
        let token = format!("V1:{}", self.secret(48));
        self.pass_tokens.put(&token, user_id);
        token
    }

    /// Where a ticket is exchanged.
    pub(super) fn location(&self, asked: &Asked, keys: &Keys) -> String {
        let Keys { nonce, ticket, .. } = keys;
        let sign = encode(&STANDARD.encode(Sha1::digest(ticket)));
        let place = self.sts_url(asked);
        format!("{place}?d=wb_simulated&ticket={ticket}&pwd=1&p_ts=0&nonce={nonce}&_ssign={sign}")
    }

    /// `/sts`.
    pub(super) fn exchange(&mut self, asked: &Asked) -> Outcome {
        let foreign = ["passToken", "identity_session", "ick"];
        self.no_foreign_cookies(asked, &foreign)?;
        let ticket = asked.filled("ticket").unwrap_or_default();
        let nonce = asked.field("nonce").and_then(|nonce| nonce.parse().ok());
        let Some(keys) = self.tickets.get(&ticket).filter(|keys| Some(keys.nonce) == nonce) else {
            count(&mut self.report.violations.bad_ticket);
            return Err(status(StatusCode::UNAUTHORIZED).into());
        };
        let wanted = Sha1::digest(format!("nonce={}&{}", keys.nonce, keys.ssecurity));
        let signed = match asked.filled("clientSign") {
            Some(sign) => sign == STANDARD.encode(wanted),
            None => matches!(keys.sid.as_str(), "xiaomiio" | "mijia"),
        };
        if !signed {
            count(&mut self.report.violations.client_sign);
            return Err(status(StatusCode::UNAUTHORIZED).into());
        }
        let Some(Keys { user_id, sid, ssecurity, .. }) = self.tickets.take(&ticket) else {
            return Err(status(StatusCode::UNAUTHORIZED).into());
        };
        count(&mut self.report.tickets);
        let token = self.secret(120);
        let (slh, ph) = (self.secret(20), self.secret(16));
        self.tokens.put(&token, Token { user_id, ssecurity, expired: None });
        let domain = asked.is_by_name().then_some(".io.mi.com");
        Ok(Said::text(200, "ok")
            .cookie("serviceToken", &token, domain)
            .cookie("userId", &user_id.to_string(), domain)
            .cookie("cUserId", &c_user_id(user_id), domain)
            .cookie(&format!("{sid}_slh"), &slh, domain)
            .cookie(&format!("{sid}_ph"), &ph, domain))
    }
}
