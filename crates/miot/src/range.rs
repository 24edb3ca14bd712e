//! From where to where a value goes, and in which steps.

use alloc::string::ToString;
use core::fmt;

use iot_home_core::Lenient;
use serde_json::{Number, Value, json};

use crate::format::Num;

/// The range of a property's values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ValueRange {
    /// The least value.
    pub min: Number,
    /// The greatest value, which is never below the least.
    pub max: Number,
    /// The distance between two values, above zero; without one every value between the two is allowed.
    pub step: Option<Number>,
}

impl ValueRange {
    /// Reads `[min, max, step]`. A step that is missing or not above zero is none; a range that is upside
    /// down is no range.
    pub fn from_value(value: &Value) -> Option<Self> {
        let (min, max, step) = match value.as_array()?.as_slice() {
            [min, max] => (min, max, None),
            [min, max, step] => (min, max, number(step)),
            _ => return None,
        };
        let (min, max) = (number(min)?, number(max)?);
        let step = step.filter(|step| Num::of(step).to_f64() > 0.0);
        Num::of(&min).at_most(Num::of(&max)).then_some(Self { min, max, step })
    }

    pub(crate) fn to_value(&self) -> Value {
        json!([self.min, self.max, self.step.clone().unwrap_or_else(|| 0.into())])
    }

    /// Whether a number is neither too small nor too great.
    pub fn contains(&self, number: &Number) -> bool {
        let number = Num::of(number);
        Num::of(&self.min).at_most(number) && number.at_most(Num::of(&self.max))
    }

    /// Whether a number is some steps above the least one. The greatest value counts as one even where the
    /// steps do not lead to it.
    pub fn on_step(&self, number: &Number) -> bool {
        let Some(step) = &self.step else { return true };
        let (number, step) = (Num::of(number), Num::of(step));
        let (min, max) = (Num::of(&self.min), Num::of(&self.max));
        if number == max {
            return true;
        }
        if let (Num::Whole(number), Num::Whole(min), Num::Whole(step)) = (number, min, step) {
            return number.checked_sub(min).and_then(|above| above.checked_rem(step)) == Some(0);
        }
        let step = step.to_f64();
        let over = ((number.to_f64() - min.to_f64()) % step).abs();
        // 0.1 has no exact binary form.
        let tolerance = step * 1e-4;
        over <= tolerance || step - over <= tolerance
    }
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(_) => {
            value.to_i64().map(Number::from).or_else(|| value.to_f64().and_then(Number::from_f64))
        }
        _ => None,
    }
}

impl fmt::Display for ValueRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)?;
        match &self.step {
            Some(step) if step.to_string() != "1" => write!(f, " in steps of {step}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(value: Value) -> ValueRange {
        ValueRange::from_value(&value).unwrap()
    }

    fn fits(range: &ValueRange, value: &Value) -> bool {
        let number = value.as_number().unwrap();
        range.contains(number) && range.on_step(number)
    }

    #[test]
    fn whole_steps() {
        let humidity = range(json!([30, 80, 10]));
        for (value, ok) in
            [(30, true), (40, true), (80, true), (45, false), (20, false), (90, false)]
        {
            assert_eq!(fits(&humidity, &json!(value)), ok, "{value}");
        }
        assert_eq!(humidity.to_string(), "30 to 80 in steps of 10");
        let odd = range(json!([1, 100, 5]));
        assert!(fits(&odd, &json!(6)) && fits(&odd, &json!(100)) && !fits(&odd, &json!(5)));
    }

    #[test]
    fn steps_with_fractions() {
        let target = range(json!([16, 30, 0.5]));
        assert!(fits(&target, &json!(21.5)) && fits(&target, &json!(22)));
        assert!(!fits(&target, &json!(21.3)) && !fits(&target, &json!(15.5)));
        let tenths = range(json!([-4.0, 1000.0, 0.1]));
        for value in [-3.9, 0.3, 0.7, 12.7, 999.9] {
            assert!(fits(&tenths, &json!(value)), "{value}");
        }
        assert!(!fits(&tenths, &json!(0.35)));
    }

    #[test]
    fn damaged_ones() {
        assert_eq!(range(json!([0, 100, 0])).step, None);
        assert_eq!(range(json!([0, 100, -1])).step, None);
        assert_eq!(range(json!([0, 100])).step, None);
        assert_eq!(range(json!(["0", "9.5", "0.5"])), range(json!([0, 9.5, 0.5])));
        for none in [json!([100, 0, 1]), json!([0]), json!(null), json!([0, null, 1]), json!("0")] {
            assert_eq!(ValueRange::from_value(&none), None, "{none}");
        }
    }

    #[test]
    fn numbers_of_64_bits() {
        let whole = range(json!([i64::MIN, u64::MAX, 2]));
        assert!(fits(&whole, &json!(i64::MIN)) && fits(&whole, &json!(u64::MAX - 1)));
        assert!(!fits(&whole, &json!(i64::MIN + 1)));
    }
}
