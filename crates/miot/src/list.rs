//! Values that have names.

use alloc::string::String;

use serde_json::{Map, Value};

use crate::fields::{Fields, object};

/// One of the values that a property may have.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListItem {
    /// The value, mostly a small number. Null when the list has none.
    pub value: Value,
    /// What it means; may be empty.
    pub description: String,
    /// Fields that have no place of their own.
    pub extra: Map<String, Value>,
}

impl ListItem {
    /// Every item is one, so that the others keep their positions.
    pub(crate) fn from_value(value: Value) -> Self {
        match value {
            Value::Object(fields) => {
                let mut fields = Fields(fields);
                Self {
                    value: fields.0.remove("value").unwrap_or_default(),
                    description: fields.text("description").unwrap_or_default(),
                    extra: fields.0,
                }
            }
            bare => Self { value: bare, ..Self::default() },
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        object(
            &self.extra,
            [("value", self.value.clone()), ("description", self.description.as_str().into())],
        )
    }
}
