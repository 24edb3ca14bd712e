//! What a bulb says over the control connection.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::DeviceError;
use crate::property::{Properties, Property, PropertyValue};

/// A message of the bulb's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// The result of a command.
    Result(Reply),
    /// The command with this id failed; 0 where the bulb could not read it, or told no id.
    Error {
        /// The command's id.
        id: i64,
        /// Why.
        error: DeviceError,
    },
    /// Properties that have changed, by whoever's doing.
    Props(Properties),
    /// Anything else that is a JSON object.
    Other,
}

impl Message {
    /// Reads every message of a line. Garbage before, between and behind them is passed over.
    ///
    /// Nearly always there is one. Returns whether there was garbage.
    pub fn read_line(line: &[u8], mut each: impl FnMut(Self)) -> bool {
        if let Some(reply) = Reply::plain_ok(line) {
            each(Self::Result(reply));
            return false;
        }
        let text = String::from_utf8_lossy(line);
        let mut rest: &str = &text;
        let mut garbage = false;
        for _ in 0..MAX_PER_LINE {
            let Some(start) = rest.find('{') else { break };
            garbage |= !rest.get(..start).unwrap_or_default().trim().is_empty();
            rest = rest.get(start..).unwrap_or_default();
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
            let read = stream.next();
            let end = stream.byte_offset();
            rest = match read {
                Some(Ok(object)) => {
                    each(Self::from_object(object.get()));
                    rest.get(end..).unwrap_or_default()
                }
                // Broken from here on: the next brace may begin something whole.
                _ => {
                    garbage = true;
                    rest.get(1..).unwrap_or_default()
                }
            };
        }
        garbage | !rest.trim().is_empty()
    }

    fn from_object(object: &str) -> Self {
        let mut json = serde_json::Deserializer::from_str(object);
        let Ok(fields) = json.deserialize_map(FieldsVisitor) else { return Self::Other };
        if fields.method.as_deref() == Some("props") {
            return fields.params.map_or(Self::Other, |params| Self::from_props(params.get()));
        }
        // Without an id, or with none that is a number, it belongs to whatever is under way alone.
        let id = fields.id.unwrap_or(0);
        if let Some(error) = fields.error {
            let error = serde_json::from_str(error.get()).unwrap_or(Value::Null);
            return Self::Error { id, error: DeviceError::from_json(&error) };
        }
        match fields.result {
            Some(result) => Self::Result(Reply { id, result: Some(result.get().into()) }),
            None => Self::Other,
        }
    }

    fn from_props(params: &str) -> Self {
        let mut json = serde_json::Deserializer::from_str(params);
        json.deserialize_map(PropsVisitor).map_or(Self::Other, Self::Props)
    }
}

/// The result of a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    id: i64,
    /// The JSON behind `"result"`; absent for `["ok"]`.
    result: Option<Box<str>>,
}

impl Reply {
    /// A reply that no bulb has written: for transports that have none.
    pub fn ok() -> Self {
        Self { id: 0, result: None }
    }

    /// A reply with this result, as JSON.
    pub fn new(id: i64, result: &Value) -> Self {
        Self { id, result: Some(result.to_string().into()) }
    }

    /// The command's id, 0 where the bulb told none.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The result as JSON.
    pub fn text(&self) -> &str {
        self.result.as_deref().unwrap_or(OK)
    }

    /// The items of the result. What is no array counts as its only item.
    pub fn values(&self) -> Vec<Value> {
        match serde_json::from_str(self.text()) {
            Ok(Value::Array(values)) => values,
            Ok(value) => alloc::vec![value],
            Err(_) => Vec::new(),
        }
    }

    /// Whether the result is `["ok"]`.
    pub fn is_ok(&self) -> bool {
        self.result.is_none() || matches!(&*self.values(), [Value::String(ok)] if ok == "ok")
    }

    /// Reads `{"id":1, "result":["ok"]}` as bulbs write it, which nearly every answer is.
    fn plain_ok(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"{\"id\":")?;
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let (number, rest) = rest.split_at_checked(digits)?;
        let rest = rest.strip_prefix(b",")?;
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        if rest != b"\"result\":[\"ok\"]}" || number.is_empty() || number.len() > 10 {
            return None;
        }
        let id = number.iter().try_fold(0_i64, |id, digit| {
            id.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0')?))
        })?;
        Some(Self { id, result: None })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("id", &self.id).field("result", &self.text()).finish()
    }
}

#[derive(Default)]
struct Fields<'a> {
    id: Option<i64>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let value = map.next_value::<&'de RawValue>()?;
            match &*key {
                // Some firmware puts it in quotes.
                "id" => fields.id = value.get().trim_matches('"').parse().ok(),
                "method" => fields.method = serde_json::from_str(value.get()).ok(),
                "params" => fields.params = Some(value),
                "result" => fields.result = Some(value),
                "error" => fields.error = Some(value),
                _ => {}
            }
        }
        Ok(fields)
    }
}

struct PropsVisitor;

