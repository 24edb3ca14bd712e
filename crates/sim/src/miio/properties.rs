//! The values a device has at a moment.

use std::collections::BTreeMap;
use std::fmt;

use iot_home_core::{MiotCode, PropertyId};
use iot_home_miio::DeviceError;
use iot_home_miio::json::Lenient;
use serde_json::Value;

use crate::miio::spec::{Format, Property};

/// The name of a property: a classic one such as `"power"`, or `siid.piid` such as `"2.1"` or `(2, 1)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "devices know these two kinds")]
pub enum PropertyName {
    /// By its number, for `get_properties`.
    Miot(PropertyId),
    /// By its name, for `get_prop`.
    Classic(String),
}

impl From<&str> for PropertyName {
    /// Two numbers with a dot between them are a [`PropertyId`], everything else is a classic name.
    fn from(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Classic(name.into()), Self::Miot)
    }
}

impl From<String> for PropertyName {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl From<PropertyId> for PropertyName {
    fn from(id: PropertyId) -> Self {
        Self::Miot(id)
    }
}

impl From<(u32, u32)> for PropertyName {
    fn from(id: (u32, u32)) -> Self {
        Self::Miot(id.into())
    }
}

impl fmt::Display for PropertyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Miot(id) => id.fmt(f),
            Self::Classic(name) => name.fmt(f),
        }
    }
}

/// Why a property was not changed. In a method or action `?` makes of it what the device answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// No service has it.
    #[error("there is no property {property}")]
    NotFound {
        /// Its number.
        property: PropertyId,
    },
    /// The value does not fit the property's type and range.
    #[error("the value does not fit the property {property}")]
    BadValue {
        /// Its number.
        property: PropertyId,
    },
}

impl From<PropertyError> for MiotCode {
    fn from(error: PropertyError) -> Self {
        match error {
            PropertyError::NotFound { .. } => Self::NOT_FOUND,
            PropertyError::BadValue { .. } => Self::BAD_VALUE,
        }
    }
}

impl From<PropertyError> for DeviceError {
    fn from(_: PropertyError) -> Self {
        Self::new(Some(-5001), "invalid_arg")
    }
}

/// The values a device has at a moment, as its methods and actions see them.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    miot: BTreeMap<PropertyId, Property>,
    classic: BTreeMap<String, Classic>,
}

#[derive(Clone, Debug)]
enum Classic {
    Own(Value),
    /// Another name of a MIoT property.
    Of(PropertyId),
}

impl Properties {
    /// The value, whether or not clients may read it.
    pub fn get(&self, name: impl Into<PropertyName>) -> Option<Value> {
        match name.into() {
            PropertyName::Miot(id) => self.miot.get(&id).map(|property| property.value.clone()),
            PropertyName::Classic(name) => self.classic(&name),
        }
    }

    /// Changes a value, whether or not clients may write it. A classic name that did not exist comes
    /// into being.
    ///
    /// # Errors
    /// For a number that does not exist, and for a value that does not fit the property's type and
    /// range.
    pub fn set(
        &mut self,
        name: impl Into<PropertyName>,
        value: impl Into<Value>,
    ) -> Result<(), PropertyError> {
        let value = value.into();
        match name.into() {
            PropertyName::Miot(id) => {
                let known = self.miot.get_mut(&id);
                let property = known.ok_or(PropertyError::NotFound { property: id })?;
                if !property.format.accepts(&value) {
                    return Err(PropertyError::BadValue { property: id });
                }
                property.value = value;
                Ok(())
            }
            PropertyName::Classic(name) => match self.classic.get_mut(&name) {
                Some(Classic::Of(id)) => {
                    let id = *id;
                    self.set_translated(id, &value)
                }
                Some(Classic::Own(own)) => {
                    *own = value;
                    Ok(())
                }
                None => {
                    self.classic.insert(name, Classic::Own(value));
                    Ok(())
                }
            },
        }
    }

    /// The value in the form in which `get_prop` answers it.
    fn classic(&self, name: &str) -> Option<Value> {
        match self.classic.get(name)? {
            Classic::Own(value) => Some(value.clone()),
            Classic::Of(id) => Some(match &self.miot.get(id)?.value {
                Value::Bool(on) => if *on { "on" } else { "off" }.into(),
                value => value.clone(),
            }),
        }
    }

    /// Classic commands have no types: the value is read by its meaning.
    fn set_translated(&mut self, id: PropertyId, value: &Value) -> Result<(), PropertyError> {
        let property = self.miot.get(&id).ok_or(PropertyError::NotFound { property: id })?;
        let meant = match property.format {
            Format::Bool => value.to_bool().map(Value::from),
            Format::Integer { .. } | Format::Choice(_) => value.to_i64().map(Value::from),
            Format::Float { .. } => value.to_f64().map(Value::from),
            Format::Text { .. } => value.to_text().map(Value::from),
            Format::Any => Some(value.clone()),
        };
        self.set(id, meant.ok_or(PropertyError::BadValue { property: id })?)
    }

    /// Takes a property in, with its classic name.
    pub(crate) fn insert(&mut self, siid: u32, property: Property) {
        let id = PropertyId::new(siid, property.piid.get());
        if let Some(name) = &property.classic {
            self.classic.insert(name.clone(), Classic::Of(id));
        }
        self.miot.insert(id, property);
    }

    pub(crate) fn miot(&self, id: PropertyId) -> Option<&Property> {
        self.miot.get(&id)
    }

    /// The MIoT properties that clients may read, and their values.
    pub(crate) fn readable(&self) -> impl Iterator<Item = (PropertyId, Value)> {
        let readable = self.miot.iter().filter(|(_, property)| property.readable);
        readable.map(|(id, property)| (*id, property.value.clone()))
    }

    pub(crate) fn has_classic(&self, name: &str) -> bool {
        self.classic.contains_key(name)
    }

    pub(crate) fn is_miot(&self) -> bool {
        !self.miot.is_empty()
    }

    pub(crate) fn is_classic(&self) -> bool {
        !self.classic.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_names_of_a_property_are_one_value() {
        let mut properties = Properties::default();
        properties.insert(2, Property::bool(1).classic("power"));
        properties.insert(2, Property::integer(2, 1..=100).classic("bright").read_only());
        assert_eq!(properties.set("power", "on"), Ok(()));
        assert_eq!(properties.get((2, 1)), Some(json!(true)));
        assert_eq!(properties.set("2.1", false), Ok(()));
        assert_eq!(properties.get("power"), Some(json!("off")));
        assert_eq!(properties.set("bright", "30"), Ok(()), "access is for clients only");
        assert_eq!(properties.get((2, 2)), Some(json!(30)));
        let bad = |piid| Err(PropertyError::BadValue { property: PropertyId::new(2, piid) });
        assert_eq!(properties.set("bright", 0), bad(2));
        assert_eq!(properties.set("power", "maybe"), bad(1));
        let property = PropertyId::new(2, 9);
        assert_eq!(properties.set((2, 9), 1), Err(PropertyError::NotFound { property }));
        assert_eq!(properties.set("name", json!([1])), Ok(()));
        assert_eq!(properties.get("name"), Some(json!([1])));
    }
}
