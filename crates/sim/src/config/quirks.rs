//! The key `quirk` of devices that have some.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::config::ConfigError;

/// The name of a quirk, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a quirk, or an array of names")]
pub(super) enum Quirks {
    One(String),
    More(Vec<String>),
}

impl Default for Quirks {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl Quirks {
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(self) -> Result<Vec<T>, ConfigError> {
        let names = match self {
            Self::One(name) => vec![name],
            Self::More(names) => names,
        };
        let quirk = |name: String| {
            name.parse().map_err(|error| ConfigError::new("quirk", format!("`{name}`: {error}")))
        };
        names.into_iter().map(quirk).collect()
    }
}
