//! Services, properties and actions in the manner of MIoT-Spec.
//!
//! ```
//! use iot_home_sim::miio::{Action, Property, Service};
//!
//! let light = Service::new(2)
//!     .property(Property::bool(1).value(true))
//!     .property(Property::integer(2, 1..=100).value(40))
//!     .property(Property::choice(3, [0, 1, 5]))
//!     .action(Action::new(1).inputs([2]));
//! ```

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use iot_home_core::{Aiid, MiotCode, Piid, Siid};
use serde_json::Value;

use crate::miio::properties::Properties;

/// A service: a group of properties and actions.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) siid: Siid,
    pub(crate) properties: Vec<Property>,
    pub(crate) actions: Vec<Action>,
}

impl Service {
    /// A service with this number and nothing in it. Number 1 is the device's description.
    pub fn new(siid: u32) -> Self {
        Self { siid: Siid::new(siid), properties: Vec::new(), actions: Vec::new() }
    }

    /// Service 1 as every device has it: manufacturer, model, serial number, firmware revision.
    pub fn device_information(
        manufacturer: &str,
        model: &str,
        serial: &str,
        firmware: &str,
    ) -> Self {
        [manufacturer, model, serial, firmware].into_iter().zip(1..).fold(
            Self::new(1),
            |service, (text, piid)| {
                service.property(Property::text(piid, 64).value(text).read_only())
            },
        )
    }

    /// One more property. One with the same number is replaced.
    #[must_use]
    pub fn property(mut self, property: Property) -> Self {
        self.properties.retain(|old| old.piid != property.piid);
        self.properties.push(property);
        self
    }

    /// One more action. One with the same number is replaced.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.retain(|old| old.aiid != action.aiid);
        self.actions.push(action);
        self
    }
}

/// A property: a typed value with a range, which may be read, written, or both.
#[derive(Clone, Debug)]
pub struct Property {
    pub(crate) piid: Piid,
    pub(crate) format: Format,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) value: Value,
    pub(crate) classic: Option<String>,
}

impl Property {
    /// `true` or `false`, first `false`.
    pub fn bool(piid: u32) -> Self {
        Self::new(piid, Format::Bool, Value::Bool(false))
    }

    /// A whole number in this range, first its lower end.
    pub fn integer(piid: u32, range: RangeInclusive<i64>) -> Self {
        let (low, high) = range.into_inner();
        Self::new(piid, Format::Integer { low, high, step: 1 }, low.into())
    }

    /// A number in this range, first its lower end.
    pub fn float(piid: u32, range: RangeInclusive<f64>) -> Self {
        let (low, high) = range.into_inner();
        Self::new(piid, Format::Float { low, high }, low.into())
    }

    /// A text of at most so many characters, first empty.
    pub fn text(piid: u32, max_length: usize) -> Self {
        Self::new(piid, Format::Text { max_length }, "".into())
    }

    /// One of these numbers, MIoT's value-list; first the first of them.
    pub fn choice(piid: u32, values: impl IntoIterator<Item = i64>) -> Self {
        let values: Vec<i64> = values.into_iter().collect();
        let first = values.first().copied().unwrap_or(0);
        Self::new(piid, Format::Choice(values), first.into())
    }

    /// Without a type: any value may be written.
    pub fn any(piid: u32) -> Self {
        Self::new(piid, Format::Any, Value::Null)
    }

    fn new(piid: u32, format: Format, value: Value) -> Self {
        let piid = Piid::new(piid);
        Self { piid, format, readable: true, writable: true, value, classic: None }
    }

    /// Of a whole number's range only every so many-th value, counted from its lower end.
    #[must_use]
    pub fn step(mut self, by: u32) -> Self {
        if let Format::Integer { step, .. } = &mut self.format {
            *step = by.max(1);
        }
        self
    }

    /// The value it has at first.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = value.into();
        self
    }

    /// It cannot be written.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    /// It cannot be read.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.readable = false;
        self
    }

    /// It can be neither read nor written: it only appears in events and actions.
    #[must_use]
    pub fn notify_only(self) -> Self {
        self.read_only().write_only()
    }

    /// `get_prop` and `set_<name>` know it by this name. There a `bool` is `"on"` or `"off"`.
    #[must_use]
    pub fn classic(mut self, name: impl Into<String>) -> Self {
        self.classic = Some(name.into());
        self
    }
}

/// What values a property takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    Bool,
    Integer { low: i64, high: i64, step: u32 },
    Float { low: f64, high: f64 },
    Text { max_length: usize },
    Choice(Vec<i64>),
    Any,
}

