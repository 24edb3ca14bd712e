//! Requests of a login: who sends them, and to whom cookies go.

use core::time::Duration;

use iot_home_core::Secret;

use super::{Login, LoginError};
use crate::url::{Url, with_query};
use crate::{Method, Request};

impl Login {
    pub(super) fn get(&self, url: String) -> Request {
        self.request(Method::Get, url, None)
    }

    /// A form for the account's server.
    pub(super) fn post(&self, path: &str, form: String) -> Request {
        let url = format!("{}{path}", self.hosts.account_url());
        self.request(Method::Post, url, Some(Secret::new(form)))
    }

    pub(super) fn request(
        &self,
        method: Method,
        url: String,
        body: Option<Secret<String>>,
    ) -> Request {
        let mut headers = vec![("User-Agent", self.identity.agent().to_owned())];
        if body.is_some() {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        }
        let mut cookies = Vec::new();
        // What the account's server has set is nobody else's business.
        if Url::parse(&url).is_some_and(|url| self.hosts.is_account(&url)) {
            let device_id = self.identity.device_id().to_string();
            cookies.push(("deviceId".to_owned(), Secret::new(device_id)));
            cookies.push(("sdkVersion".to_owned(), Secret::new(SDK_VERSION.to_owned())));
            cookies.extend(self.jar.cookies());
        }
        Request { method, url, headers, cookies, body, timeout: TIMEOUT }
    }

    /// An address of the account's server that one of its answers names, absolute or not.
    pub(super) fn account_address(&self, reference: &str) -> Result<String, LoginError> {
        let base = Url::parse(self.hosts.account_url()).ok_or(LoginError::ForeignHost)?;
        let address = base.join(reference).ok_or(LoginError::ForeignHost)?;
        let ours = Url::parse(&address).is_some_and(|url| self.hosts.is_account(&url));
        if ours { Ok(address) } else { Err(LoginError::ForeignHost) }
    }

    pub(super) fn account_query(&self, path: &str, query: &str) -> String {
        with_query(format!("{}{path}", self.hosts.account_url()), query)
    }
}

/// Any of those that clients send will do.
const SDK_VERSION: &str = "accountsdk-18.8.15";
const TIMEOUT: Duration = Duration::from_secs(15);
