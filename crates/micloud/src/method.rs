//! The methods of HTTP that are used here.

use core::fmt;
use core::str::FromStr;

/// How a request is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// The fields are in the query.
    Get,
    /// The fields are in the body.
    #[default]
    Post,
}

impl Method {
    /// `GET` or `POST`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    /// Reads it in capitals or not.
    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        if text.eq_ignore_ascii_case("GET") {
            Ok(Self::Get)
        } else if text.eq_ignore_ascii_case("POST") {
            Ok(Self::Post)
        } else {
            Err(UnknownMethod)
        }
    }
}

/// There is no such method here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a method is GET or POST")]
#[non_exhaustive]
pub struct UnknownMethod;
