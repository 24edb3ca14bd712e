//! What a device tells by itself.

use alloc::string::String;
use alloc::vec::Vec;

use iot_home_core::{EventId, Piid, Siid};
use serde_json::{Map, Value};

use crate::fields::{Fields, object, urn};
use crate::{Urn, service};

/// An event of a service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// Its name, `service:event` as in `switch-sensor:click`. Two services of one type share it.
    pub name: String,
    /// What it is.
    pub urn: Option<Urn>,
    /// What a person calls it; may be empty.
    pub description: String,
    /// The properties of its service that come with it.
    pub arguments: Vec<Piid>,
    /// Fields that have no place of their own, and those that could not be read.
    pub extra: Map<String, Value>,
}

impl Event {
    pub(crate) fn from_value(siid: Siid, service: &str, value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let id = EventId::new(siid.get(), fields.iid()?);
        let urn = fields.urn();
        Some(Self {
            id,
            name: service::item_name(service, urn.as_ref(), id.eiid.get()),
            urn,
            description: fields.text("description").unwrap_or_default(),
            arguments: fields.ids("arguments"),
            extra: fields.0,
        })
    }

    pub(crate) fn to_value(&self) -> Value {
        let arguments = self.arguments.iter().map(|id| id.get()).collect::<Vec<_>>();
        object(
            &self.extra,
            [
                ("iid", self.id.eiid.get().into()),
                ("type", urn(self.urn.as_ref())),
                ("description", self.description.as_str().into()),
                ("arguments", arguments.into()),
            ],
        )
    }
}
