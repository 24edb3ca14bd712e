//! The JSON inside a packet: requests, replies, and requests from the device.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cipher::Cipher;
use crate::error::{DeviceError, MessageError, UNKNOWN_METHOD};
use crate::json::{self, JsonError};

/// A call of one of the device's methods. Cheap to clone, so that one that is made again and again
/// is put together once.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    method: Arc<str>,
    /// Everything behind the id: method, params and sid, as they are sent each time.
    tail: Arc<str>,
    idempotent: bool,
    timeout: Option<Duration>,
}

impl Request {
    /// A call. `params` is whatever the method wants: mostly an array, for some an object.
    /// What serialises to `null`, such as `()`, is sent as the empty array that devices expect.
    ///
    /// # Errors
    /// When there is no method, the parameters do not serialise, or all of it is too long for a packet.
    pub fn new(method: impl Into<String>, params: impl Serialize) -> Result<Self, RequestError> {
        let method = method.into();
        if method.is_empty() {
            return Err(RequestError::NoMethod);
        }
        let params = serde_json::to_string(&params).map_err(|_| RequestError::Params)?;
        let params = if params == "null" { "[]" } else { &params };
        let tail = format!("\"method\":{},\"params\":{params}}}", quoted(&method));
        let idempotent = is_idempotent(&method, params);
        Self { method: method.into(), tail: tail.into(), idempotent, timeout: None }.checked()
    }

    /// A call whose parameters, JSON text, are known to be sound and short.
    pub(crate) fn fixed(method: &'static str, params: &'static str) -> Self {
        let tail = format!("\"method\":\"{method}\",\"params\":{params}}}");
        let idempotent = is_idempotent(method, params);
        Self { method: method.into(), tail: tail.into(), idempotent, timeout: None }
    }

    /// Addresses a child of a gateway by its sid.
    ///
    /// # Errors
    /// When the request gets too long for a packet.
    pub fn sid(mut self, sid: &str) -> Result<Self, RequestError> {
        // The tail ends in the brace that closes the request.
        let open = self.tail.strip_suffix('}').unwrap_or(&self.tail);
        self.tail = format!("{open},\"sid\":{}}}", quoted(sid)).into();
        self.checked()
    }

    /// Says whether executing this twice does no harm. Without it, reading methods, `miIO.info`,
    /// `set_properties` and `set_*` with absolute values count as harmless; everything else does not.
    ///
    /// A harmless request is repeated under new ids, which devices answer even if they executed it
    /// before. Any other is repeated under its one id, which a device that saw it ignores.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// The time from the call to its failure, in place of the session's own.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        &self.method
    }

    #[cfg(feature = "client")]
    pub(crate) fn shared_method(&self) -> Arc<str> {
        Arc::clone(&self.method)
    }

    /// Whether this is repeated under new ids, see [`idempotent`](Self::idempotent).
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    pub(crate) fn own_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Appends the JSON under this id: `id`, `method`, `params` in this order and without a blank.
    pub(crate) fn write(&self, id: i32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
        out.push(b',');
        out.extend_from_slice(self.tail.as_bytes());
    }

    fn checked(self) -> Result<Self, RequestError> {
        let length = self.tail.len().saturating_add(ID_LEN);
        if length > Cipher::MAX_PLAINTEXT {
            Err(RequestError::TooLong { length })
        } else {
            Ok(self)
        }
    }
}

impl fmt::Debug for Request {
    /// Leaves out the parameters, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("idempotent", &self.idempotent)
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The method's name is empty.
    #[error("a request needs a method")]
    NoMethod,
    /// The parameters cannot be written as JSON.
    #[error("the parameters cannot be written as JSON")]
    Params,
    /// The whole is longer than a packet carries.
    #[error(
        "a request of {length} bytes is too long, a packet carries at most {}",
        Cipher::MAX_PLAINTEXT
    )]
    TooLong {
        /// Size of the request.
        length: usize,
    },
}

/// A device's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    id: i32,
    result: Box<str>,
}

impl Reply {
    /// The id under which the answered request was sent.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The result as JSON text, repaired where the device had written it wrongly.
    pub fn text(&self) -> &str {
        &self.result
    }

    /// The result as a type of yours.
    ///
    /// # Errors
    /// When the result does not have that type's form.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FormError> {
        // The parser's own message may quote the result, which may hold a token.
        serde_json::from_str(&self.result).map_err(|error| {
            let lines = self.result.split_inclusive('\n').take(error.line().saturating_sub(1));
            let before: usize = lines.map(str::len).sum();
            FormError { offset: before.saturating_add(error.column()) }
        })
    }

    /// The result as a JSON value.
    ///
    /// # Errors
    /// When the result nests deeper than 128 levels or has a number that is none.
    pub fn value(&self) -> Result<Value, FormError> {
        self.parse()
    }
}

impl fmt::Debug for Reply {
    /// Leaves out the result, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A result that is not what was expected of it. It tells the place and never the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device's result does not have the expected form (at byte {offset} of it)")]
#[non_exhaustive]
pub struct FormError {
    /// Offset in the result's text at which reading stopped.
    pub offset: usize,
}

/// A request that the device sends to us: a push, a log, a scene that fired.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviceRequest {
    /// The device's id for it, to be named in the answer.
    pub id: i64,
    /// What the device wants.
    pub method: String,
    /// The arguments, `null` where there are none.
    pub params: Value,
}

impl fmt::Debug for DeviceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceRequest")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

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

/// Whether executing this twice does no harm, as far as its name and parameters tell.
fn is_idempotent(method: &str, params: &str) -> bool {
    let reads =
        method.starts_with("get_") || matches!(method, "miIO.info" | "miIO.wifi_assoc_state");
    let writes = method.starts_with("set_")
        // Relative by definition.
        && !matches!(method, "set_adjust" | "set_move")
        // `set_power ["toggle"]` flips whatever was set.
        && !params.contains("\"toggle\"");
    reads || writes || method.starts_with("miIO.get_")
}

/// The text as a JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
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
/// What `{"id":2147483647,` takes.
const ID_LEN: usize = 18;
