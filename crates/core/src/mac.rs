//! Hardware addresses of network interfaces.

use core::fmt;
use core::str::FromStr;

/// A MAC address: six bytes.
///
/// It is read in every spelling in use, with colons, with hyphens or with nothing between the digits, in either
/// case; [`Display`](fmt::Display) writes it as the cloud does, `28:6C:07:AA:BB:CC`.
///
/// ```
/// use iot_home_core::Mac;
///
/// let mac: Mac = "286c07aabbcc".parse()?;
/// assert_eq!(mac, "28-6C-07-AA-BB-CC".parse()?);
/// assert_eq!(mac.to_string(), "28:6C:07:AA:BB:CC");
/// # Ok::<(), iot_home_core::ParseMacError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac([u8; 6]);

impl Mac {
    /// The address with these bytes.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn to_bytes(self) -> [u8; 6] {
        self.0
    }

    /// Whether it can be one device's: not all zeros, and no group's.
    pub const fn is_unicast(self) -> bool {
        let [first, second, third, fourth, fifth, sixth] = self.0;
        first & 1 == 0 && (first | second | third | fourth | fifth | sixth) != 0
    }
}

impl FromStr for Mac {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, ParseMacError> {
        let text = text.as_bytes();
        let divided = match text.len() {
            12 => None,
            17 => text.get(2).copied().filter(|sign| matches!(sign, b':' | b'-')),
            _ => return Err(ParseMacError),
        };
        let width = if divided.is_some() { 3 } else { 2 };
        let mut bytes = [0; 6];
        let mut parts = text.chunks(width);
        for byte in &mut bytes {
            *byte = match parts.next().ok_or(ParseMacError)? {
                [high, low] => octet(*high, *low)?,
                [high, low, sign] if divided == Some(*sign) => octet(*high, *low)?,
                _ => return Err(ParseMacError),
            };
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(ParseMacError),
        }
    }
}

fn octet(high: u8, low: u8) -> Result<u8, ParseMacError> {
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Ok(digit(high).ok_or(ParseMacError)? << 4 | digit(low).ok_or(ParseMacError)?)
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({self})")
    }
}

/// Why a text is no [`Mac`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseMacError;

impl fmt::Display for ParseMacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a MAC address has 12 hexadecimal digits, as in 28:6C:07:AA:BB:CC")
    }
}

impl core::error::Error for ParseMacError {}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_mac() {
        for text in [
            "",
            "286c07aabbc",
            "286c07aabbccd",
            "286c07aabbcg",
            "+86c07aabbcc",
            "28:6c:07:aa:bb-cc",
            "28.6c.07.aa.bb.cc",
            "28:6c:07:aa:bb:c:",
            "28:6c:07:aa:bbcc:",
            "2:86c:07:aa:bb:cc",
            "286c07aabbcc00000",
            "28:6c:07:aa:bb:é",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(ParseMacError), "{text}");
        }
    }

    #[test]
    fn zeros_and_groups_are_nobodys() {
        for (text, one) in [
            ("000000000000", false),
            ("ffffffffffff", false),
            ("01005e000032", false),
            ("286c07aabbcc", true),
            ("000000000001", true),
        ] {
            assert_eq!(text.parse::<Mac>().unwrap().is_unicast(), one, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_is_read(bytes: [u8; 6], upper: bool) {
            let mac = Mac::new(bytes);
            let shown = mac.to_string();
            let shown = if upper { shown } else { shown.to_lowercase() };
            for text in [shown.replace(':', ""), shown.replace(':', "-"), shown] {
                prop_assert_eq!(text.parse::<Mac>(), Ok(mac), "{}", text);
            }
            prop_assert_eq!(format!("{mac:?}"), format!("Mac({mac})"));
            prop_assert_eq!(mac.to_bytes(), bytes);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<Mac>();
        }
    }
}