impl<'de> Visitor<'de> for PropsVisitor {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut props = Vec::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, Value>()? {
            let property = Property::from(&*name);
            let value = PropertyValue::from_json(&property, &value);
            if props.len() < Properties::MAX {
                props.push((property, value));
            }
        }
        Ok(props.into_iter().collect())
    }
}

const OK: &str = "[\"ok\"]";
/// Messages and pieces of garbage looked at in one line.
const MAX_PER_LINE: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use serde_json::json;

    use super::Message;
    use crate::error::DeviceError;
    use crate::property::{Property, PropertyValue};

    fn read(line: &str) -> (Vec<Message>, bool) {
        let mut messages = Vec::new();
        let garbage = Message::read_line(line.as_bytes(), |message| messages.push(message));
        (messages, garbage)
    }

    fn only(line: &str) -> Message {
        let (mut messages, garbage) = read(line);
        assert!(!garbage && messages.len() == 1, "{line}: {messages:?}");
        messages.remove(0)
    }

    #[test]
    fn results_of_every_form() {
        for ok in [
            r#"{"id":1, "result":["ok"]}"#,
            r#"{"id":1,"result":["ok"]}"#,
            r#" { "id" : 1 , "result" : [ "ok" ] } "#,
            r#"{"result":["ok"],"id":1}"#,
            r#"{"id":"1","result":["ok"]}"#,
        ] {
            let Message::Result(reply) = only(ok) else { panic!("{ok}") };
            assert!(reply.id() == 1 && reply.is_ok(), "{ok}");
        }
        let Message::Result(timer) = only(r#"{"id":5,"result":[{"type":0,"delay":15,"mix":0}]}"#)
        else {
            panic!("no result");
        };
        assert_eq!(timer.values(), [json!({"type": 0, "delay": 15, "mix": 0})]);
        assert!(!timer.is_ok());
        let Message::Result(odd) = only(r#"{"id":5,"result":"ok"}"#) else { panic!("no result") };
        assert_eq!(odd.values(), [json!("ok")]);
    }

    #[test]
    fn errors_of_every_form() {
        let error = |line| match only(line) {
            Message::Error { id, error } => (id, error),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            error(r#"{"id":2, "error":{"code":-1, "message":"method not supported"}}"#),
            (2, DeviceError::NotSupported)
        );
        assert_eq!(
            error(r#"{"id":2,"error":{"code":-1,"message":"client quota exceeded"}}"#).1,
            DeviceError::QuotaExceeded
        );
        assert_eq!(
            error(r#"{"id":0,"error":{"code":-1,"message":"invalid command"}}"#),
            (0, DeviceError::InvalidCommand)
        );
        assert_eq!(error(r#"{"id":1,"error":{"code":"-5000"}}"#).1, DeviceError::General);
        assert_eq!(
            error(r#"{"id":1,"error":{"code":-5001,"message":"invalid params"}}"#).1,
            DeviceError::InvalidParams { code: Some(-5001) }
        );
        assert_eq!(
            error(r#"{"id":1,"error":"broken"}"#).1,
            DeviceError::Other { code: None, message: "broken".into() }
        );
        assert_eq!(
            error(r#"{"id":1,"error":[7]}"#).1,
            DeviceError::Other { code: None, message: "".into() }
        );
    }

    #[test]
    fn notifications_with_numbers_or_texts() {
        let props = |line| match only(line) {
            Message::Props(props) => props,
            other => panic!("{other:?}"),
        };
        let expected: crate::property::Properties = [
            (Property::Power, PropertyValue::Text("on".into())),
            (Property::Bright, PropertyValue::Number(10)),
        ]
        .into_iter()
        .collect();
        assert_eq!(props(r#"{"method":"props","params":{"power":"on","bright":10}}"#), expected);
        assert_eq!(props(r#"{"method":"props","params":{"power":"on","bright":"10"}}"#), expected);
        assert_eq!(only(r#"{"method":"props","params":[1]}"#), Message::Other);
        assert_eq!(only(r#"{"method":"news","params":{}}"#), Message::Other);
        assert_eq!(only(r#"{"id":-1}"#), Message::Other);
    }

    #[test]
    fn garbage_around_a_message_does_not_hide_it() {
        let ok = r#"{"id":1,"result":["ok"]}"#;
        for line in [
            alloc::format!("\u{0}\u{7f}xx{ok}"),
            alloc::format!("{ok}xx"),
            alloc::format!("{{\"id\":1,\"res{ok}"),
        ] {
            let (messages, garbage) = read(&line);
            assert!(garbage, "{line}");
            assert!(
                matches!(&*messages, [Message::Result(reply)] if reply.id() == 1),
                "{line}: {messages:?}"
            );
        }
        let (messages, garbage) = read(&alloc::format!("{ok}{ok} {ok}"));
        assert_eq!((messages.len(), garbage), (3, false));
        assert_eq!(read("nothing here"), (vec![], true));
        // Deep nesting and endless braces end.
        assert!(read(&"{".repeat(10_000)).1);
        assert!(read(&"{\"a\":[".repeat(3_000)).1);
    }
}
