//! JSON with its keys in the order they came, and without the secrets in it.

use std::fmt;

use iot_home::miio::{Token, json, redact};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A JSON value whose objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ordered {
    /// Neither array nor object.
    Scalar(Value),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Ordered {
    /// Reads JSON strictly.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Reads what a device wrote: without its trailing NULs, and mended where it is broken.
    pub(crate) fn lenient(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('\0');
        Self::parse(text).ok().or_else(|| Self::parse(&json::repair(text)?).ok())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Scalar(value) => value.as_i64(),
            _ => None,
        }
    }

    /// Whether this is an array with an item that was refused: one whose code is below 0.
    pub(crate) fn has_refused_item(&self) -> bool {
        let refused =
            |item: &Self| item.get("code").and_then(Self::as_i64).is_some_and(|code| code < 0);
        matches!(self, Self::Array(items) if items.iter().any(refused))
    }

    /// Puts `null` where a secret is.
    pub(crate) fn hide(&mut self, what: &Hidden<'_>) {
        match self {
            Self::Scalar(Value::String(text)) if what.holds_token(text) => {
                *self = Self::Scalar(Value::Null);
            }
            Self::Scalar(_) => {}
            Self::Array(items) => items.iter_mut().for_each(|item| item.hide(what)),
            Self::Object(members) => {
                for (key, value) in members {
                    if what.is_secret(key) {
                        *value = Self::Scalar(Value::Null);
                    } else {
                        value.hide(what);
                    }
                    if what.holds_token(key) {
                        *key = String::from("<redacted>");
                    }
                }
            }
        }
    }
}

/// What to take out of JSON that is shown.
pub(crate) struct Hidden<'a> {
    keys: fn(&mut Value),
    tokens: &'a [String],
}

impl<'a> Hidden<'a> {
    /// Secrets, and these tokens wherever they stand.
    pub(crate) fn secrets(tokens: &'a [String]) -> Self {
        Self { keys: redact::secrets, tokens }
    }

    /// Besides, what a bug report should not tell: names of networks, addresses, accounts.
    pub(crate) fn personal(tokens: &'a [String]) -> Self {
        Self { keys: redact::personal, tokens }
    }

    /// What clouds call secrets, and these wherever they stand.
    pub(crate) fn clouds(tokens: &'a [String]) -> Self {
        Self { keys: of_clouds, tokens }
    }

    /// Besides, what a bug report should not tell.
    pub(crate) fn clouds_personal(tokens: &'a [String]) -> Self {
        let keys = |value: &mut Value| {
            redact::personal(value);
            of_clouds(value);
        };
        Self { keys, tokens }
    }

    /// Besides, what requests are signed with, which lets whoever has it ask again, and what is sealed with a product's secret,
    /// which many devices have.
    pub(crate) fn signed(tokens: &'a [String]) -> Self {
        let keys = |value: &mut Value| {
            redact::personal(value);
            of_clouds(value);
            null(value, &["payload", "sign", "signature"]);
        };
        Self { keys, tokens }
    }

    /// What the Mi Home cloud calls secrets, and these wherever they stand.
    pub(crate) fn mi_cloud(tokens: &'a [String]) -> Self {
        Self { keys: of_mi_cloud, tokens }
    }

    fn is_secret(&self, key: &str) -> bool {
        let mut probe = Value::Object([(key.to_owned(), Value::Bool(true))].into_iter().collect());
        (self.keys)(&mut probe);
        probe.get(key) == Some(&Value::Null)
    }

    fn holds_token(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.tokens.iter().any(|token| !token.is_empty() && text.contains(token))
    }
}

/// In an object without others in it.
fn of_clouds(value: &mut Value) {
    const SECRETS: &[&str] = &[
        "clientKey",
        "deviceSecret",
        "deviceToken",
        "iotToken",
        "passwd",
        "password",
        "productSecret",
        "psk",
        "secret",
        "token",
    ];
    null(value, SECRETS);
}

/// Members of these names, however they are written.
fn null(value: &mut Value, names: &[&str]) {
    for (key, value) in value.as_object_mut().into_iter().flatten() {
        if names.iter().any(|name| key.eq_ignore_ascii_case(name)) {
            *value = Value::Null;
        }
    }
}

