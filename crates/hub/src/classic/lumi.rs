//! What Lumi gateways tell of their children, by the names of MIoT.

use iot_home_core::PropertyId;
use iot_home_lumi::Values;
use serde_json::Value;

use super::{Classic, family};

impl Classic {
    /// What a gateway tells of a child of this model, or of itself: `magnet`, or as the cloud writes it `lumi.magnet`. Of a
    /// model that is not known, the voltage of its battery.
    ///
    /// Its [requests](super::Request) are no methods: each writes one value, named by its method.
    pub fn of_lumi(model: &str) -> Option<Self> {
        family::of_lumi(model)
    }

    /// The value of a property in what a gateway tells.
    pub fn of_values(&self, property: PropertyId, values: &Values) -> Option<Value> {
        let wire = self.wires.get(&property)?;
        wire.read(self.spec.property_by_id(property)?, |name| values.get(name).cloned())
    }
}
