//! The number that a bulb keeps for life.

use core::fmt;
use core::str::FromStr;

/// A bulb's id: 64 bits, written `0x` and sixteen hexadecimal digits. It stays when the address changes.
///
/// ```
/// use iot_home_yeelight::BulbId;
///
/// let id: BulbId = "0x15243f".parse()?;
/// assert_eq!(id, BulbId::new(0x15243f));
/// assert_eq!(id.to_string(), "0x000000000015243f");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BulbId(u64);

impl BulbId {
    /// The id with this number.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) fn from_ascii(text: &[u8]) -> Option<Self> {
        let digits = match text {
            [b'0', b'x' | b'X', digits @ ..] => digits,
            digits => digits,
        };
        if !(1..=16).contains(&digits.len()) {
            return None;
        }
        let mut id: u64 = 0;
        for digit in digits {
            id = (id << 4) | u64::from(char::from(*digit).to_digit(16)?);
        }
        Some(Self(id))
    }
}

impl fmt::Display for BulbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

impl fmt::Debug for BulbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BulbId({self})")
    }
}

impl FromStr for BulbId {
    type Err = ParseBulbIdError;

    /// Reads 1 to 16 hexadecimal digits in either case, with `0x` in front or without.
    fn from_str(text: &str) -> Result<Self, ParseBulbIdError> {
        Self::from_ascii(text.as_bytes()).ok_or(ParseBulbIdError)
    }
}

/// Why a text is no bulb's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bulb's id is 1 to 16 hexadecimal digits, as in 0x000000000015243f")]
#[non_exhaustive]
pub struct ParseBulbIdError;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::BulbId;

    #[test]
    fn ids_are_read_in_every_spelling_and_written_in_one() {
        for text in ["0x000000000015243f", "0x15243f", "15243F", "0X0015243f"] {
            let id: BulbId = text.parse().unwrap();
            assert_eq!(id.to_string(), "0x000000000015243f");
        }
        assert_eq!("0xffffffffffffffff".parse(), Ok(BulbId::new(u64::MAX)));
        for text in ["", "0x", "+5", "0x+5", "0x00000000000000001", "15 43", "0xg", "-1"] {
            assert!(text.parse::<BulbId>().is_err(), "{text:?}");
        }
    }
}
