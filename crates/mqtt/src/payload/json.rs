//! JSON that is kept as it came.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::unreadable::parse;
use super::{Text, Unreadable};

/// Any JSON, where it lies in the message. It was looked through, and is read when somebody wants it. Its `Debug` shows
/// its size and not its contents.
#[derive(Clone, Copy)]
pub struct Json<'a>(&'a RawValue);

impl<'a> Json<'a> {
    /// The text.
    pub fn text(self) -> &'a str {
        self.0.get()
    }

    /// As a type of yours.
    ///
    /// # Errors
    /// If it does not have that type's form; the offset counts from the beginning of this part.
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, Unreadable> {
        parse(self.text())
    }

    /// The members of an object, in their order.
    ///
    /// # Errors
    /// If it is no object, or has a name twice.
    pub fn members(self) -> Result<Members<'a>, Unreadable> {
        self.parse()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.text() == "null"
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialEq for Json<'_> {
    /// Whether they are written alike.
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.text().len())
    }
}

/// The members of an object, in their order. No name is there twice.
#[derive(Clone, PartialEq)]
pub struct Members<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Members<'a> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        use serde::de::Error as _;

        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            members.push((name.0, map.next_value()?));
        }
        let mut names = BTreeSet::new();
        if members.iter().all(|(name, _): &(Cow<'_, str>, _)| names.insert(name.as_ref())) {
            drop(names);
            return Ok(Members(members));
        }
        Err(A::Error::custom("a name that is there twice"))
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> TryFrom<Json<'a>> for Text<'a> {
    type Error = Unreadable;

    fn try_from(json: Json<'a>) -> Result<Self, Unreadable> {
        json.parse()
    }
}
