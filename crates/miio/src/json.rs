//! JSON as devices really send it.
//!
//! Firmware prints JSON with `sprintf`, so a reply may hold `,,`, `00`, `"result":,` or a raw line
//! break inside a name. Text is always read strictly first; only what strict parsing refuses goes
//! through [`repair()`], which mends the damage seen in the field and nothing else. Values of an
//! unexpected type are read through [`Lenient`].

mod repair;
mod string;
mod truncated;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub use iot_home_core::Lenient;

pub use self::repair::repair;
pub(crate) use self::truncated::truncated_id;

/// Reads the plaintext of a packet.
///
/// Trailing NULs are ignored (most devices send one) and invalid UTF-8 is replaced by U+FFFD: names
/// may be in GBK or cut within a character. Text that is not strict JSON is [repaired](repair()).
///
/// ```
/// # use iot_home_miio::json;
/// let reply = json::parse(b"{\"id\":5,\"result\":[\"on\",,05]}\0")?;
/// assert_eq!(reply, serde_json::json!({"id": 5, "result": ["on", null, 5]}));
/// # Ok::<(), json::JsonError>(())
/// ```
///
/// # Errors
/// [`JsonError::Empty`] when there is nothing but NULs and blanks, [`JsonError::Truncated`] when
/// the text ends too early, [`JsonError::Syntax`] when it cannot be mended.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let (value, _) = strict_or_mended(decode(bytes)?)?;
    Ok(value)
}

/// The same reading as [`parse`], kept as text: whatever it returns is strict JSON that fits a
/// [`Value`]. Valid input is borrowed.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, JsonError> {
    let (Strict, text) = strict_or_mended(decode(bytes)?)?;
    Ok(text)
}

/// Why a plaintext is not JSON. Holds positions, never text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// There is no text at all. Some devices answer `miIO.info` so when they have no cloud.
    #[error("empty JSON text")]
    Empty,
    /// The text ends before its value does; fewer properties per request may help.
    #[error("JSON text is cut short after {len} bytes")]
    Truncated {
        /// Length of the text in bytes.
        len: usize,
    },
    /// The text is damaged in a way [`repair()`] does not know, or nested too deeply.
    #[error("invalid JSON near byte {offset}")]
    Syntax {
        /// Offset in bytes at which reading stopped.
        offset: usize,
    },
}

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, JsonError> {
    let last = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n'));
    let content = last.and_then(|last| bytes.get(..=last)).ok_or(JsonError::Empty)?;
    Ok(String::from_utf8_lossy(content))
}

fn strict_or_mended<T>(text: Cow<'_, str>) -> Result<(T, Cow<'_, str>), JsonError>
where
    T: DeserializeOwned,
{
    if let Ok(value) = serde_json::from_str(&text) {
        return Ok((value, text));
    }
    let mended = repair::mend(&text)?;
    match serde_json::from_str(&mended) {
        Ok(value) => Ok((value, Cow::Owned(mended))),
        // Not expected: mending yields strict JSON. The text has no line breaks any more.
        Err(error) => Err(JsonError::Syntax { offset: error.column() }),
    }
}

/// Accepts exactly what [`Value`] accepts, and keeps nothing.
///
/// [`IgnoredAny`](serde::de::IgnoredAny) would not do: it lets lone surrogates, numbers out of
/// range and any depth pass, which then fail when the value is read, and it allocates from the
/// second level of nesting on. This one allocates only for strings with escapes.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while let Some(Self) = seq.next_element()? {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some((Self, Self)) = map.next_entry()? {}
        Ok(self)
    }
}
