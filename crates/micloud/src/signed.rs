//! From a call to a request, and from its answer to the result.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use iot_home_core::{Random, Secret};
use serde::de::DeserializeOwned;

use crate::error::Expiry;
use crate::hosts::Hosts;
use crate::session::Credentials;
use crate::url::with_query;
use crate::{
    ApiError, Call, Identity, Method, Mode, Nonce, OpenError, Region, Request, Response,
    SignedNonce, envelope, open, urlencoded,
};

/// How calls are made: to which region, by whom, in which mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    identity: Identity,
    region: Region,
    hosts: Hosts,
    mode: Mode,
}

impl Api {
    /// Calls to a region, encrypted.
    pub fn new(region: Region, identity: Identity) -> Self {
        Self { identity, region, hosts: Hosts::default(), mode: Mode::Rc4 }
    }

    /// Calls these servers.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Signs, and encrypts, in this mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Signs a call. `unix_time` is the time since 1970 as the server has it: a wrong clock makes an
    /// `invalid signature`.
    ///
    /// Each attempt is signed anew.
    pub fn sign<T>(
        &self,
        call: &Call<T>,
        credentials: &Credentials<'_>,
        unix_time: Duration,
        random: &mut (impl Random + ?Sized),
    ) -> Signed<T> {
        let key = SignedNonce::new(credentials.ssecurity, Nonce::new(unix_time, random));
        let url = format!("{}{}", self.hosts.service(call.service, self.region), call.path);
        let form = key.sign(self.mode, call.method, &call.path, call.data()).to_urlencoded();
        let token = credentials.service_token.expose();
        let (url, body) = match call.method {
            Method::Post => (url, Some(Secret::new(form))),
            Method::Get => {
                let mut query = form;
                urlencoded::push(&mut query, "yetAnotherServiceToken", token);
                (with_query(url, &query), None)
            }
        };
        let request = Request {
            method: call.method,
            url,
            headers: self.headers(call.method),
            cookies: self.cookies(credentials),
            body,
            timeout: call.timeout,
        };
        Signed { request, key, mode: self.mode, result: PhantomData }
    }

    fn headers(&self, method: Method) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("User-Agent", self.identity.agent().to_owned()),
            ("x-xiaomi-protocal-flag-cli", "PROTOCAL-HTTP2".to_owned()),
        ];
        if method == Method::Post {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        }
        if self.mode == Mode::Rc4 {
            headers.push(("MIOT-ENCRYPT-ALGORITHM", "ENCRYPT-RC4".to_owned()));
            headers.push(("miot-accept-encoding", "GZIP".to_owned()));
            // Base64 of what looks like chance does not get smaller.
            headers.push(("Accept-Encoding", "identity".to_owned()));
        }
        headers
    }

    fn cookies(&self, credentials: &Credentials<'_>) -> Vec<(String, Secret<String>)> {
        let token = credentials.service_token.expose();
        [
            ("userId", credentials.user_id),
            ("serviceToken", token),
            ("yetAnotherServiceToken", token),
            ("locale", self.identity.language()),
            ("timezone", self.identity.zone()),
            ("channel", "MI_APP_STORE"),
        ]
        .map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())))
        .into()
    }
}

/// A signed call: the request to send, and what opens its answer.
pub struct Signed<T> {
    request: Request,
    key: SignedNonce,
    mode: Mode,
    result: PhantomData<fn() -> T>,
}

impl<T> Signed<T> {
    /// What to send. Of a GET call the address alone is enough: it can be handed to a player.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The key of this one request.
    pub const fn signed_nonce(&self) -> &SignedNonce {
        &self.key
    }
}

impl<T: DeserializeOwned> Signed<T> {
    /// The result, from what was answered to [`request`](Self::request).
    ///
    /// # Errors
    /// When there is none: the error says why, and whether logging in again helps.
    pub fn open(&self, response: &Response) -> Result<T, ApiError> {
        let key = (self.mode == Mode::Rc4).then_some(&self.key);
        match open::open(&response.body, key) {
            Ok(json) => envelope::read(response.status, &json),
            Err(error) => Err(unopened(response.status, error)),
        }
    }
}

/// The status tells more than a body that cannot be opened.
fn unopened(status: u16, error: OpenError) -> ApiError {
    match Expiry::of_status(status) {
        Some(expiry) => ApiError::Expired(expiry),
        None if !(200..300).contains(&status) => ApiError::Status(status),
        None => ApiError::Open(error),
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("request", &self.request).finish_non_exhaustive()
    }
}
