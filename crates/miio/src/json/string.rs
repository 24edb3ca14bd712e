//! A string literal, mended.

use alloc::string::String;
use core::fmt::Write;

/// Copies the string literal that `text` begins with, quotes included, making each of its
/// characters a legal one. Tells its length in `text`; `None` when it does not end.
pub(super) fn copy_mended(text: &str, out: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    // What is legal is copied in runs, up to the next thing that is not.
    let mut copied = 0_usize;
    let mut at = 1_usize;
    loop {
        match *bytes.get(at)? {
            b'"' => {
                out.push_str(text.get(copied..=at)?);
                return at.checked_add(1);
            }
            control @ ..0x20 => {
                out.push_str(text.get(copied..at)?);
                // Writing to a `String` does not fail.
                let _ = write!(out, "\\u{control:04x}");
                at = at.checked_add(1)?;
                copied = at;
            }
            b'\\' => match Escape::read(text.get(at..)?) {
                Escape::Valid { len } => at = at.checked_add(len)?,
                Escape::LoneSurrogate => {
                    out.push_str(text.get(copied..at)?);
                    out.push_str("\\ufffd");
                    at = at.checked_add(6)?;
                    copied = at;
                }
                Escape::Invalid => {
                    out.push_str(text.get(copied..at)?);
                    out.push('\\');
                    copied = at;
                    at = at.checked_add(1)?;
                }
            },
            _ => at = at.checked_add(1)?,
        }
    }
}

enum Escape {
    Valid { len: usize },
    LoneSurrogate,
    Invalid,
}

impl Escape {
    /// Judges the backslash that `text` begins with.
    fn read(text: &str) -> Self {
        match text.as_bytes().get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Self::Valid { len: 2 },
            Some(b'u') => match (code_unit(text, 0), code_unit(text, 6)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => Self::Valid { len: 12 },
                (Some(0xd800..=0xdfff), _) => Self::LoneSurrogate,
                (Some(_), _) => Self::Valid { len: 6 },
                (None, _) => Self::Invalid,
            },
            _ => Self::Invalid,
        }
    }
}

/// The UTF-16 code unit of the escape `\uXXXX` at `at`.
fn code_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at.checked_add(6)?)?.strip_prefix("\\u")?;
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}
