//! Forms and paths as HTTP wants them.

use alloc::string::String;

/// Names and values as `application/x-www-form-urlencoded`. The names are ours, and need nothing.
pub(super) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        encode(value, "-_.", &mut form);
    }
    form
}

/// A text with everything but letters, digits and these encoded.
pub(super) fn encode(text: &str, but: &str, to: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && but.contains(character)) {
            to.push(character);
        } else {
            to.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

pub(super) const FORM: &str = "application/x-www-form-urlencoded";

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn values_are_encoded() {
        let fields = [("a", "x-_.9Z"), ("b", "@: &=%+\u{e9}/"), ("c", "")];
        assert_eq!(form(fields), "a=x-_.9Z&b=%40%3A%20%26%3D%25%2B%C3%A9%2F&c=");
    }
}
