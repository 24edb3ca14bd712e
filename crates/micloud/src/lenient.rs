//! JSON as this cloud writes it: numbers as texts, texts as numbers, null for an empty list.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::RawJson;

/// Any value, of which only the simple ones are kept.
pub(crate) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    /// Null, an array or an object.
    Other,
}

impl Scalar<'_> {
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.into_owned()),
            Self::Signed(number) => Some(number.to_string()),
            Self::Unsigned(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn to_integer(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Signed(number) => Some(*number),
            Self::Unsigned(number) => i64::try_from(*number).ok(),
            // Whole numbers are written as `3.0` by some languages; 2^53 is where those end.
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => {
                Some(*number as i64)
            }
            Self::Float(_) | Self::Other => None,
            Self::Bool(yes) => Some(i64::from(*yes)),
        }
    }

    fn to_flag(&self) -> Option<bool> {
        match self {
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            other => other.to_integer().map(|number| number != 0),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Signed(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Unsigned(number))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Float(number))
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Bool(yes))
            }

            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A text, or a number as text; anything else is nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.into_text())
}

/// The same, and an empty text is nothing.
pub(crate) fn filled<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer)?.filter(|text| !text.is_empty()))
}

/// A whole number, or a text that is one.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.to_integer())
}

/// True or false, as such, as a number or as a text.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.to_flag())
}

/// A text or number that has to be there.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    filled(deserializer)?.ok_or_else(|| D::Error::custom("expected an id"))
}

/// A text or number of which something is made; what cannot be made is nothing.
pub(crate) fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: core::str::FromStr,
{
    Ok(text(deserializer)?.and_then(|text| text.trim().parse().ok()))
}

/// Something that may be of another form: then it is nothing.
pub(crate) fn maybe<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let json = <&'de RawValue>::deserialize(deserializer)?.get();
    Ok(serde_json::from_str(json).ok())
}

/// A list, of which null is an empty one. Items that cannot be read are left out.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items = Option::<Vec<&'de RawValue>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(items.into_iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect())
}

/// A list of texts or numbers; null is an empty one.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let items = Option::<Vec<Scalar<'de>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(items.into_iter().filter_map(Scalar::into_text).collect())
}

/// A record that keeps the JSON it was read from.
pub(crate) trait Record: Sized {
    /// What is known of it.
    type Fields: DeserializeOwned;

    /// Puts the record together.
    fn new(fields: Self::Fields, raw: RawJson) -> Self;
}

fn read<T: Record>(json: &str) -> Result<T, serde_json::Error> {
    Ok(T::new(serde_json::from_str(json)?, RawJson::new(json)))
}

/// One record.
pub(crate) fn record<'de, D: Deserializer<'de>, T: Record>(deserializer: D) -> Result<T, D::Error> {
    read(<&'de RawValue>::deserialize(deserializer)?.get()).map_err(D::Error::custom)
}

/// A list of records, as [`list`] has others.
pub(crate) fn records<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Record,
{
    let items = Option::<Vec<&'de RawValue>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(items.into_iter().filter_map(|item| read(item.get()).ok()).collect())
}
