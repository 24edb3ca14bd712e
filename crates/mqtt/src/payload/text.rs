//! Texts that may be numbers.

use alloc::borrow::Cow;
use core::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A text that some write as a number: an id, mostly. It is written again as it came.
#[derive(Clone)]
pub struct Text<'a> {
    raw: &'a RawValue,
    text: Cow<'a, str>,
}

impl Text<'_> {
    /// The text, or the digits of the number.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let text = match raw.get().as_bytes().first() {
            Some(b'"') => {
                let text: Borrowed<'_> =
                    serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
                text.0
            }
            Some(b'-' | b'0'..=b'9') => Cow::Borrowed(raw.get()),
            _ => return Err(D::Error::custom("neither a text nor a number")),
        };
        Ok(Self { raw, text })
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
