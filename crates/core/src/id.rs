//! Names of devices and of what is in them.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;
use core::num::ParseIntError;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A device id.
///
/// Devices with their own radio have a number of up to 64 bits; what hangs below a gateway has a
/// name such as `lumi.158d0001234567` or `blt.3.1abc`. JSON carries both as text, at most
/// [32 characters](Self::MAX_LEN), and so does [`Display`](fmt::Display).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Number(u64),
    Name(Box<str>),
}

impl Did {
    /// The most characters a did may have: the vendor's own limit for the field.
    pub const MAX_LEN: usize = 32;

    /// The number, unless this is the name of a gateway's child.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Number(number) => Some(*number),
            Repr::Name(_) => None,
        }
    }
}

impl From<u64> for Did {
    fn from(number: u64) -> Self {
        Self(Repr::Number(number))
    }
}

impl FromStr for Did {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(ParseIdError::Length);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            return Err(ParseIdError::Character);
        }
        Ok(match text.parse::<u64>() {
            // "007" and "+7" are not how the number 7 is written: they stay what they are.
            Ok(number) if number.to_string() == text => Self(Repr::Number(number)),
            _ => Self(Repr::Name(text.into())),
        })
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => number.fmt(f),
            Repr::Name(name) => name.fmt(f),
        }
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Did({self})")
    }
}

impl Serialize for Did {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Did {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alloc::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

macro_rules! instance_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// Takes the number.
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

instance_id! {
    /// A service's instance id: its number within the device. Service 1 describes the device itself.
    Siid
}
instance_id! {
    /// A property's instance id: its number within the service.
    Piid
}
instance_id! {
    /// An action's instance id: its number within the service.
    Aiid
}
instance_id! {
    /// An event's instance id: its number within the service.
    Eiid
}

macro_rules! dotted_id {
    ($(#[$doc:meta])* $name:ident, $field:ident: $part:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub struct $name {
            /// The service.
            pub siid: Siid,
            #[doc = concat!("The ", $what, " within the service.")]
            pub $field: $part,
        }

        impl $name {
            #[doc = concat!("The ", $what, " `", stringify!($field), "` of the service `siid`.")]
            pub const fn new(siid: u32, $field: u32) -> Self {
                Self { siid: Siid::new(siid), $field: $part::new($field) }
            }
        }

        impl From<(u32, u32)> for $name {
            fn from((siid, $field): (u32, u32)) -> Self {
                Self::new(siid, $field)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let (siid, $field) = text.split_once('.').ok_or(ParseIdError::NoDot)?;
                Ok(Self::new(siid.parse()?, $field.parse()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.siid, self.$field)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

dotted_id! {
    /// A MIoT property, written `siid.piid`, as in `2.1`.
    PropertyId, piid: Piid, "property"
}
dotted_id! {
    /// A MIoT action, written `siid.aiid`, as in `2.1`.
    ActionId, aiid: Aiid, "action"
}
dotted_id! {
    /// A MIoT event, written `siid.eiid`, as in `3.1`.
    EventId, eiid: Eiid, "event"
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdError {
    /// A did is empty or longer than [`Did::MAX_LEN`].
    #[error("a did has 1 to 32 characters")]
    Length,
    /// A did has a blank, a quote, a backslash, a control or a non-ASCII character.
    #[error("a did has letters, digits and signs only, no blanks or quotes")]
    Character,
    /// The two numbers are not divided by a dot.
    #[error("expected two numbers with a dot between them, as in 2.1")]
    NoDot,
    /// A part is not a number that fits 32 bits.
    #[error("expected two numbers with a dot between them, as in 2.1")]
    Number(#[from] ParseIntError),
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_did_is_a_number_or_a_name() {
        assert_eq!("51880628".parse::<Did>().unwrap().as_u64(), Some(51_880_628));
        assert_eq!("18446744073709551615".parse::<Did>().unwrap().as_u64(), Some(u64::MAX));
        for name in ["lumi.158d0001", "blt.3.xxx", "group.12", "007", "+7", "18446744073709551616"]
        {
            let did: Did = name.parse().unwrap();
            assert_eq!((did.as_u64(), did.to_string().as_str()), (None, name));
        }
    }

    #[test]
    fn a_did_that_cannot_travel_is_refused() {
        assert_eq!("".parse::<Did>(), Err(ParseIdError::Length));
        assert_eq!("x".repeat(33).parse::<Did>(), Err(ParseIdError::Length));
        for bad in ["a b", "a\"b", "a\\b", "a\nb", "灯"] {
            assert_eq!(bad.parse::<Did>(), Err(ParseIdError::Character), "{bad}");
        }
    }

    #[test]
    fn dotted_ids_refuse_what_is_not_two_numbers() {
        assert_eq!("2.1".parse(), Ok(PropertyId::new(2, 1)));
        assert_eq!("7.4294967295".parse(), Ok(ActionId::new(7, u32::MAX)));
        for bad in ["", "2", "2.", ".1", "2.x", "2.1.3", "-2.1", "2.4294967296", " 2.1"] {
            assert!(bad.parse::<PropertyId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn ids_survive_their_text_and_json(siid: u32, iid: u32, number: u64) {
            let property = PropertyId::new(siid, iid);
            prop_assert_eq!(property.to_string().parse::<PropertyId>().unwrap(), property);
            let did = Did::from(number);
            prop_assert_eq!(&did.to_string().parse::<Did>().unwrap(), &did);
            let json = serde_json::to_string(&did).unwrap();
            prop_assert_eq!(serde_json::from_str::<Did>(&json).unwrap(), did);
        }
    }
}
