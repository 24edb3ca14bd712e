//! What a value is made of.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use iot_home_core::Lenient;
use serde_json::{Number, Value};

/// The format of a property's values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `true` or `false`.
    Bool,
    /// 0 to 255.
    Uint8,
    /// 0 to 65,535.
    Uint16,
    /// 0 to 4,294,967,295.
    Uint32,
    /// 0 to 18,446,744,073,709,551,615.
    Uint64,
    /// −128 to 127.
    Int8,
    /// −32,768 to 32,767.
    Int16,
    /// −2,147,483,648 to 2,147,483,647.
    Int32,
    /// A signed number of 64 bits.
    Int64,
    /// A number with a fraction.
    Float,
    /// A text.
    String,
    /// A text of hexadecimal digits.
    Hex,
    /// Something else, under this name; also when none was given, as `""`.
    Other(Box<str>),
}

impl Format {
    /// The format of this name. Every name is one.
    pub fn new(name: &str) -> Self {
        match name {
            "bool" => Self::Bool,
            "uint8" => Self::Uint8,
            "uint16" => Self::Uint16,
            "uint32" => Self::Uint32,
            "uint64" => Self::Uint64,
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float" => Self::Float,
            "string" => Self::String,
            "hex" => Self::Hex,
            other => Self::Other(other.into()),
        }
    }

    /// The name, as instances write it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Bool => "bool",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::String => "string",
            Self::Hex => "hex",
            Self::Other(name) => name,
        }
    }

    /// The least and the greatest number that it holds, if it holds whole numbers.
    pub const fn limits(&self) -> Option<(i64, u64)> {
        Some(match self {
            Self::Uint8 => (0, 0xff),
            Self::Uint16 => (0, 0xffff),
            Self::Uint32 => (0, 0xffff_ffff),
            Self::Uint64 => (0, u64::MAX),
            Self::Int8 => (-0x80, 0x7f),
            Self::Int16 => (-0x8000, 0x7fff),
            Self::Int32 => (-0x8000_0000, 0x7fff_ffff),
            Self::Int64 => (i64::MIN, i64::MAX.unsigned_abs()),
            _ => return None,
        })
    }

    /// A value of another type by its meaning, as firmware sends them: 1 or `"on"` for `true`, `"40"` for 40.
    /// Nothing where it has none.
    ///
    /// ```
    /// use iot_home_miot::Format;
    /// use serde_json::json;
    ///
    /// assert_eq!(Format::Bool.coerce(&json!("on")), Some(json!(true)));
    /// assert_eq!(Format::Uint8.coerce(&json!("40")), Some(json!(40)));
    /// assert_eq!(Format::Uint8.coerce(&json!("warm")), None);
    /// ```
    pub fn coerce(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Bool => value.to_bool().map(Value::Bool),
            Self::Float => match value {
                Value::Number(_) => Some(value.clone()),
                other => Number::from_f64(other.to_f64()?).map(Value::Number),
            },
            Self::String | Self::Hex => value.to_text().map(Value::String),
            Self::Other(_) => (!value.is_null()).then(|| value.clone()),
            _ => whole(value),
        }
    }
}

fn whole(value: &Value) -> Option<Value> {
    value.to_i64().map(Value::from).or_else(|| match value {
        Value::Number(number) => number.as_u64().map(Value::from),
        Value::String(text) => text.trim().parse::<u64>().ok().map(Value::from),
        _ => None,
    })
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number as it is compared: whole ones exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Num {
    Whole(i128),
    Fraction(f64),
}

impl Num {
    pub(crate) fn of(number: &Number) -> Self {
        if let Some(number) = number.as_i64() {
            return Self::Whole(number.into());
        }
        if let Some(number) = number.as_u64() {
            return Self::Whole(number.into());
        }
        let fraction = number.as_f64().unwrap_or(f64::NAN);
        // By way of the text, since a cast would saturate.
        let whole = (fraction % 1.0 == 0.0).then(|| alloc::format!("{fraction:.0}").parse().ok());
        whole.flatten().map_or(Self::Fraction(fraction), Self::Whole)
    }

    pub(crate) fn to_f64(self) -> f64 {
        match self {
            // Beyond 2^53 it is the nearest one.
            #[expect(clippy::cast_precision_loss, reason = "only compared with fractions")]
            Self::Whole(number) => number as f64,
            Self::Fraction(number) => number,
        }
    }

    pub(crate) fn at_most(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(number), Self::Whole(other)) => number <= other,
            _ => self.to_f64() <= other.to_f64(),
        }
    }
}

/// How a value is named in an error: a text is not shown, since it may be anybody's.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => alloc::format!("a text of {} characters", text.chars().count()),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_back_is_read_by_its_meaning() {
        for (format, came, is) in [
            (Format::Bool, json!(0), Some(json!(false))),
            (Format::Bool, json!("OFF"), Some(json!(false))),
            (Format::Bool, json!(2), None),
            (Format::Uint8, json!("40"), Some(json!(40))),
            (Format::Uint8, json!(40.0), Some(json!(40))),
            (Format::Uint8, json!(40.5), None),
            (Format::Uint8, json!(true), None),
            (Format::Uint64, json!(u64::MAX), Some(json!(u64::MAX))),
            (Format::Uint64, json!("18446744073709551615"), Some(json!(u64::MAX))),
            (Format::Float, json!("21.5"), Some(json!(21.5))),
            (Format::Float, json!(21), Some(json!(21))),
            (Format::Float, json!("nan"), None),
            (Format::String, json!(5), Some(json!("5"))),
            (Format::String, json!(null), None),
            (Format::Hex, json!("00ff"), Some(json!("00ff"))),
            (Format::Other("tlv".into()), json!([1]), Some(json!([1]))),
        ] {
            assert_eq!(format.coerce(&came), is, "{format}: {came}");
        }
    }

    #[test]
    fn names_are_kept() {
        let all = "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float string hex tlv";
        for name in all.split(' ') {
            let format = Format::new(name);
            assert_eq!(format.as_str(), name);
            assert_eq!(matches!(format, Format::Other(_)), name == "tlv");
        }
    }

    #[test]
    fn numbers_compare_exactly() {
        let num = |value: Value| Num::of(value.as_number().unwrap());
        assert_eq!(num(json!(5.0)), Num::Whole(5));
        assert_eq!(num(json!(u64::MAX)), Num::Whole(u64::MAX.into()));
        assert!(!num(json!(u64::MAX)).at_most(num(json!(u64::MAX - 1))));
        assert!(num(json!(1)).at_most(num(json!(1.5))));
        assert!(!num(json!(1e300)).at_most(num(json!(1))));
    }
}
