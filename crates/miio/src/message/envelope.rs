//! The top level of a message: what an opened packet says.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{DeviceRequest, Reply};
use crate::error::{DeviceError, MessageError, UNKNOWN_METHOD};
use crate::json::{self, JsonError};

/// What an opened packet says.
#[derive(Debug)]
pub(crate) enum Message {
    /// The answer to the request with this id; without one the device could not tell.
    Reply { id: Option<i64>, outcome: Result<Box<str>, DeviceError> },
    /// A request of the device's own.
    Request(DeviceRequest),
}

impl Message {
    /// Reads the plaintext of a packet, mending what devices are known to write wrongly.
    pub(crate) fn read(plaintext: &[u8]) -> Result<Self, Unreadable> {
        let trimmed = without_nuls(plaintext);
        // The common case is read in one pass; everything below is for what is not valid as it came.
        if let Some(envelope) = core::str::from_utf8(trimmed).ok().and_then(Envelope::parse) {
            return Ok(envelope.classify());
        }
        let text = json::text(trimmed).map_err(|error| Unreadable {
            id: json::truncated_id(&String::from_utf8_lossy(trimmed)),
            error: match error {
                JsonError::Empty => MessageError::Empty,
                error => MessageError::Json(error),
            },
        })?;
        let envelope = Envelope::parse(&text);
        envelope
            .map(Envelope::classify)
            .ok_or(Unreadable { id: None, error: MessageError::NotAnObject })
    }

    pub(crate) fn reply(id: i32, result: Box<str>) -> Reply {
        Reply { id, result }
    }
}

/// A payload that makes no message, and whose answer it was as far as that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) id: Option<i64>,
    pub(crate) error: MessageError,
}

/// The top level of a message. Where a key stands twice the last one counts.
#[derive(Default)]
struct Envelope<'a> {
    id: Option<i64>,
    method: Option<String>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    /// Whether there are keys that only a reply without its `result` wrapper has.
    bare: bool,
    /// The whole object, needed for such replies only.
    whole: &'a str,
}

impl<'a> Envelope<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let envelope: Self = serde_json::from_str(text).ok()?;
        Some(Self { whole: text, ..envelope })
    }

    fn classify(self) -> Message {
        let Self { id, method, params, result, error, bare, whole } = self;
        match (error.filter(|raw| raw.get() != "null"), result, method) {
            (Some(error), _, _) => Message::Reply { id, outcome: Err(device_error(error)) },
            (None, Some(result), _) => {
                let result = result.get();
                let unknown = matches!(result, "\"unknown_method\"" | "[\"unknown_method\"]");
                let outcome = if unknown {
                    Err(DeviceError::new(None, UNKNOWN_METHOD))
                } else {
                    Ok(result.into())
                };
                Message::Reply { id, outcome }
            }
            (None, None, Some(method)) => Message::Request(DeviceRequest {
                id: id.unwrap_or(0),
                method,
                params: params
                    .and_then(|raw| serde_json::from_str(raw.get()).ok())
                    .unwrap_or(Value::Null),
            }),
            (None, None, None) => {
                Message::Reply { id, outcome: Ok(if bare { whole } else { "null" }.into()) }
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Id => envelope.id = number(map.next_value::<&RawValue>()?),
                        Key::Method => envelope.method = Some(map.next_value()?),
                        Key::Params => envelope.params = Some(map.next_value()?),
                        Key::Result => envelope.result = Some(map.next_value()?),
                        Key::Error => envelope.error = Some(map.next_value()?),
                        Key::ExeTime | Key::Other => {
                            envelope.bare |= key == Key::Other;
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// The keys of the top level, told apart without keeping their text.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Id,
    Method,
    Params,
    Result,
    Error,
    ExeTime,
    #[serde(other)]
    Other,
}

/// An integer, or one written as a string. What is there and makes no integer is the id of no request.
fn number(raw: &RawValue) -> Option<i64> {
    match raw.get() {
        "null" | "\"\"" => None,
        text => Some(text.trim_matches('"').parse().unwrap_or(NOBODYS_ID)),
    }
}

/// `{"code":…,"message":…}`, `{"code":…,"error":…}` or a bare string.
fn device_error(raw: &RawValue) -> DeviceError {
    let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let message = ["message", "error"].iter().find_map(|key| value.get(key));
    let text = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), ToString::to_string);
        // It ends up in logs and on screens.
        text.chars().take(MAX_MESSAGE).collect::<String>()
    };
    match (&value, message) {
        (Value::Object(_), message) => DeviceError::new(
            value.get("code").and_then(json::Lenient::to_i64),
            message.map(text).unwrap_or_default(),
        ),
        (Value::Number(_), _) => DeviceError::new(json::Lenient::to_i64(&value), ""),
        (value, _) => DeviceError::new(None, text(value)),
    }
}

/// Most devices end the text with a NUL.
fn without_nuls(plaintext: &[u8]) -> &[u8] {
    let end = plaintext.iter().rposition(|byte| *byte != 0);
    end.and_then(|last| plaintext.get(..=last)).unwrap_or_default()
}

/// Characters of a device's own message that are kept.
const MAX_MESSAGE: usize = 200;
/// An id that no request has.
const NOBODYS_ID: i64 = -1;
