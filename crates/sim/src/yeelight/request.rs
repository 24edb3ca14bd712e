//! A command, read as strictly as a bulb reads it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::yeelight::report::Violations;

/// A command as it was sent.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) id: i32,
    pub(crate) method: Cow<'a, str>,
    /// `None` where they are no array.
    pub(crate) params: Option<Vec<Value>>,
    pub(crate) token: Option<String>,
}

/// Why a line is no command; the answer to it has the id 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Json,
    Id,
    Method,
}

impl Unreadable {
    pub(crate) fn counter(self, violations: &mut Violations) -> &mut u64 {
        match self {
            Self::Json => &mut violations.bad_json,
            Self::Id => &mut violations.bad_id,
            Self::Method => &mut violations.bad_method,
        }
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
}

/// A text with or without escapes, borrowed where it can be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Request<'a> {
    /// Reads a line without its end.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, Unreadable> {
        // An array would do for serde.
        let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
        if first != Some(&b'{') {
            return Err(Unreadable::Json);
        }
        let wire: Wire<'a> = serde_json::from_slice(line).map_err(|_| Unreadable::Json)?;
        let id = wire.id.and_then(|id| serde_json::from_str(id.get()).ok());
        let id = id.filter(|id| *id >= 0).ok_or(Unreadable::Id)?;
        let method = wire.method.and_then(|text| serde_json::from_str(text.get()).ok());
        let Text(method) = method.ok_or(Unreadable::Method)?;
        let params = wire.params.and_then(|params| serde_json::from_str(params.get()).ok());
        let token = wire.token.and_then(|token| serde_json::from_str(token.get()).ok());
        Ok(Self { id, method, params, token })
    }
}
