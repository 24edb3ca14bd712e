//! Values whose type depends on the firmware.

use alloc::format;
use alloc::string::{String, ToString};

use serde_json::Value;

/// Reads a value by its meaning: devices send numbers as strings, and switches as `"on"`, `1` or
/// `true`.
///
/// Blanks around strings are ignored (save by [`to_text`](Self::to_text)). Null, arrays and objects
/// have no such meaning. This trait is sealed.
///
/// ```
/// use iot_home_core::Lenient;
/// use serde_json::json;
///
/// assert_eq!(json!("on").to_bool(), Some(true));
/// assert_eq!(json!("25.0").to_i64(), Some(25));
/// assert!(json!(["ok"]).is_ok());
/// ```
pub trait Lenient: sealed::Sealed {
    /// `true`, 1, `"on"`, `"true"`, `"1"` and their opposites, in upper or lower case.
    fn to_bool(&self) -> Option<bool>;

    /// A whole number that fits: 5, 5.0, `"5"` or `"5.0"`, but not 5.5 and no bool.
    fn to_i64(&self) -> Option<i64>;

    /// A finite number, perhaps written as a string; never `"nan"` or `"inf"`, and no bool.
    fn to_f64(&self) -> Option<f64>;

    /// A string as it is, a number or bool as written in JSON.
    fn to_text(&self) -> Option<String>;

    /// Whether the result of a command says that all went well: 0, `"ok"`, `true`, an object whose
    /// `code` is 0, or an array of one or more of these.
    ///
    /// An empty array, null, or a MIoT code of 1 ("accepted, not finished") do not say so.
    fn is_ok(&self) -> bool;
}

impl Lenient for Value {
    fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::String(text) => {
                let is = |word: &&str| text.trim().eq_ignore_ascii_case(word);
                if ["on", "true", "1"].iter().any(is) {
                    Some(true)
                } else if ["off", "false", "0"].iter().any(is) {
                    Some(false)
                } else {
                    None
                }
            }
            Self::Number(_) => match self.to_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    fn to_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Self::String(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
            _ => None,
        }
    }

    fn to_f64(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => number.as_f64(),
            Self::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite())
    }

    fn to_text(&self) -> Option<String> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    fn is_ok(&self) -> bool {
        match self {
            Self::Array(items) => !items.is_empty() && items.iter().all(says_ok),
            single => says_ok(single),
        }
    }
}

fn says_ok(value: &Value) -> bool {
    match value {
        Value::Bool(done) => *done,
        Value::String(text) if text.trim().eq_ignore_ascii_case("ok") => true,
        Value::Object(fields) => fields.get("code").and_then(Lenient::to_i64) == Some(0),
        other => other.to_i64() == Some(0),
    }
}

/// The integer that `number` is, if it is one: by way of its text, since a cast would saturate.
fn whole(number: f64) -> Option<i64> {
    if number % 1.0 == 0.0 { format!("{number:.0}").parse().ok() } else { None }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for serde_json::Value {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn row_14_every_way_to_say_ok() {
        for ok in [
            json!(0),
            json!("ok"),
            json!("OK"),
            json!(["ok"]),
            json!(["OK"]),
            json!([0]),
            json!({"code": 0}),
            json!([{"did": "1", "siid": 2, "piid": 1, "code": 0}, {"code": 0}]),
            json!(0.0),
            json!("0"),
            json!({"code": "0"}),
            json!(true),
            json!([true]),
        ] {
            assert!(ok.is_ok(), "{ok}");
        }
    }

    #[test]
    fn row_14_what_does_not_say_ok() {
        for other in [
            json!(1),
            json!(-1),
            json!("error"),
            json!("unknown_method"),
            json!(""),
            json!([]),
            json!([[0]]),
            json!(["ok", "error"]),
            json!([{"code": 0}, {"code": -4004}]),
            json!({"code": 1}),
            json!({}),
            json!({"message": "ok"}),
            json!(null),
            json!(false),
        ] {
            assert!(!other.is_ok(), "{other}");
        }
    }

    #[test]
    fn row_19_bools() {
        for on in [json!(true), json!(1), json!(1.0), json!("on"), json!("ON"), json!("True")] {
            assert_eq!(on.to_bool(), Some(true), "{on}");
        }
        for off in [json!(false), json!(0), json!("off"), json!("Off"), json!("false"), json!("0")]
        {
            assert_eq!(off.to_bool(), Some(false), "{off}");
        }
        for neither in [json!(2), json!(-1), json!(0.5), json!("open"), json!(""), json!(null)] {
            assert_eq!(neither.to_bool(), None, "{neither}");
        }
    }

    #[test]
    fn row_19_integers() {
        assert_eq!(json!(-7).to_i64(), Some(-7));
        assert_eq!(json!("-7").to_i64(), Some(-7));
        assert_eq!(json!(" 42 ").to_i64(), Some(42));
        assert_eq!(json!(25.0).to_i64(), Some(25));
        assert_eq!(json!("25.00").to_i64(), Some(25));
        assert_eq!(json!(-0.0).to_i64(), Some(0));
        assert_eq!(json!(i64::MAX).to_i64(), Some(i64::MAX));
        assert_eq!(json!(i64::MAX.to_string()).to_i64(), Some(i64::MAX));
        assert_eq!(json!(-9_223_372_036_854_775_808.0).to_i64(), Some(i64::MIN));
        assert_eq!(json!(1_152_921_504_606_846_976.0).to_i64(), Some(1 << 60));
        for none in [
            json!(25.5),
            json!("25.5"),
            json!(u64::MAX),
            json!(9_223_372_036_854_775_808.0),
            json!(1e300),
            json!("1e300"),
            json!("nan"),
            json!("inf"),
            json!("0x10"),
            json!("5 W"),
            json!(""),
            json!(true),
            json!(null),
            json!([5]),
        ] {
            assert_eq!(none.to_i64(), None, "{none}");
        }
    }

    #[test]
    fn row_19_floats() {
        assert_eq!(json!(21.5).to_f64(), Some(21.5));
        assert_eq!(json!("21.5").to_f64(), Some(21.5));
        assert_eq!(json!(3).to_f64(), Some(3.0));
        assert_eq!(json!("-1e2").to_f64(), Some(-100.0));
        for none in
            [json!("nan"), json!("-inf"), json!("1e999"), json!(""), json!(true), json!(null)]
        {
            assert_eq!(none.to_f64(), None, "{none}");
        }
    }

    #[test]
    fn row_19_text() {
        assert_eq!(json!(" kept ").to_text().as_deref(), Some(" kept "));
        assert_eq!(json!(5).to_text().as_deref(), Some("5"));
        assert_eq!(json!(5.5).to_text().as_deref(), Some("5.5"));
        assert_eq!(json!(true).to_text().as_deref(), Some("true"));
        assert_eq!(json!(null).to_text(), None);
        assert_eq!(json!(["a"]).to_text(), None);
        assert_eq!(json!({}).to_text(), None);
    }
}
