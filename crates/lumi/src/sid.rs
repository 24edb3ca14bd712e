//! The ids of gateways and their children.

use core::fmt;
use core::str::FromStr;

/// The id of a gateway or a child: hexadecimal digits, usually 12 or 14. A gateway's is its MAC address.
///
/// Programs and firmware write leading zeros or leave them out, so `Sid`s compare by value. Commands repeat it as
/// the gateway wrote it, in lower case; [`Display`](fmt::Display) fills it up to 12 digits.
#[derive(Clone, Copy)]
pub struct Sid {
    value: u64,
    /// As it was written.
    digits: u8,
}

impl Sid {
    /// As commands have to repeat it.
    pub(crate) fn wire(self) -> Wire {
        Wire(self)
    }
}

impl FromStr for Sid {
    type Err = ParseSidError;

    fn from_str(text: &str) -> Result<Self, ParseSidError> {
        let length = text.len();
        let digits = u8::try_from(length).ok().filter(|digits| (1..=MOST_DIGITS).contains(digits));
        let digits = digits.ok_or(ParseSidError::Length { length })?;
        // The parser of integers would take a sign.
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseSidError::NotHex);
        }
        let value = u64::from_str_radix(text, 16).map_err(|_| ParseSidError::NotHex)?;
        Ok(Self { value, digits })
    }
}

impl PartialEq for Sid {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Sid {}

impl PartialOrd for Sid {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sid {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl core::hash::Hash for Sid {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = usize::from(self.digits.max(USUAL_DIGITS));
        write!(f, "{:0width$x}", self.value)
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

pub(crate) struct Wire(Sid);

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = usize::from(self.0.digits);
        write!(f, "{:0width$x}", self.0.value)
    }
}

impl serde::Serialize for Wire {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no [`Sid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSidError {
    /// Empty or too long.
    #[error("a sid has 1 to 16 hexadecimal digits, this has {length} characters")]
    Length {
        /// How many bytes there are.
        length: usize,
    },
    /// Something else than hexadecimal digits.
    #[error("a sid has hexadecimal digits only")]
    NotHex,
}

const MOST_DIGITS: u8 = 16;
/// A MAC address has so many.
const USUAL_DIGITS: u8 = 12;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn leading_zeros_make_no_difference_but_are_kept() {
        let (short, long): (Sid, Sid) =
            ("28B4C1D2E3F".parse().unwrap(), "028b4c1d2e3f".parse().unwrap());
        assert_eq!(short, long);
        assert_eq!(short.to_string(), "028b4c1d2e3f");
        assert_eq!(short.wire().to_string(), "28b4c1d2e3f");
        assert_eq!(long.wire().to_string(), "028b4c1d2e3f");
        let child: Sid = "158d0001a2b3c4".parse().unwrap();
        assert_eq!(child.to_string(), "158d0001a2b3c4");
    }

    #[test]
    fn what_is_no_sid() {
        assert_eq!("".parse::<Sid>(), Err(ParseSidError::Length { length: 0 }));
        assert_eq!("0".repeat(17).parse::<Sid>(), Err(ParseSidError::Length { length: 17 }));
        assert_eq!("+158d0001".parse::<Sid>(), Err(ParseSidError::NotHex));
        assert_eq!("lumi.158d".parse::<Sid>(), Err(ParseSidError::NotHex));
        assert_eq!("f".repeat(16).parse::<Sid>().unwrap().to_string(), "f".repeat(16));
    }
}
