//! Requests as data.

use core::fmt;
use core::time::Duration;

use iot_home_core::Secret;

use crate::Method;

/// What is to be sent over HTTP, as it stands. Redirects are not to be followed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where, with the query. The query may be secret.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// Names and values.
    pub cookies: Vec<(String, Secret<String>)>,
    /// A form.
    pub body: Option<Secret<String>>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

impl Request {
    /// The value of the `Cookie` header, where there are cookies.
    pub fn cookie_header(&self) -> Option<Secret<String>> {
        let mut header = String::new();
        for (name, value) in &self.cookies {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(name);
            header.push('=');
            header.push_str(value.expose());
        }
        (!header.is_empty()).then(|| Secret::new(header))
    }
}

impl fmt::Debug for Request {
    /// Without query, values and body: they hold keys and what people typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let cookies: Vec<_> = self.cookies.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &place)
            .field("headers", &headers)
            .field("cookies", &cookies)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
