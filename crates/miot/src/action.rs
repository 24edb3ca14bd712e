//! What can be done.

use alloc::string::String;
use alloc::vec::Vec;

use iot_home_core::{ActionId, Piid, Siid};
use serde_json::{Map, Value};

use crate::fields::{Fields, object, urn};
use crate::{Urn, service};

/// An action of a service. [`Spec::check_input`](crate::Spec::check_input) says whether it can be run with some values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Action {
    /// Its number.
    pub id: ActionId,
    /// Its name, `service:action` as in `light:toggle`. Two services of one type share it.
    pub name: String,
    /// What it is.
    pub urn: Option<Urn>,
    /// What a person calls it; may be empty.
    pub description: String,
    /// The properties of its service that it takes, in this order.
    pub inputs: Vec<Piid>,
    /// The properties of its service that it gives back, in this order.
    pub outputs: Vec<Piid>,
    /// Fields that have no place of their own, and those that could not be read.
    pub extra: Map<String, Value>,
}

impl Action {
    pub(crate) fn from_value(siid: Siid, service: &str, value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let id = ActionId::new(siid.get(), fields.iid()?);
        let urn = fields.urn();
        Some(Self {
            id,
            name: service::item_name(service, urn.as_ref(), id.aiid.get()),
            urn,
            description: fields.text("description").unwrap_or_default(),
            inputs: fields.ids("in"),
            outputs: fields.ids("out"),
            extra: fields.0,
        })
    }

    pub(crate) fn to_value(&self) -> Value {
        let ids = |ids: &[Piid]| ids.iter().map(|id| id.get()).collect::<Vec<_>>().into();
        object(
            &self.extra,
            [
                ("iid", self.id.aiid.get().into()),
                ("type", urn(self.urn.as_ref())),
                ("description", self.description.as_str().into()),
                ("in", ids(&self.inputs)),
                ("out", ids(&self.outputs)),
            ],
        )
    }
}
