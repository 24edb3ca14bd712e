//! How a property's values look on the wire.

use iot_home_core::Lenient;
use iot_home_miot::{Format, ListItem, Property};
use serde_json::{Number, Value};

use super::Request;

/// Where a property is read from, how it is set, and what its values look like there.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// The method that asks; `get_prop` takes the names as parameters.
    pub(super) ask: String,
    /// The classic names: the first of which something is told counts. None where the answer is the value itself.
    pub(super) names: Vec<String>,
    pub(super) set: Option<Setter>,
    /// What stands for false and true.
    pub(super) switch: (Value, Value),
    /// How many of the device's units make one of the property's.
    pub(super) divide: f64,
    /// Whether the same value told again is news.
    pub(super) is_event: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Setter {
    /// One method; `$` among its parameters is the value.
    Value { method: String, params: Vec<Value> },
    /// A method each for true and false, without parameters.
    Switch { on: String, off: String },
}

impl Wire {
    /// The value, from what is told under the classic names. Null and an empty text tell nothing.
    pub(super) fn read(
        &self,
        property: &Property,
        told: impl Fn(&str) -> Option<Value>,
    ) -> Option<Value> {
        let says = |value: &Value| !value.is_null() && value.as_str() != Some("");
        let told = self.names.iter().find_map(|name| told(name).filter(says))?;
        self.value(property, &told)
    }

    /// A value as it came, by the property's format. A word that is not in the list stays; it is a newer firmware's.
    pub(super) fn value(&self, property: &Property, told: &Value) -> Option<Value> {
        if !property.list.is_empty() {
            let text = told.to_text()?;
            let same =
                |item: &&ListItem| on_wire(item, "wire").to_text().is_some_and(|wire| wire == text);
            let item = property.list.iter().find(same);
            return Some(item.map_or_else(|| text.clone().into(), |item| item.value.clone()));
        }
        match property.format {
            Format::Bool if *told == self.switch.0 => Some(false.into()),
            Format::Bool if *told == self.switch.1 => Some(true.into()),
            Format::Float => Number::from_f64(told.to_f64()? / self.divide).map(Value::Number),
            _ => property.coerce(told),
        }
    }

    /// What sets it to a value that was checked.
    pub(super) fn write(&self, property: &Property, value: &Value) -> Option<Request> {
        match self.set.as_ref()? {
            Setter::Switch { on, off } => {
                Some(Request::new(if value.as_bool()? { on } else { off }, Vec::new()))
            }
            Setter::Value { method, params } => {
                let sent = self.sent(property, value)?;
                let put = |param: &Value| if param == "$" { sent.clone() } else { param.clone() };
                Some(Request::new(method, params.iter().map(put).collect()))
            }
        }
    }

    fn sent(&self, property: &Property, value: &Value) -> Option<Value> {
        if let Some(item) = property.list_item(value) {
            let item = if item.extra.contains_key("send") {
                on_wire(item, "send")
            } else {
                on_wire(item, "wire")
            };
            return Some(item.clone());
        }
        match value {
            Value::Bool(false) => Some(self.switch.0.clone()),
            Value::Bool(true) => Some(self.switch.1.clone()),
            other => Some(other.clone()),
        }
    }
}

/// What an item of a list is on the wire; the value itself where nothing else is said.
fn on_wire<'a>(item: &'a ListItem, field: &str) -> &'a Value {
    item.extra.get(field).unwrap_or(&item.value)
}
