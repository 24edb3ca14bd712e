//! The JSON inside a packet: requests, replies, and requests from the device.

mod envelope;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::envelope::{Message, Unreadable};
use crate::cipher::Cipher;

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

/// What `{"id":2147483647,` takes.
const ID_LEN: usize = 18;
