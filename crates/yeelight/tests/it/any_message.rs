//! Any bytes on a control connection, and any message a bulb might write.

use iot_home_yeelight::message::Message;
use iot_home_yeelight::{DeviceError, PropertyValue, Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::strategies::{json, property};

/// The most messages that are read of one line.
const MOST: usize = 64;

fn read(line: &[u8]) -> (Vec<Message>, bool) {
    let mut messages = Vec::new();
    let garbage = Message::read_line(line, |message| messages.push(message));
    (messages, garbage)
}

/// What messages are made of, and what breaks them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "{\"id\":",
        "\"id\":1",
        "\"result\":",
        "[\"ok\"]",
        "\"error\":",
        "\"method\":\"props\"",
        "\"params\":{",
        "null",
        "-1",
        "1e999",
        "{\"id\":1, \"result\":[\"ok\"]}",
        "{\"method\":\"props\",\"params\":{\"power\":\"on\"}}",
        "{\"$serde_json::private::RawValue\":\"",
        "\\\"",
        "灯",
        " ",
    ];
    prop_oneof![
        6 => select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #[test]
    fn any_bytes_end_and_hold_no_more_messages_than_braces(line in vec(any::<u8>(), 0..2_000)) {
        let (messages, garbage) = read(&line);
        let braces = line.iter().filter(|byte| **byte == b'{').count();
        prop_assert!(messages.len() <= braces.min(MOST));
        let blank = String::from_utf8_lossy(&line).trim().is_empty();
        prop_assert!(garbage || !messages.is_empty() || blank);
    }

    #[test]
    fn pieces_of_messages_end_too(pieces in vec(piece(), 0..60)) {
        let line = pieces.concat();
        let (messages, _) = read(&line);
        let braces = line.iter().filter(|byte| **byte == b'{').count();
        prop_assert!(messages.len() <= braces.min(MOST));
        for message in messages {
            if let Message::Result(reply) = message {
                let _ = (reply.values(), reply.is_ok(), reply.text().len());
            }
        }
    }

    #[test]
    fn a_result_is_read_as_it_was_written(
        id in any::<i64>(),
        result in json(),
        blank in any::<bool>(),
    ) {
        let blank = if blank { " " } else { "" };
        let line = format!("{{\"id\":{id},{blank}\"result\":{result}}}");
        let (messages, garbage) = read(line.as_bytes());
        prop_assert!(!garbage);
        let [Message::Result(reply)] = &messages[..] else { panic!("{messages:?}") };
        prop_assert_eq!(reply.id(), id);
        let text: Value = serde_json::from_str(reply.text()).unwrap();
        prop_assert_eq!(&text, &result);
        let ok = result == json!(["ok"]) || result == json!("ok");
        prop_assert_eq!(reply.is_ok(), ok);
        prop_assert_eq!(Reply::new(id, &result).values(), reply.values());
    }

    #[test]
    fn an_answer_that_is_read_the_short_way_is_the_same_the_long_way(
        id in any::<u64>(),
        digits in "[0-9]{0,12}",
        quick in any::<bool>(),
    ) {
        let id = if quick { id.to_string() } else { digits };
        let short = read(format!("{{\"id\":{id}, \"result\":[\"ok\"]}}").as_bytes());
        // A blank more, and the short way is not taken.
        let long = read(format!("{{\"id\":{id},  \"result\":[\"ok\"]}}").as_bytes());
        let told = |(messages, garbage): &(Vec<Message>, bool)| {
            let told: Vec<_> = messages
                .iter()
                .map(|message| match message {
                    Message::Result(reply) => Some((reply.id(), reply.values(), reply.is_ok())),
                    _ => None,
                })
                .collect();
            (told, *garbage)
        };
        // JSON has no numbers that begin with a zero; the short way is not that strict.
        if !id.starts_with('0') || id.len() == 1 {
            prop_assert_eq!(told(&short), told(&long), "{}", id);
        }
    }

    #[test]
    fn properties_are_read_as_they_were_written(
        told in vec((property(), json()), 0..20),
        blank in any::<bool>(),
    ) {
        let fields: Vec<_> =
            told.iter().map(|(name, value)| format!("{}:{value}", json!(name.as_str()))).collect();
        let comma = if blank { ", " } else { "," };
        let params = fields.join(comma);
        let line = format!("{{\"method\":\"props\"{comma}\"params\":{{{params}}}}}");
        let (messages, garbage) = read(line.as_bytes());
        prop_assert!(!garbage);
        let [Message::Props(props)] = &messages[..] else { panic!("{messages:?}") };
        prop_assert_eq!(props.len(), told.len());
        for ((property, value), (name, written)) in props.iter().zip(&told) {
            prop_assert_eq!(property, name);
            prop_assert_eq!(value, &PropertyValue::from_json(name, written));
        }
    }

    #[test]
    fn an_error_is_read_as_it_was_written(
        id in any::<i64>(),
        code in prop_oneof![select(&[-1, -5000, -5001, -5006][..]), any::<i64>()],
        message in ".{0,300}",
    ) {
        let error = json!({"code": code, "message": message});
        let (messages, garbage) = read(json!({"id": id, "error": error}).to_string().as_bytes());
        prop_assert!(!garbage);
        let [Message::Error { id: read, error }] = &messages[..] else { panic!("{messages:?}") };
        prop_assert_eq!(*read, id);
        if let DeviceError::Other { message: kept, .. } = error {
            prop_assert!(message.starts_with(&**kept) && kept.chars().count() <= 200);
        }
        if !message.to_lowercase().contains('e') {
            prop_assert_eq!(error.code(), Some(code));
        }
        // One line of a terminal, whatever the bulb says.
        prop_assert!(!error.to_string().contains(char::is_control));
    }

    #[test]
    fn garbage_around_a_message_does_not_hide_it(
        before in "[^{]{0,20}", behind in "[^{]{0,20}", id in 1..1_000_i64,
    ) {
        let line = format!("{before}{{\"id\":{id},\"result\":[\"ok\"]}}{behind}");
        let (messages, garbage) = read(line.as_bytes());
        let [Message::Result(reply)] = &messages[..] else { panic!("{messages:?}") };
        prop_assert_eq!((reply.id(), reply.is_ok()), (id, true));
        let clean = before.trim().is_empty() && behind.trim().is_empty();
        prop_assert_eq!(garbage, !clean);
    }
}
