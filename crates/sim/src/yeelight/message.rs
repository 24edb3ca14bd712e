//! What a bulb writes on its connections, a line each.

use std::fmt::Write as _;

use iot_home_yeelight::{Property, PropertyValue};
use serde_json::Value;

use crate::yeelight::faults::Faults;
use crate::yeelight::lamp::Reply;
use crate::yeelight::quirk::Quirk;

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerForm {
    /// `{"id":1, "result":["ok"]}`: with a blank behind the comma, as in the document and on older
    /// firmware.
    #[default]
    Spaced,
    /// `{"id":1,"result":["ok"]}`: newer firmware.
    Compact,
}

impl AnswerForm {
    const fn comma(self) -> &'static str {
        match self {
            Self::Spaced => ", ",
            Self::Compact => ",",
        }
    }
}

/// How notifications are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushForm {
    /// Numbers as numbers, as devices do it.
    #[default]
    Numbers,
    /// Numbers as text, as the document says.
    Texts,
}

/// What a command is answered: what it returns, or the code and the message of an error.
pub(crate) fn answer(form: AnswerForm, id: i32, done: Result<&Reply, (i32, &str)>) -> String {
    match done {
        Ok(reply) => result(form, id, reply),
        Err((code, text)) => error(form, id, code, text),
    }
}

pub(crate) fn result(form: AnswerForm, id: i32, reply: &Reply) -> String {
    let comma = form.comma();
    match reply {
        Reply::Ok => format!("{{\"id\":{id}{comma}\"result\":[\"ok\"]}}\r\n"),
        Reply::Texts(texts) => {
            let mut line = format!("{{\"id\":{id}{comma}\"result\":[");
            for (at, text) in texts.iter().enumerate() {
                line.push_str(if at == 0 { "" } else { "," });
                push_text(&mut line, text);
            }
            line.push_str("]}\r\n");
            line
        }
        Reply::Values(values) => format!("{{\"id\":{id}{comma}\"result\":{values}}}\r\n"),
    }
}

pub(crate) fn error(form: AnswerForm, id: i32, code: i32, message: &str) -> String {
    let comma = form.comma();
    let mut line = format!("{{\"id\":{id}{comma}\"error\":{{\"code\":{code}{comma}\"message\":");
    push_text(&mut line, message);
    line.push_str("}}\r\n");
    line
}

/// The same, as bulbs write it that get something wrong.
pub(crate) fn odd_answer(
    form: AnswerForm,
    id: i32,
    done: Result<&Reply, (i32, &str)>,
    faults: &Faults,
) -> String {
    let comma = form.comma();
    let mut line = String::from("{");
    if faults.has(Quirk::IdAsText) {
        let _ = write!(line, "\"id\":\"{id}\"{comma}");
    } else if !faults.has(Quirk::IdMissing) {
        let id = if faults.has(Quirk::WrongId) { id.wrapping_add(1) } else { id };
        let _ = write!(line, "\"id\":{id}{comma}");
    }
    match done {
        Ok(Reply::Ok) if faults.has(Quirk::ResultAsText) => line.push_str("\"result\":\"ok\""),
        Err((_, text)) if faults.has(Quirk::ErrorAsText) => {
            line.push_str("\"error\":");
            push_text(&mut line, text);
        }
        Ok(Reply::Texts(texts)) if faults.has(Quirk::NumbersInResults) => {
            let value = |text: &String| {
                text.parse::<i64>().map_or_else(|_| Value::from(text.as_str()), Value::from)
            };
            let values: Value = texts.iter().map(value).collect();
            let _ = write!(line, "\"result\":{values}");
        }
        done => {
            // All behind the id, which has been written.
            let whole = answer(form, id, done);
            let rest = whole.split_once(comma).map_or("", |(_, rest)| rest);
            line.push_str(rest.trim_end().strip_suffix('}').unwrap_or_default());
        }
    }
    line.push_str(if faults.has(Quirk::LfLines) { "}\n" } else { "}\r\n" });
    line
}

/// A notification of something else than properties, and one that tells nothing readable of them.
pub(crate) const ODD_NOTIFICATIONS: &[u8] =
    b"{\"method\":\"ota\",\"params\":{\"progress\":1}}\r\n{\"method\":\"props\",\"params\":[1]}\r\n";

/// What a UDP session is opened and kept alive with.
pub(crate) fn token(id: i32, method: &str, token: &str) -> String {
    format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{{\"token\":\"{token}\"}}}}\r\n")
}

pub(crate) fn props(form: PushForm, changes: &[(Property, PropertyValue)]) -> String {
    let mut line = String::from(r#"{"method":"props","params":{"#);
    for (at, (property, value)) in changes.iter().enumerate() {
        line.push_str(if at == 0 { "" } else { "," });
        push_text(&mut line, property.as_str());
        line.push(':');
        match (value, form) {
            (PropertyValue::Number(number), PushForm::Numbers) => {
                // Writing to a string does not fail.
                let _ = write!(line, "{number}");
            }
            (value, _) => push_text(&mut line, &value.to_string()),
        }
    }
    line.push_str("}}\r\n");
    line
}

fn push_text(line: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        let _ = write!(line, "{}", Value::from(text));
    }
}
