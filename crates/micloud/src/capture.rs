//! Traffic of others, opened with the key of its login.
//!
//! What a stand-in for the cloud needs of a request is here as well: its data, and whether its signature is right.

mod har;
mod request;

use std::fmt;

pub use har::{Exchange, Har, HarError};
pub use request::CapturedRequest;

use crate::{Hosts, Nonce, OpenError, Response, SignedNonce, Ssecurity, open, urlencoded};

/// Opens what was captured of a login's traffic.
#[derive(Clone, Debug)]
pub struct Capture {
    ssecurity: Ssecurity,
    hosts: Hosts,
}

impl Capture {
    /// For the login with this key.
    pub fn new(ssecurity: Ssecurity) -> Self {
        Self { ssecurity, hosts: Hosts::default() }
    }

    /// Takes the API of these servers for Xiaomi's as well.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Opens one value: of a request's form, percent-encoded or not, or the body of an answer. Gzip is undone.
    ///
    /// # Errors
    /// When it is not base64, or was encrypted otherwise: then there is no telling what it says.
    pub fn value(&self, nonce: Nonce, value: &str) -> Result<String, OpenError> {
        let key = SignedNonce::new(&self.ssecurity, nonce);
        // Copied from a form it may be encoded still; base64 has no percent sign.
        let encoded = value.contains('%') && !value.trim_start().starts_with(['{', '[', '<']);
        let decoded = if encoded { urlencoded::decode(value) } else { None };
        let value = decoded.as_deref().unwrap_or(value).trim().as_bytes();
        match open::open(value, Some(&key)) {
            Ok(json) => text(json),
            // The hash of a request is no JSON, and there may be other texts.
            Err(OpenError::Key) => {
                let text = String::from_utf8(open::decrypt(value, &key)?);
                text.ok().filter(|text| is_no_chance(text)).ok_or(OpenError::Key)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the answer to the request with this nonce.
    ///
    /// # Errors
    /// When it cannot be opened: the first step that failed.
    pub fn response(&self, nonce: Nonce, response: &Response) -> Result<String, OpenError> {
        text(SignedNonce::new(&self.ssecurity, nonce).open_response(response)?)
    }
}

/// Whether a text is too long, and too readable, to come out of a wrong key.
fn is_no_chance(text: &str) -> bool {
    text.len() >= 16 && text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}

/// JSON all through: what only begins like it was decrypted with a wrong key, or is damaged.
fn text(json: Vec<u8>) -> Result<String, OpenError> {
    let text = String::from_utf8(json).map_err(|_| OpenError::Key)?;
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(_) if is_no_chance(&text) => Err(OpenError::Json),
        Err(_) => Err(OpenError::Key),
    }
}

/// How the signature of a captured request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signature {
    /// It fits.
    Ok,
    /// It does not fit: another key, another path, or a changed value.
    Bad,
    /// There is none.
    Absent,
}

impl Signature {
    /// `ok`, `bad` or `absent`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::Absent => "absent",
        }
    }
}

/// The first step of opening that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailedStep {
    /// The entry of the file is not what it should be, or a field is missing from the form.
    Form,
    /// The nonce is none.
    Nonce,
    /// The signature does not fit.
    Signature,
    /// A value of the request is not base64.
    Base64,
    /// A value of the request does not decrypt to text.
    Rc4,
    /// `rc4_hash__` does not fit what was decrypted.
    Hash,
    /// The answer could not be opened.
    Response(OpenError),
}

impl fmt::Display for FailedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("form"),
            Self::Nonce => f.write_str("nonce"),
            Self::Signature => f.write_str("signature"),
            Self::Base64 => f.write_str("base64"),
            Self::Rc4 => f.write_str("rc4"),
            Self::Hash => f.write_str("rc4_hash"),
            Self::Response(error) => write!(f, "response-{}", error.step()),
        }
    }
}
