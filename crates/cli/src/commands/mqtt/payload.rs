//! Payloads, without the secrets in them.

use std::borrow::Cow;

use iot_home::Secret;

use crate::hex;
use crate::ordered::{Hidden, Ordered, without_tokens};

/// Takes secrets out of what is printed, unless they are asked for.
pub(super) struct Cover {
    /// The device's secret in lower case, if there is one.
    secrets: Vec<String>,
    show: bool,
}

/// A payload as it is printed.
pub(super) struct Shown {
    pub(super) text: String,
    /// All of it, where it is not text.
    pub(super) hex: Option<String>,
}

impl Cover {
    pub(super) fn new(secret: Option<Secret<String>>, show: bool) -> Self {
        let secrets = secret.iter().map(|secret| secret.expose().to_ascii_lowercase()).collect();
        Self { secrets, show }
    }

    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// A text without the device's secret.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.show || !self.holds_secret(text) {
            return text.into();
        }
        without_tokens(text, &self.secrets).into()
    }

    /// JSON without the values of members that are secrets; anything else without the device's.
    pub(super) fn payload(&self, payload: &[u8]) -> Shown {
        let Ok(text) = std::str::from_utf8(payload) else {
            let text = String::from_utf8_lossy(payload);
            let is_shown = self.show || !self.holds_secret(&text);
            let hex = is_shown.then(|| hex::encode(payload));
            return Shown { text: self.text(&text).into_owned(), hex };
        };
        let json = Ordered::parse(text).ok().filter(|_| !self.show);
        let text = match json {
            None => self.text(text).into_owned(),
            Some(json) => {
                let mut hidden = json.clone();
                hidden.hide(&Hidden::clouds(&self.secrets));
                // As it came, where nothing is hidden: blanks and the spelling of numbers are told as well.
                if hidden == json { text.to_owned() } else { hidden.to_string() }
            }
        };
        Shown { text, hex: None }
    }

    fn holds_secret(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::{Cover, Shown};

    const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";

    fn cover(show: bool) -> Cover {
        Cover::new(Some(String::from(SECRET).into()), show)
    }

    fn shown(payload: &[u8]) -> String {
        let Shown { text, hex } = cover(false).payload(payload);
        format!("{text}{}", hex.unwrap_or_default())
    }

    #[test]
    fn what_holds_none_stays_as_it_is() {
        for text in ["", "on", "{ \"a\": 1.0, \"key\": 2 }", "{\"a\":", "[1]"] {
            assert_eq!(shown(text.as_bytes()), text);
        }
        assert_eq!(shown(b"\xff\x00"), "\u{fffd}\0ff00");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let lower = SECRET.to_lowercase();
        for payload in [
            SECRET.to_owned(),
            format!("is it {lower}{SECRET}?"),
            format!("{{\"a\":[\"{SECRET}\"]}}"),
            format!("{{\"\\u0067{}\":1}}", &SECRET[1..]),
            format!("{{\"a\":\"{SECRET}\""),
        ] {
            let shown = shown(payload.as_bytes()).to_lowercase();
            assert!(!shown.contains(&lower[1..9]), "{shown}");
            assert_eq!(cover(true).payload(payload.as_bytes()).text, payload);
        }
        let bytes = [&b"\xff"[..], SECRET.as_bytes()].concat();
        let shown = cover(false).payload(&bytes);
        assert!(shown.hex.is_none() && !shown.text.contains(SECRET));
        assert_eq!(cover(true).payload(&bytes).hex.unwrap().len(), 2 * bytes.len());
    }

    #[test]
    fn what_a_registration_gives_is_not_shown_either() {
        let payload = br#"{"productKey":"a1","deviceSecret":"x1","deviceToken":"x2","psk":"x3"}"#;
        assert_eq!(
            shown(payload),
            r#"{"productKey":"a1","deviceSecret":null,"deviceToken":null,"psk":null}"#
        );
    }

    /// A secret that its own replacement holds is no endless task.
    #[test]
    fn short_secrets() {
        for secret in ["e", "redacted", "<"] {
            let cover = Cover::new(Some(String::from(secret).into()), false);
            assert!(cover.text("see <here>").len() < 500);
        }
        let cover = Cover::new(Some(String::new().into()), false);
        assert_eq!(cover.text("see"), "see");
    }
}
