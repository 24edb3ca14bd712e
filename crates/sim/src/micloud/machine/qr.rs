//! Logging in by QR code.

use iot_home_core::Instant;
use serde_json::json;

use super::password::refusal;
use super::ticket::By;
use super::{Machine, Outcome};
use crate::micloud::asked::{Asked, encode};
use crate::micloud::report::count;
use crate::micloud::said::Said;

/// A code that was shown.
pub(super) struct QrCode {
    sid: String,
    until: Instant,
    scanned_by: Option<u64>,
}

impl Machine {
    /// `/longPolling/loginUrl`.
    pub(super) fn qr_code(&mut self, now: Instant, asked: &Asked) -> Outcome {
        let sid = asked.filled("sid").map(|sid| sid.into_owned());
        let Some(sid) = sid.filter(|_| asked.filled("callback").is_some()) else {
            count(&mut self.report.violations.bad_login);
            return Err(Said::account(&refusal(66108).into()).into());
        };
        // It is encoded, and encoded once more with the rest.
        if asked.filled("qs").is_some_and(|qs| !qs.starts_with("%3F")) {
            count(&mut self.report.violations.bad_sign);
            return Err(Said::account(&refusal(66108).into()).into());
        }
        let ticket = self.word();
        let until = now + self.qr_lifetime;
        self.qr_codes.put(&ticket, QrCode { sid, until, scanned_by: None });
        let place = format!("{}/longPolling", self.account_url(asked));
        Ok(Said::account(&json!({
            "code": 0, "result": "ok", "desc": "成功", "timeout": self.qr_lifetime.as_secs(),
            "loginUrl": format!("{place}/login?ticket={}", encode(&ticket)),
            "qr": format!("{place}/qr?ticket={}", encode(&ticket)),
            "lp": format!("{place}/lp?ticket={}", encode(&ticket)),
        })))
    }

    /// The page behind the code. Whoever opens it is logged in to the first account already, and confirms.
    pub(super) fn qr_page(&mut self, asked: &Asked) -> Outcome {
        let ticket = asked.filled("ticket").unwrap_or_default();
        let first = self.accounts.first().map(|account| account.user_id);
        match self.qr_codes.get_mut(&ticket) {
            Some(code) => {
                code.scanned_by = first;
                Ok(Said::page(200, "Xiaomi Account - Confirmed"))
            }
            None => Ok(Said::page(404, "Xiaomi Account - Expired")),
        }
    }

    /// Somebody scans the latest code.
    pub(crate) fn scan_qr(&mut self, user: &str) -> bool {
        let account = self.accounts.iter().find(|account| account.is_called(user));
        let Some(user_id) = account.map(|account| account.user_id) else { return false };
        let Some(code) = self.qr_codes.last_mut() else { return false };
        code.scanned_by = Some(user_id);
        true
    }

    /// Until when a request is to wait.
    pub(super) fn held(&self, now: Instant, asked: &Asked) -> Option<Instant> {
        if asked.path != "/longPolling/lp" {
            return None;
        }
        let code = self.qr_codes.get(&asked.filled("ticket")?)?;
        (code.scanned_by.is_none() && now < code.until).then_some(code.until)
    }

    /// `/longPolling/lp`, when it was scanned, or is too old.
    pub(super) fn qr_result(&mut self, now: Instant, asked: &Asked) -> Outcome {
        let ticket = asked.filled("ticket").unwrap_or_default();
        let code = self.qr_codes.take(&ticket).filter(|code| now < code.until);
        match code.and_then(|code| Some((code.scanned_by?, code.sid))) {
            Some((user_id, sid)) => Ok(self.keys(asked, user_id, &sid, By::Qr)),
            None => Ok(Said::account(&refusal(70_036).into())),
        }
    }
}

/// The smallest PNG: what it would show is `loginUrl`.
pub(super) const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
    0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x01, 0x48, 0xaf, 0xa4, 0x71, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
    0x42, 0x60, 0x82,
];
