//! What every answer of the API is wrapped in, and when it means success.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::OpenError;
use crate::error::{ApiError, Expiry, ServerText};
use crate::lenient::{self, Scalar};

/// `{"code":0,"message":"ok","result":…}`; the cameras' hosts say `data` where others say `result`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<'a, T> {
    #[serde(default, deserialize_with = "lenient::integer")]
    code: Option<i64>,
    #[serde(default, borrow, deserialize_with = "message")]
    message: Cow<'a, str>,
    #[serde(default = "none")]
    result: Option<T>,
    #[serde(default = "none")]
    data: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

fn message<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => text,
        _ => Cow::Borrowed(""),
    })
}

/// The typed result of an answer.
pub(crate) fn read<T: DeserializeOwned>(status: u16, json: &[u8]) -> Result<T, ApiError> {
    // The good case is read in one pass. Only what does not fit is looked at again.
    match serde_json::from_slice::<Envelope<'_, T>>(json) {
        Ok(envelope) => envelope.verdict(status),
        Err(error) => {
            let envelope = serde_json::from_slice::<Envelope<'_, IgnoredAny>>(json)
                .map_err(|_| OpenError::Json)?;
            envelope.refusal(status)?;
            Err(ApiError::Shape { line: error.line(), column: error.column() })
        }
    }
}

impl<T> Envelope<'_, T> {
    fn verdict(self, status: u16) -> Result<T, ApiError>
    where
        T: DeserializeOwned,
    {
        self.refusal(status)?;
        match (self.result.or(self.data), &*self.message) {
            (Some(result), _) => Ok(result),
            // Nothing is an answer as well, to whoever can take it for one.
            (None, message) if message.eq_ignore_ascii_case("ok") => {
                serde_json::from_str("null").map_err(|_| ApiError::NoResult)
            }
            (None, _) => Err(ApiError::NoResult),
        }
    }

    /// Why it is no success, where that can be told without the result.
    fn refusal(&self, status: u16) -> Result<(), ApiError> {
        if let Some(expiry) = self.expiry(status) {
            return Err(ApiError::Expired(expiry));
        }
        if self.message.eq_ignore_ascii_case("sds throttle") {
            return Err(ApiError::Throttled);
        }
        let message = || ServerText::new(&self.message);
        match self.code {
            Some(0) if (200..300).contains(&status) => Ok(()),
            Some(0) => Err(ApiError::Status(status)),
            Some(code) => Err(ApiError::Code { code, message: message() }),
            None => Err(ApiError::NoResult),
        }
    }

    fn expiry(&self, status: u16) -> Option<Expiry> {
        let message = self.message.to_ascii_lowercase();
        if message.contains("invalid signature") {
            return Some(Expiry::InvalidSignature);
        }
        if message.contains("servicetoken_expired") || message.contains("servicetoken expired") {
            return Some(Expiry::TokenExpired);
        }
        if message.contains("auth err") {
            return Some(Expiry::AuthError);
        }
        if let Some(code @ 2..=4) = self.code {
            return Some(Expiry::Code(code));
        }
        Expiry::of_status(status)
    }
}
