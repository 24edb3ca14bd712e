//! What a bulb writes on its connections, a line each.

use std::fmt::Write as _;

use iot_home_yeelight::{Property, PropertyValue};
use serde_json::Value;

use crate::yeelight::lamp::Reply;

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