/// The same. Addresses of files are signed: whoever has one has the file.
fn of_mi_cloud(value: &mut Value) {
    const SECRETS: &[&str] = &[
        "accessKey",
        "access_token",
        "p2p_id",
        "pincode",
        "psecurity",
        "refresh_token",
        "sign",
        "url",
    ];
    redact::secrets(value);
    of_clouds(value);
    for (key, value) in value.as_object_mut().into_iter().flatten() {
        if SECRETS.iter().any(|secret| key.eq_ignore_ascii_case(secret)) {
            *value = Value::Null;
        }
    }
}

/// The ways a token may be written in an answer, in lower case.
pub(crate) fn spellings(token: &Token) -> Vec<String> {
    let raw = std::str::from_utf8(token.expose()).ok();
    let raw = raw.filter(|raw| raw.bytes().all(|byte| byte.is_ascii_graphic()));
    [Some(token.expose_hex()), raw.map(str::to_ascii_lowercase)].into_iter().flatten().collect()
}

/// The text without these tokens.
pub(crate) fn without_tokens(text: &str, tokens: &[String]) -> String {
    let mut text = text.to_owned();
    for token in tokens.iter().filter(|token| !token.is_empty()) {
        let lower = text.to_ascii_lowercase();
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for (at, found) in lower.match_indices(token.as_str()) {
            shown.push_str(&text[end..at]);
            shown.push_str("<redacted>");
            end = at + found.len();
        }
        shown.push_str(&text[end..]);
        text = shown;
    }
    text
}

impl From<Value> for Ordered {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Object(members.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            scalar => Self::Scalar(scalar),
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ordered, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Ordered::Array(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered::Object(members))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(value) => value.serialize(serializer),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl fmt::Display for Ordered {
    /// On one line, without blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use iot_home::miio::Token;

    use super::{Hidden, Ordered, spellings, without_tokens};

    #[test]
    fn order_and_numbers_stay() {
        for text in [
            r#"{"z":1,"a":[1.0,-0.5,18446744073709551615,null,true],"m":{"b":"\u0001","a":""}}"#,
            "[]",
        ] {
            assert_eq!(Ordered::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Ordered::lenient("{\"id\":5,,\"a\":01}\0k").unwrap().to_string(),
            r#"{"id":5,"a":1}"#
        );
        assert_eq!(Ordered::lenient("hello"), None);
    }

    #[test]
    fn no_secret_survives_wherever_it_stands() {
        let token: Token = "306162636465666768696a6b6c6d6e6f".parse().unwrap();
        let known = spellings(&token);
        assert_eq!(known.len(), 2);
        for text in [
            r#"{"token":"306162636465666768696a6b6c6d6e6f","token":null}"#,
            r#"{"t\u006fken":["306162636465666768696a6b6c6d6e6f"]}"#,
            r#"["on","306162636465666768696A6B6C6D6E6F"]"#,
            r#"[["x 0abcdefghijklmno y"]]"#,
            r#"{"306162636465666768696a6b6c6d6e6f":1}"#,
        ] {
            let mut value = Ordered::parse(text).unwrap();
            value.hide(&Hidden::secrets(&known));
            let shown = value.to_string().to_lowercase();
            assert!(!shown.contains("3061626364") && !shown.contains("0abcdef"), "{shown}");
        }
        let text = without_tokens("says 306162636465666768696A6B6C6D6E6F!", &known);
        assert_eq!(text, "says <redacted>!");
    }

    #[test]
    fn what_is_personal_leaves_only_reports() {
        let text = r#"{"ap":{"ssid":"home","rssi":-50},"passwd":"x"}"#;
        let shown = |hidden: Hidden<'_>| {
            let mut value = Ordered::parse(text).unwrap();
            value.hide(&hidden);
            value.to_string()
        };
        assert_eq!(
            shown(Hidden::secrets(&[])),
            r#"{"ap":{"ssid":"home","rssi":-50},"passwd":null}"#
        );
        assert_eq!(
            shown(Hidden::personal(&[])),
            r#"{"ap":{"ssid":null,"rssi":-50},"passwd":null}"#
        );
    }

    #[test]
    fn refused_items() {
        let refused = |text| Ordered::parse(text).unwrap().has_refused_item();
        assert!(refused(r#"[{"code":0},{"code":-4001}]"#));
        assert!(!refused(r#"[{"code":0},{"code":1},{"x":-1},-4]"#) && !refused(r#"{"code":-1}"#));
    }
}
