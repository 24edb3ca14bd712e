//! How a login is signed.

use core::fmt;
use core::str::FromStr;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Fault, Field};
use iot_home_mqtt::mac::Algorithm;

/// How a login is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignMethod {
    /// `hmacsha256`, 64 digits: the one to use.
    #[default]
    HmacSha256,
    /// `hmacsha1`, 40 digits.
    HmacSha1,
}

impl SignMethod {
    /// As it stands behind the password's semicolon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmacsha256",
            Self::HmacSha1 => "hmacsha1",
        }
    }

    /// How many hexadecimal digits the password has.
    pub const fn digits(self) -> usize {
        self.algorithm().tag_len().saturating_mul(2)
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::HmacSha256 => Algorithm::Sha256,
            Self::HmacSha1 => Algorithm::Sha1,
        }
    }

    /// The one whose passwords have this many digits.
    pub(crate) fn of_digits(digits: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.digits() == digits)
    }

    pub(crate) const ALL: [Self; 2] = [Self::HmacSha256, Self::HmacSha1];
}

impl fmt::Display for SignMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SignMethod {
    type Err = InvalidField;

    /// Reads it as it stands in the password, and in no other spelling.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const FIELD: Field = Field::new("sign method", "hmacsha256 or hmacsha1", 8..=10, |_| None);
        let known = Self::ALL.into_iter().find(|method| method.as_str() == text);
        known.ok_or(FIELD.error(Fault::Unknown))
    }
}