impl Format {
    /// Whether the value fits, by strict JSON types: 1 is no bool and 1.0 no whole number.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Integer { low, high, step } => value.as_i64().is_some_and(|value| {
                let above = i128::from(value) - i128::from(*low);
                above >= 0 && value <= *high && above % i128::from(*step) == 0
            }),
            Self::Float { low, high } => {
                value.is_number() && value.as_f64().is_some_and(|v| (*low..=*high).contains(&v))
            }
            Self::Text { max_length } => {
                value.as_str().is_some_and(|text| text.chars().count() <= *max_length)
            }
            Self::Choice(values) => value.as_i64().is_some_and(|value| values.contains(&value)),
            Self::Any => true,
        }
    }

    /// The format of a property of which only a value is known.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_f64() => {
                Self::Float { low: f64::MIN, high: f64::MAX }
            }
            Value::Number(_) => Self::Integer { low: i64::MIN, high: i64::MAX, step: 1 },
            Value::String(_) => Self::Text { max_length: usize::MAX },
            _ => Self::Any,
        }
    }
}

/// An action: something to be done, with inputs and outputs that are properties of the same service.
///
/// Without a [handler](Self::run) and [outputs of its own](Self::returns), an action puts its inputs
/// into their properties and returns the values of its output properties.
#[derive(Clone)]
pub struct Action {
    pub(crate) aiid: Aiid,
    pub(crate) inputs: Vec<Piid>,
    pub(crate) outputs: Vec<Piid>,
    pub(crate) effect: Effect,
}

#[derive(Clone)]
pub(crate) enum Effect {
    Store,
    Return(Vec<Value>),
    Run(Handler),
}

type Handler = Arc<dyn Fn(&mut Properties, &[Value]) -> Result<Vec<Value>, MiotCode> + Send + Sync>;

impl Action {
    /// An action with this number, without inputs and outputs.
    pub fn new(aiid: u32) -> Self {
        let aiid = Aiid::new(aiid);
        Self { aiid, inputs: Vec::new(), outputs: Vec::new(), effect: Effect::Store }
    }

    /// The properties of the service that it takes, in this order. Their types and ranges are checked.
    #[must_use]
    pub fn inputs(mut self, piids: impl IntoIterator<Item = u32>) -> Self {
        self.inputs = piids.into_iter().map(Piid::new).collect();
        self
    }

    /// The properties of the service that it returns, in this order.
    #[must_use]
    pub fn outputs(mut self, piids: impl IntoIterator<Item = u32>) -> Self {
        self.outputs = piids.into_iter().map(Piid::new).collect();
        self
    }

    /// Returns always the same values.
    #[must_use]
    pub fn returns<T: Into<Value>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.effect = Effect::Return(values.into_iter().map(Into::into).collect());
        self
    }

    /// Does this with the device's properties and the checked inputs, and returns what it returns.
    #[must_use]
    pub fn run(
        mut self,
        handler: impl Fn(&mut Properties, &[Value]) -> Result<Vec<Value>, MiotCode>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.effect = Effect::Run(Arc::new(handler));
        self
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action")
            .field("aiid", &self.aiid)
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(property: &Property, value: Value) -> bool {
        property.format.accepts(&value)
    }

    #[test]
    fn types_are_strict() {
        let switch = Property::bool(1);
        assert!(fits(&switch, json!(true)));
        assert!([json!(1), json!("on"), json!(null)].into_iter().all(|v| !fits(&switch, v)));

        let number = Property::integer(1, 10..=100).step(5);
        assert!([json!(10), json!(15), json!(100)].into_iter().all(|v| fits(&number, v)));
        for wrong in [json!(12), json!(5), json!(105), json!(15.0), json!("15"), json!(u64::MAX)] {
            assert!(!fits(&number, wrong.clone()), "{wrong}");
        }
        assert!(fits(&Property::integer(1, i64::MIN..=i64::MAX), json!(i64::MAX)));

        let float = Property::float(1, -5.0..=5.0);
        assert!([json!(1.5), json!(1), json!(-5)].into_iter().all(|v| fits(&float, v)));
        assert!([json!(5.1), json!("1"), json!(null)].into_iter().all(|v| !fits(&float, v)));

        let text = Property::text(1, 2);
        assert!(fits(&text, json!("灯光")) && !fits(&text, json!("abc")) && !fits(&text, json!(1)));

        let choice = Property::choice(1, [0, 5]);
        assert!(fits(&choice, json!(5)) && !fits(&choice, json!(1)) && !fits(&choice, json!("5")));
    }
}
