//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads digits of either case, with blanks, colons or a leading `0x` as tools print them.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim();
    let text = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    let mut digits = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => digits.push(digit),
            None if c.is_ascii_whitespace() || c == ':' => {}
            None => return Err(format!("not a hexadecimal digit at position {}", at + 1)),
        }
    }
    match digits.as_chunks::<2>() {
        ([], []) => Err("there are no hexadecimal digits".into()),
        (pairs, []) => Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect()),
        _ => Err(format!("an odd number of hexadecimal digits ({})", digits.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn the_ways_tools_write_bytes() {
        for text in ["213100ff", "0x213100FF", " 21 31 00 ff\n", "21:31:00:ff"] {
            let bytes = decode(text).unwrap();
            assert_eq!(encode(&bytes), "213100ff");
        }
    }

    #[test]
    fn what_is_not_hex() {
        for text in ["", " ", "0x", "2", "213", "21g0", "21 3x", "zz", "２１"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
