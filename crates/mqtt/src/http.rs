//! Requests over HTTP as data: for what clouds have beside MQTT, such as registration.

#[cfg(feature = "http")]
mod exchange;
mod origin;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::exchange::{EXCHANGE_TIMEOUT, ExchangeError};
pub use self::origin::Origin;

/// What is to be sent over HTTP, as it stands. All of it is made before; whoever sends it adds what HTTP itself needs,
/// such as `Host` and `Content-Length`, and follows no redirect. Its `Debug` shows neither values nor body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// `POST`: none of the clouds' requests is of another kind.
    pub method: &'static str,
    /// Where, with scheme and host.
    pub url: String,
    /// Names and values. Values may be secret.
    pub headers: Vec<(&'static str, String)>,
    /// The body. It may be secret.
    pub body: Vec<u8>,
}

impl Request {
    /// A POST of this body.
    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = Vec::from([("Content-Type", content_type.into())]);
        Self { method: "POST", url: url.into(), headers, body: body.into() }
    }

    /// One header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &names)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
