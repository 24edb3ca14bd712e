//! Where an account's devices are kept.

use core::fmt;
use core::str::FromStr;

/// A region of the cloud. Each answers with the devices that were bound in it, and an empty list otherwise.
///
/// A login is good for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// Mainland China, `cn`.
    #[default]
    Cn,
    /// Europe, `de`.
    De,
    /// North America, `us`.
    Us,
    /// Russia, `ru`.
    Ru,
    /// Singapore and the rest of Asia, `sg`.
    Sg,
    /// India, `i2`.
    I2,
    /// Taiwan, `tw`.
    Tw,
    /// An older name of India, `in`.
    In,
}

impl Region {
    /// All of them, to search one after the other.
    pub const ALL: [Self; 8] =
        [Self::Cn, Self::De, Self::Us, Self::Ru, Self::Sg, Self::I2, Self::Tw, Self::In];

    /// Its two letters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cn => "cn",
            Self::De => "de",
            Self::Us => "us",
            Self::Ru => "ru",
            Self::Sg => "sg",
            Self::I2 => "i2",
            Self::Tw => "tw",
            Self::In => "in",
        }
    }

    /// What its hosts begin with: nothing in mainland China, `de.` in Europe.
    pub(crate) fn prefix(self) -> String {
        if self == Self::Cn { String::new() } else { format!("{self}.") }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    /// Reads it in capitals or not, with blanks around it or not.
    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        let text = text.trim();
        let named = |region: &Self| text.eq_ignore_ascii_case(region.name());
        Self::ALL.into_iter().find(named).ok_or(UnknownRegion)
    }
}

/// There is no region of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region is cn, de, us, ru, sg, i2, tw or in")]
#[non_exhaustive]
pub struct UnknownRegion;
