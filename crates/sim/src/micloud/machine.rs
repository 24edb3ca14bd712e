//! The cloud without sockets and without a clock.

mod call;
mod captcha;
mod password;
mod qr;
mod shelf;
mod ticket;
mod verification;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::DATE;
use http::{Method, Request, StatusCode};
use iot_home_core::{Instant, Random as _, SeededRandom};
use iot_home_micloud::Region;

use crate::micloud::account::Account;
use crate::micloud::asked::Asked;
use crate::micloud::builder::Builder;
use crate::micloud::device::Device;
use crate::micloud::faults::{Expiry, Faults};
use crate::micloud::home::Home;
use crate::micloud::report::{Report, count};
use crate::micloud::said::Said;
use crate::web::{Answer, Outage};
use qr::QrCode;
use shelf::Shelf;
use ticket::{Keys, Token};
use verification::Identity;

/// A cloud: requests in, answers out.
pub(crate) struct Machine {
    pub(super) accounts: Vec<Account>,
    pub(super) homes: Vec<Home>,
    pub(super) devices: Vec<Device>,
    /// Whose everything is that says nothing else.
    pub(super) first: u64,
    pub(super) page: usize,
    pub(super) report: Report,
    region: Region,
    gzip: bool,
    takes_ssecurity: bool,
    nonce_window: Duration,
    time_ahead: i64,
    qr_lifetime: Duration,
    faults: Faults,
    random: SeededRandom,
    sts_addr: Option<SocketAddr>,
    /// Images that were handed out, by `ick`.
    captchas: Shelf<()>,
    /// passTokens, by the token: whose.
    pass_tokens: Shelf<u64>,
    identities: Shelf<Identity>,
    tickets: Shelf<Keys>,
    tokens: Shelf<Token>,
    qr_codes: Shelf<QrCode>,
    /// Installations that need no verification any more.
    trusted: Shelf<u64>,
    nonces: BTreeSet<(u32, [u8; 12])>,
}

/// What comes of a request.
pub(crate) enum Reply {
    Answer(Answer),
    /// It is to be asked again when something has happened, or then.
    Held(Instant),
}

/// What one of the servers makes of a request.
pub(super) type Outcome = Result<Said, Refused>;

/// What is counted has been counted by then.
pub(super) struct Refused(Box<Said>);

impl From<Said> for Refused {
    fn from(said: Said) -> Self {
        Self(Box::new(said))
    }
}

impl Machine {
    pub(crate) fn new(builder: Builder, devices: Vec<Device>, first: u64) -> Self {
        Self {
            accounts: builder.accounts,
            homes: builder.homes,
            devices,
            first,
            page: builder.page,
            report: Report::default(),
            region: builder.region,
            gzip: builder.gzip,
            takes_ssecurity: builder.takes_ssecurity,
            nonce_window: builder.nonce_window,
            time_ahead: builder.time_ahead,
            qr_lifetime: builder.qr_lifetime,
            random: SeededRandom::new(builder.faults.seed),
            faults: builder.faults,
            sts_addr: None,
            captchas: Shelf::default(),
            pass_tokens: Shelf::default(),
            identities: Shelf::default(),
            tickets: Shelf::default(),
            tokens: Shelf::default(),
            qr_codes: Shelf::default(),
            trusted: Shelf::default(),
            nonces: BTreeSet::new(),
        }
    }

