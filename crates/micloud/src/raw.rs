//! What an answer says beyond the fields that are known.

use core::fmt;

use iot_home_core::Secret;
use serde::de::DeserializeOwned;

/// A record as it came, unknown fields included. It may hold tokens, so that `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(Secret<Box<str>>);

impl RawJson {
    pub(crate) fn new(json: &str) -> Self {
        Self(Secret::new(json.into()))
    }

    /// The JSON, secrets included.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Reads something else from it: a field that has no place of its own, or all of it as a value.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.expose()).ok()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.expose().len())
    }
}
