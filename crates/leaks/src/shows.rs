//! Secrets in a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Whether a text has a part of the secret in it, in any of the forms in which bytes are printed: as characters, in
/// hexadecimal, in Base64, as a list of numbers.
pub fn shows(text: &str, secret: &[u8]) -> bool {
    let lower = text.to_lowercase();
    let dense: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let has_raw = secret
        .windows(6)
        .any(|part| str::from_utf8(part).is_ok_and(|part| lower.contains(&part.to_lowercase())));
    let list = |part: &[u8], number: fn(&u8) -> String| {
        part.iter().map(number).collect::<Vec<_>>().join(",")
    };
    let has_numbers = secret.windows(4).any(|part| {
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        dense.contains(&hex)
            || dense.contains(&list(part, u8::to_string))
            || dense.contains(&list(part, |byte| format!("{byte:x}")))
            || dense.contains(&list(part, |byte| format!("0x{byte:x}")))
            || dense.contains(&list(part, |byte| format!("0x{byte:02x}")))
    });
    // The two characters at the end depend on what follows.
    let has_base64 = (0..3).any(|skip| {
        let parts = secret.get(skip..).unwrap_or_default().chunks_exact(6);
        parts.map(|part| STANDARD_NO_PAD.encode(part)).any(|part| text.contains(&part))
    });
    has_raw || has_numbers || has_base64
}

#[cfg(test)]
mod tests {
    use super::shows;

    const TOKEN: [u8; 16] = *b"q3zq0f2yd3t3nqx4";

    #[test]
    fn every_form_of_bytes_is_found() {
        for shown in [
            "token q3zq0f2yd3t3nqx4.".to_owned(),
            "token Q3ZQ0F2Y.".to_owned(),
            "prefix 7a713066 suffix".to_owned(),
            "7A 71 30 66 32 79".to_owned(),
            format!("{TOKEN:?} {TOKEN:#?}"),
            format!("{:#?}", &TOKEN[5..9]),
            format!("{TOKEN:x?}"),
            format!("{TOKEN:#X?}"),
            format!("{TOKEN:#04x?}"),
            "cTN6cTBmMnlkM3QzbnF4NA==".to_owned(),
        ] {
            assert!(shows(&shown, &TOKEN), "{shown}");
        }
        for other in ["Token(<redacted>)", "did 51880628", "51, 122, 113"] {
            assert!(!shows(other, &TOKEN), "{other}");
        }
    }
}