    /// Answers a request. `unix_time` is this machine's time since 1970.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        unix_time: Duration,
        request: &Request<Bytes>,
    ) -> Reply {
        let asked = Asked::new(request);
        let unix_time = self.own_time(unix_time);
        if let Some(until) = self.held(now, &asked) {
            count(&mut self.report.held);
            return Reply::Held(until);
        }
        count(&mut self.report.requests);
        let outage = self.outage(&asked.path);
        let said = match outage.filter(|outage| outage.is_before()) {
            Some(Outage::Status(status)) => Said::text(status, "try again later"),
            Some(Outage::Page) => Said::page(200, "Service unavailable"),
            Some(_) => return Reply::Answer(Answer::close()),
            None => self.serve(now, unix_time, &asked).unwrap_or_else(|refused| *refused.0),
        };
        let date = std::time::UNIX_EPOCH.checked_add(unix_time).map(httpdate::fmt_http_date);
        let response = said.header(DATE, &date.unwrap_or_default()).into_response();
        Reply::Answer(match outage {
            Some(outage) => outage.spoil(response),
            None => response.into(),
        })
    }

    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    pub(crate) fn set_sts_addr(&mut self, addr: Option<SocketAddr>) {
        self.sts_addr = addr;
    }

    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.random = SeededRandom::new(faults.seed ^ self.random.next_u64());
        self.faults = faults;
    }

    pub(crate) fn expire(&mut self, expiry: Expiry) {
        for token in self.tokens.values_mut() {
            token.expired = Some(expiry);
        }
    }

    pub(crate) fn forget_pass_tokens(&mut self) {
        self.pass_tokens = Shelf::default();
    }

    /// Which of the servers it is for, and what that says.
    fn serve(&mut self, now: Instant, unix_time: Duration, asked: &Asked) -> Outcome {
        if asked.host().starts_with("sts.") || (!asked.is_by_name() && asked.path == "/sts") {
            return self.exchange(asked);
        }
        if let Some((region, path)) = self.api_path(asked) {
            let path = path.to_owned();
            return self.call(unix_time, asked, region, &path);
        }
        self.no_foreign_cookies(asked, &["serviceToken", "yetAnotherServiceToken"])?;
        let post = asked.method == Method::POST;
        match (asked.path.as_str(), post) {
            ("/pass/serviceLogin", false) => self.first_answer(asked),
            ("/pass/serviceLoginAuth2", true) => self.password(asked),
            ("/pass/getCode", false) => self.image(asked),
            ("/pass/serviceLoginAuth2/end", false) => self.verified_end(asked),
            ("/fe/service/identity/authStart" | "/identity/authStart", false) => {
                Ok(Said::page(200, "Xiaomi Account - Verify"))
            }
            ("/identity/list", false) => self.identity_list(asked),
            ("/identity/auth/verifyPhone" | "/identity/auth/verifyEmail", false) => {
                self.masked_address(asked)
            }
            ("/identity/auth/verifyPhone" | "/identity/auth/verifyEmail", true) => {
                self.check_code(asked)
            }
            ("/identity/auth/sendPhoneTicket" | "/identity/auth/sendEmailTicket", true) => {
                self.send_code(asked)
            }
            ("/identity/result/check", false) => self.check_result(asked),
            ("/fe/service/confirm", false) => Ok(Said::page(200, "Xiaomi Account - Confirm")),
            ("/longPolling/loginUrl", false) => self.qr_code(now, asked),
            ("/longPolling/qr", false) => Ok(Said::image("image/png", qr::PICTURE)),
            ("/longPolling/login", false) => self.qr_page(asked),
            ("/longPolling/lp", false) => self.qr_result(now, asked),
            (path, _) => {
                let known = ["/pass/", "/identity/auth/", "/longPolling/"];
                let known = known.iter().any(|folder| path.starts_with(folder));
                let violations = &mut self.report.violations;
                count(if known { &mut violations.method } else { &mut violations.unknown_path });
                Err(Said::page(if known { 405 } else { 404 }, "Xiaomi Account").into())
            }
        }
    }

    /// The region and the path of a call, `/app` or not.
    fn api_path<'a>(&self, asked: &'a Asked) -> Option<(Region, &'a str)> {
        let path = asked.path.as_str();
        if asked.is_by_name() {
            let host = asked.host();
            if host.starts_with("account.") {
                return None;
            }
            let region = host.split('.').next().and_then(|label| label.parse().ok());
            return Some((region.unwrap_or(Region::Cn), path));
        }
        let (first, rest) = path.get(1..)?.split_once('/')?;
        if first == "app" {
            return Some((self.region, path));
        }
        // The cameras' hosts have no prefix.
        if path.starts_with("/common/app/") || path.starts_with("/miot/camera/") {
            return Some((self.region, path));
        }
        let region = first.parse().ok()?;
        let path = path.get(first.len().saturating_add(1)..)?;
        let api = rest.starts_with("app/") || rest.starts_with("common/app/");
        api.then_some((region, path))
    }

    /// Whether a server is sent what is another's business. One address for all of them cannot tell.
    fn no_foreign_cookies(&mut self, asked: &Asked, foreign: &[&str]) -> Result<(), Refused> {
        let alone = self.sts_addr.is_some() || asked.is_by_name();
        if alone && foreign.iter().any(|name| asked.cookie(name).is_some()) {
            count(&mut self.report.violations.foreign_cookie);
            return Err(Said::text(400, "a cookie of another server").into());
        }
        Ok(())
    }

    fn own_time(&self, unix_time: Duration) -> Duration {
        let seconds = Duration::from_secs(self.time_ahead.unsigned_abs());
        match self.time_ahead < 0 {
            true => unix_time.saturating_sub(seconds),
            false => unix_time.saturating_add(seconds),
        }
    }

    /// What becomes of this answer.
    fn outage(&mut self, path: &str) -> Option<Outage> {
        if self.faults.below.as_ref().is_some_and(|below| !path.starts_with(below.as_str())) {
            return None;
        }
        let next = self.faults.next.iter_mut().find(|(_, left)| *left > 0);
        let outage = match next {
            Some((outage, left)) => {
                if *left != u64::MAX {
                    *left = left.saturating_sub(1);
                }
                Some(*outage)
            }
            None => {
                let random = &mut self.random;
                self.faults.share.iter().find(|(_, share)| random.chance(*share)).map(|it| it.0)
            }
        };
        if outage.is_some() {
            count(&mut self.report.outages);
        }
        outage
    }

    /// The account's server as the client calls it.
    fn account_url(&self, asked: &Asked) -> String {
        let scheme = if asked.is_by_name() { "https" } else { "http" };
        format!("{scheme}://{}", asked.authority)
    }

    /// Where tickets are exchanged, as the client will call it.
    fn sts_url(&self, asked: &Asked) -> String {
        match self.sts_addr {
            _ if asked.is_by_name() => "https://sts.api.io.mi.com/sts".to_owned(),
            Some(addr) => format!("http://{addr}/sts"),
            None => format!("http://{}/sts", asked.authority),
        }
    }

    /// So many random bytes in base64.
    fn secret(&mut self, bytes: usize) -> String {
        let mut secret = vec![0; bytes];
        self.random.fill(&mut secret);
        STANDARD.encode(secret)
    }

    /// The same, as a word that needs no encoding.
    fn word(&mut self) -> String {
        format!("{:016x}{:016x}", self.random.next_u64(), self.random.next_u64())
    }

    fn random_digits(&mut self) -> u64 {
        self.random.between(1 << 52, 1 << 53)
    }

    fn account(&self, user_id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user_id == user_id)
    }
}

/// The domain that cookies of the account's server are for.
fn account_domain(asked: &Asked) -> Option<&'static str> {
    asked.is_by_name().then_some(".xiaomi.com")
}

/// What a status says.
fn status(code: StatusCode) -> Said {
    Said::text(code.as_u16(), code.canonical_reason().unwrap_or_default())
}
