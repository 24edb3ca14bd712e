//! The id of a reply that cannot be read as a whole.

/// The `"id"` of an object whose text is cut short or damaged beyond repair, so that the failure
/// can be told to the request it belongs to.
///
/// Only a key of the outermost object counts, and only a number that is followed by something: at
/// the very end of the text digits may be missing.
pub(crate) fn truncated_id(text: &str) -> Option<i64> {
    let mut rest = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    rest = rest.strip_prefix('{')?;
    let mut depth = 1_usize;
    // Only a string in this place is a key.
    let mut before_key = true;
    loop {
        let mut chars = rest.chars();
        let first = chars.next()?;
        rest = chars.as_str();
        match first {
            '"' => {
                let (string, after) = split_string(rest)?;
                rest = after;
                if before_key && depth == 1 && string == "id" {
                    return integer(rest.trim_start().strip_prefix(':')?.trim_start());
                }
                before_key = false;
            }
            '{' | '[' => depth = depth.checked_add(1)?,
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return None;
                }
            }
            ',' => before_key = true,
            ':' => before_key = false,
            _ => {}
        }
    }
}

/// Splits after the closing quote of a string whose opening quote is already read.
fn split_string(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some((text.get(..end)?, text.get(end.checked_add(1)?..)?))
}

fn integer(text: &str) -> Option<i64> {
    let (digits, _) = text.split_once([',', '}', ' ', '\t', '\r', '\n'])?;
    digits.parse().ok()
}
