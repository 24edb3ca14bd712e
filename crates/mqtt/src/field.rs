//! Texts that a login is put together from, each with a rule that keeps it from being more than it is.

use core::convert::Infallible;
use core::fmt;
use core::ops::RangeInclusive;

/// The rule of one field.
#[derive(Clone, Debug)]
pub struct Field {
    name: &'static str,
    rule: &'static str,
    length: RangeInclusive<usize>,
    fault: fn(&str) -> Option<usize>,
}

impl Field {
    /// A field of this name and with this many characters.
    ///
    /// `rule` says to a person what the field is ("4 to 32 of A-Z, a-z, 0-9"); `fault` finds the first
    /// character that is not as it should be, counted from 0. It is asked only where the length is right.
    pub const fn new(
        name: &'static str,
        rule: &'static str,
        length: RangeInclusive<usize>,
        fault: fn(&str) -> Option<usize>,
    ) -> Self {
        Self { name, rule, length, fault }
    }

    /// Whether the text may be this field.
    ///
    /// # Errors
    /// Says what is wrong with it, and where. The text is not part of the error.
    pub fn check(&self, text: &str) -> Result<(), InvalidField> {
        let length = text.chars().count();
        // The wrong character explains a wrong length better than the other way round.
        match (self.fault)(text) {
            Some(at) if at < length => {
                Err(self.error(Fault::Character { position: at.saturating_add(1) }))
            }
            _ if !self.length.contains(&length) => Err(self.error(Fault::Length { length })),
            // A fault behind the end: something is missing there.
            Some(_) => Err(self.error(Fault::Length { length })),
            None => Ok(()),
        }
    }

    /// The error of this field with a fault that was found elsewhere.
    pub const fn error(&self, fault: Fault) -> InvalidField {
        InvalidField { field: self.name, rule: self.rule, fault }
    }
}

/// Where the first character stands that is not among those allowed, counted from 0.
pub fn first_other(text: &str, allowed: impl Fn(char) -> bool) -> Option<usize> {
    text.chars().position(|c| !allowed(c))
}

/// Why a text or a number cannot be a field of a login.
///
/// It names the field and its rule, and never holds the text itself, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} {fault}; it has to be {rule}")]
#[non_exhaustive]
pub struct InvalidField {
    /// Which field, in words: `device name`.
    pub field: &'static str,
    /// What it has to be, in words.
    pub rule: &'static str,
    /// What it is instead.
    pub fault: Fault,
}

/// A field that was checked already needs no check.
impl From<Infallible> for InvalidField {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is too short or too long.
    Length {
        /// How many characters it has.
        length: usize,
    },
    /// A character that may not stand there.
    Character {
        /// The first such character, counted from 1.
        position: usize,
    },
    /// A number out of its range.
    Value {
        /// The number.
        value: u64,
    },
    /// The name is one that the login gives itself.
    Reserved,
    /// There is one of that name already.
    Duplicate,
    /// There are as many as there may be.
    TooMany,
    /// It does not go with the transport.
    Transport,
    /// It is none of those there are.
    Unknown,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { length: 0 } => f.write_str("is empty"),
            Self::Length { length: 1 } => f.write_str("is 1 character long"),
            Self::Length { length } => write!(f, "is {length} characters long"),
            Self::Character { position } => {
                write!(f, "has a character at position {position} that may not stand there")
            }
            Self::Value { value } => write!(f, "is {value}"),
            Self::Reserved => f.write_str("is a name that the login gives itself"),
            Self::Duplicate => f.write_str("is there already"),
            Self::TooMany => f.write_str("is one too many"),
            Self::Transport => f.write_str("does not go with this transport"),
            Self::Unknown => f.write_str("is not known"),
        }
    }
}

/// Makes a type of a [`Field`]: a text that was checked once and is right from then on.
#[doc(hidden)]
#[macro_export]
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $field:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(alloc::boxed::Box<str>);

        impl $name {
            /// The text.
            pub const fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the text could be this field, without keeping it.
            ///
            /// # Errors
            /// What is wrong with it, and where.
            pub fn check(text: &str) -> Result<(), $crate::InvalidField> {
                const FIELD: $crate::field::Field = $field;
                FIELD.check(text)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::InvalidField;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidField> {
                Self::check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::InvalidField;

            fn try_from(text: &str) -> Result<Self, $crate::InvalidField> {
                text.parse()
            }
        }

        impl TryFrom<alloc::string::String> for $name {
            type Error = $crate::InvalidField;

            fn try_from(text: alloc::string::String) -> Result<Self, $crate::InvalidField> {
                Self::check(&text)?;
                Ok(Self(text.into_boxed_str()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

/// Makes a type of a [`Field`] that is a secret: wiped on drop, never shown.
#[doc(hidden)]
#[macro_export]
macro_rules! checked_secret {
    ($(#[$doc:meta])* $name:ident, $field:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(iot_home_core::Secret<alloc::string::String>);

        impl $name {
            /// The text itself.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl TryFrom<iot_home_core::Secret<alloc::string::String>> for $name {
            type Error = $crate::InvalidField;

            fn try_from(
                text: iot_home_core::Secret<alloc::string::String>,
            ) -> Result<Self, $crate::InvalidField> {
                const FIELD: $crate::field::Field = $field;
                FIELD.check(text.expose())?;
                Ok(Self(text))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::InvalidField;

            fn try_from(text: &str) -> Result<Self, $crate::InvalidField> {
                alloc::string::String::from(text).try_into()
            }
        }

        impl TryFrom<alloc::string::String> for $name {
            type Error = $crate::InvalidField;

            fn try_from(text: alloc::string::String) -> Result<Self, $crate::InvalidField> {
                iot_home_core::Secret::new(text).try_into()
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::InvalidField;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidField> {
                text.try_into()
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(<redacted>)"))
            }
        }
    };
}
