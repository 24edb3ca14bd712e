//! JSON as clouds send it: numbers as texts, texts as numbers, and nothing of it in what is printed.

use iot_home_mqtt::http::Request;
use iot_home_mqtt::payload::{self, Ids, Json, Link, Members, Text, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Deserialize)]
struct Numbers {
    #[serde(deserialize_with = "lenient::integer")]
    one: u8,
    #[serde(default, deserialize_with = "lenient::optional")]
    more: Option<i64>,
}

fn numbers(one: &str, more: &str) -> Result<Numbers, Unreadable> {
    payload::read(format!("{{\"one\":{one},\"more\":{more}}}").as_bytes(), 1024)
}

#[test]
fn numbers_and_texts_of_numbers() {
    for one in ["7", "\"7\"", "7.0", "\"+7\"", "0.7e1"] {
        assert_eq!(numbers(one, "null"), Ok(Numbers { one: 7, more: None }), "{one}");
    }
    assert_eq!(numbers("true", "\"\""), Ok(Numbers { one: 1, more: None }));
    for (more, is) in [("\"-5\"", -5), ("-5", -5), ("9223372036854775807", i64::MAX)] {
        assert_eq!(numbers("1", more), Ok(Numbers { one: 1, more: Some(is) }));
    }
    for one in ["256", "-1", "7.5", "\"7.5\"", "\"\"", "null", "[7]", "{}", "\" 7\"", "1e300"] {
        assert!(matches!(numbers(one, "1"), Err(Unreadable::Form { .. })), "{one}");
    }
    for more in ["9223372036854775808", "1e19", "\"x\""] {
        assert!(numbers("1", more).is_err(), "{more}");
    }
}

#[test]
fn texts_come_back_as_they_came() {
    for (raw, is) in [("\"a\"", "a"), ("7", "7"), ("-1.50", "-1.50"), (r#""\u0041\n""#, "A\n")] {
        let text: Text<'_> = payload::read(raw.as_bytes(), 64).unwrap();
        assert_eq!(text.as_str(), is);
        assert_eq!(serde_json::to_string(&text).unwrap(), raw);
    }
    for raw in ["null", "true", "[]", "{}"] {
        assert!(payload::read::<Text<'_>>(raw.as_bytes(), 64).is_err(), "{raw}");
    }
}

#[test]
fn members_have_one_value_each() {
    let read = |text: &'static str| payload::read::<Members<'_>>(text.as_bytes(), 1024);
    let members = read(r#"{"b":1,"a":{"c":[ ]},"\u0063":null}"#).unwrap();
    assert_eq!(members.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!(members.get("a").unwrap().text(), r#"{"c":[ ]}"#);
    assert!(members.get("c").unwrap().is_null() && members.get("d").is_none());
    // However a name is written.
    for twice in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#] {
        assert!(matches!(read(twice), Err(Unreadable::Form { .. })), "{twice}");
    }
    assert!(read("[]").is_err());
}

#[test]
fn links_show_where_they_lead_and_no_more() {
    for (link, shown) in [
        ("https://files.example/f?Signature=horse", "Link(https://files.example/<redacted>)"),
        ("https://files.example?Signature=horse", "Link(https://files.example/<redacted>)"),
        ("https://user:horse@files.example/f", "Link(/<redacted>)"),
        ("horse", "Link(/<redacted>)"),
    ] {
        assert_eq!(format!("{:?}", Link::new(link)), shown);
        assert_eq!(Link::new(link).into_owned().expose(), link);
    }
}

#[test]
fn nothing_is_shown() {
    let text = json!({"a": "horse", "b": {"c": "horse"}}).to_string();
    let json: Json<'_> = payload::read(text.as_bytes(), 1024).unwrap();
    let publication = Publication::new("t", text.clone()).answered_by(AnswerKey::new("t", "1"));
    let request = Request::post("https://h/p", "x", text.clone()).header("password", "horse");
    let printed = format!("{json:?} {:?} {publication:?} {request:?}", json.members().unwrap());
    assert!(!printed.contains("horse"), "{printed}");
    assert!(printed.contains(&format!("{} bytes", text.len())));
}

#[test]
fn ids_go_round() {
    let mut ids = Ids::after(u32::MAX - 1);
    assert_eq!([ids.next(), ids.next(), ids.next()], ["4294967295", "0", "1"]);
}

proptest! {
    /// Places are places, and what is read is what serde_json reads.
    #[test]
    fn any_text_is_read_or_refused_within(text in "[\\[\\]{}\",:0-9a\\\\ \n\u{e9}]{0,40}") {
        let ours = payload::read::<Json<'_>>(text.as_bytes(), 1024);
        prop_assert_eq!(ours.is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        if let Err(Unreadable::NotJson { offset } | Unreadable::Form { offset }) = ours {
            prop_assert!(offset <= text.len());
        }
        if let Ok(json) = ours {
            prop_assert!(json.parse::<Value>().is_ok() || json.text().contains('e') || json.text().contains('\\'));
        }
    }
}
