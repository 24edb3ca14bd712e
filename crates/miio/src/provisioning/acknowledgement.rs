//! What a device says to a command that has nothing to tell.

use serde_json::Value;

use crate::json::Lenient;

/// Whether a device did what it was told. Devices say so as `["ok"]`, `"ok"`, `"OK"`, `0`, `[0]` or `{"code":0}`.
///
/// ```
/// use iot_home_miio::provisioning::Acknowledgement;
/// use serde_json::json;
///
/// for done in [json!(["ok"]), json!("OK"), json!(0), json!([0]), json!({"code": 0})] {
///     assert_eq!(Acknowledgement::read(&done), Acknowledgement::Ok);
/// }
/// assert_eq!(Acknowledgement::read(&json!([-1])), Acknowledgement::Refused { code: Some(-1) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acknowledgement {
    /// It did.
    Ok,
    /// It did not: another number than 0, or the word `error`.
    Refused {
        /// That number.
        code: Option<i64>,
    },
    /// Neither can be read from the answer.
    Unknown,
}

impl Acknowledgement {
    /// Reads the result of a call.
    pub fn read(result: &Value) -> Self {
        match result {
            Value::Array(items) => match items.as_slice() {
                // Arrays in arrays acknowledge nothing.
                [item] if !item.is_array() => Self::read(item),
                _ => Self::Unknown,
            },
            Value::Object(fields) => match fields.get("code").and_then(Lenient::to_i64) {
                Some(code) => Self::of(code),
                None => Self::Unknown,
            },
            Value::Number(number) => number.as_i64().map_or(Self::Unknown, Self::of),
            Value::String(text) if text.eq_ignore_ascii_case("ok") => Self::Ok,
            Value::String(text) if text.eq_ignore_ascii_case("error") => {
                Self::Refused { code: None }
            }
            Value::String(text) => text.parse().map_or(Self::Unknown, Self::of),
            Value::Null | Value::Bool(_) => Self::Unknown,
        }
    }

    fn of(code: i64) -> Self {
        if code == 0 { Self::Ok } else { Self::Refused { code: Some(code) } }
    }
}
