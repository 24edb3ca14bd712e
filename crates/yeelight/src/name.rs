//! The name that is stored in a bulb: plain text, or by convention BASE64 where it goes beyond ASCII.
//!
//! Nothing marks which of the two it is, so a name that happens to be the BASE64 of such a text is
//! taken for one.

use alloc::borrow::Cow;
use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The name that a stored text stands for.
///
/// ```
/// use iot_home_yeelight::name;
///
/// assert_eq!(name::decode("5Lit5paH"), "中文");
/// assert_eq!(name::decode("desk lamp"), "desk lamp");
/// assert_eq!(name::decode("desk"), "desk", "valid BASE64, but not of a text");
/// ```
pub fn decode(stored: &str) -> Cow<'_, str> {
    encoded(stored).map_or(Cow::Borrowed(stored), Cow::Owned)
}

/// The text to store for a name. Bulbs take up to 64 bytes of it.
///
/// ```
/// use iot_home_yeelight::name;
///
/// assert_eq!(name::encode("中文"), "5Lit5paH");
/// assert_eq!(name::encode("desk lamp"), "desk lamp");
/// ```
pub fn encode(name: &str) -> Cow<'_, str> {
    if name.is_ascii() { Cow::Borrowed(name) } else { Cow::Owned(STANDARD.encode(name)) }
}

fn encoded(stored: &str) -> Option<String> {
    // Most names end here, without an allocation.
    if stored.is_empty() || !stored.len().is_multiple_of(4) || !stored.is_ascii() {
        return None;
    }
    let name = String::from_utf8(STANDARD.decode(stored).ok()?).ok()?;
    (!name.is_ascii()).then_some(name)
}

#[cfg(test)]
mod tests {
    use alloc::borrow::Cow;

    use super::{decode, encode};

    #[test]
    fn names_beyond_ascii_are_stored_as_base64_and_others_as_they_are() {
        for (name, stored) in [
            ("中文", "5Lit5paH"),
            ("é", "w6k="),
            ("Küche 2", "S8O8Y2hlIDI="),
            ("desk: left", "desk: left"),
            ("", ""),
        ] {
            assert_eq!(encode(name), stored);
            assert_eq!(decode(stored), name);
        }
        assert!(matches!(encode("desk"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_only_looks_like_base64_is_a_name() {
        let names = [
            // Bytes that are no UTF-8.
            "desk", "Lamp", "1234", "bedroom1",
            // ASCII, which needs no encoding and so is none.
            "aGVs", "bGFtcA==",
            // Not whole, not padded, padded in the middle, another alphabet.
            "5Lit5pa", "w6k", "w6k=5Lit", "5Lit 5pa", "5Li_5pa-",
            // Bits that an encoder would have left at zero.
            "w6l=", // Already beyond ASCII.
            "中文", "éééé",
        ];
        for name in names {
            assert_eq!(decode(name), name);
            assert!(matches!(decode(name), Cow::Borrowed(_)));
        }
    }
}
