//! An object whose known fields are taken out one by one: what is left is kept.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::Urn;

pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    /// Takes a field that can be read. One that cannot stays among the others.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.0.get(name)?;
        let taken = read(value);
        // Null is as good as missing.
        if taken.is_some() || value.is_null() {
            self.0.remove(name);
        }
        taken
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, |value| value.as_str().map(Into::into))
    }

    pub(crate) fn urn(&mut self) -> Option<Urn> {
        self.take("type", |value| value.as_str()?.parse().ok())
    }

    pub(crate) fn iid(&mut self) -> Option<u32> {
        self.take("iid", number)
    }

    /// The items of a list, which null and a missing one have none of.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.0.remove(name) {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) => Vec::new(),
            Some(other) => {
                self.0.insert(name.into(), other);
                Vec::new()
            }
        }
    }

    /// The numbers of a list of ids. A list with something else in it is read as far as it goes.
    pub(crate) fn ids<T: From<u32>>(&mut self, name: &str) -> Vec<T> {
        self.list(name).iter().filter_map(number).map(T::from).collect()
    }
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(iot_home_core::Lenient::to_i64(value)?).ok()
}

/// Puts fields together to an object again. Those that are null are left out, and what could not be read stays.
pub(crate) fn object<const N: usize>(
    extra: &Map<String, Value>,
    fields: [(&str, Value); N],
) -> Value {
    let mut object = extra.clone();
    for (name, value) in fields {
        if !value.is_null() {
            object.entry(name).or_insert(value);
        }
    }
    Value::Object(object)
}

pub(crate) fn urn(urn: Option<&Urn>) -> Value {
    urn.map_or(Value::Null, |urn| urn.as_str().into())
}
