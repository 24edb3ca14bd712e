//! What belongs together in a device.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use iot_home_core::Siid;
use serde_json::{Map, Value};

use crate::fields::{Fields, object, urn};
use crate::{Action, Event, Property, Urn};

/// A service of a device. Service 1 describes the device itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Service {
    /// Its number.
    pub siid: Siid,
    /// Its name, as in `light`; its number where it has none.
    pub name: String,
    /// What it is.
    pub urn: Option<Urn>,
    /// What a person calls it; may be empty.
    pub description: String,
    /// What can be read and written.
    pub properties: Vec<Property>,
    /// What can be done.
    pub actions: Vec<Action>,
    /// What it tells by itself.
    pub events: Vec<Event>,
    /// Fields that have no place of their own, and those that could not be read.
    pub extra: Map<String, Value>,
}

impl Service {
    /// Reads a service, and counts what cannot be read.
    pub(crate) fn from_value(value: Value, left_out: &mut usize) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let siid = Siid::new(fields.iid()?);
        let urn = fields.urn();
        let name = urn.as_ref().map_or_else(|| siid.to_string(), |urn| urn.name().into());
        Some(Self {
            properties: items(&mut fields, "properties", left_out, |value| {
                Property::from_value(siid, &name, value)
            }),
            actions: items(&mut fields, "actions", left_out, |value| {
                Action::from_value(siid, &name, value)
            }),
            events: items(&mut fields, "events", left_out, |value| {
                Event::from_value(siid, &name, value)
            }),
            siid,
            name,
            urn,
            description: fields.text("description").unwrap_or_default(),
            extra: fields.0,
        })
    }

    pub(crate) fn to_value(&self) -> Value {
        let some = |items: Vec<Value>| if items.is_empty() { Value::Null } else { items.into() };
        object(
            &self.extra,
            [
                ("iid", self.siid.get().into()),
                ("type", urn(self.urn.as_ref())),
                ("description", self.description.as_str().into()),
                ("properties", some(self.properties.iter().map(Property::to_value).collect())),
                ("actions", some(self.actions.iter().map(Action::to_value).collect())),
                ("events", some(self.events.iter().map(Event::to_value).collect())),
            ],
        )
    }
}

fn items<T>(
    fields: &mut Fields,
    name: &str,
    left_out: &mut usize,
    read: impl Fn(Value) -> Option<T>,
) -> Vec<T> {
    let items = fields.list(name);
    let count = items.len();
    let read: Vec<_> = items.into_iter().filter_map(read).collect();
    *left_out = left_out.saturating_add(count.saturating_sub(read.len()));
    read
}

/// `service:item`; the item's number where it has no name.
pub(crate) fn item_name(service: &str, urn: Option<&Urn>, iid: u32) -> String {
    match urn {
        Some(urn) => format!("{service}:{}", urn.name()),
        None => format!("{service}:{iid}"),
    }
}
