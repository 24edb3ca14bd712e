//! What is sent to a classic device.

use iot_home_miot::{Action, Fault, Property, ValueError};
use serde_json::{Value, json};

use super::Classic;

/// A method with its parameters, as a miIO device takes them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: String,
    /// Its parameters, always an array.
    pub params: Value,
}

impl Request {
    pub(super) fn new(method: &str, params: Vec<Value>) -> Self {
        Self { method: method.into(), params: params.into() }
    }

    /// Switches the LAN control of a Yeelight on, so that its LAN protocol can be used from then on. Over miIO only.
    pub fn enable_lan_control() -> Self {
        Self { method: "set_ps".into(), params: json!(["cfg_lan_ctrl", "1"]) }
    }
}

impl Classic {
    /// What sets a property. To set one twice does no harm.
    ///
    /// Where its values are words, upper and lower case are the same.
    ///
    /// # Errors
    /// When it cannot be written, or has no such value. A property of another map cannot be written.
    pub fn write(&self, property: &Property, value: &Value) -> Result<Request, ValueError> {
        let word = value.as_str().filter(|_| !property.list.is_empty());
        let word = word.map(|word| Value::from(word.trim().to_ascii_lowercase()));
        let value = word.as_ref().unwrap_or(value);
        property.check_write(value)?;
        let wire = self.wires.get(&property.id);
        wire.and_then(|wire| wire.write(property, value))
            .ok_or_else(|| property.error(Fault::NotWritable, value))
    }

    /// What runs an action; nothing for one of another map. They all take nothing, and running one twice may do harm.
    pub fn run(&self, action: &Action) -> Option<&Request> {
        self.actions.get(&action.id)
    }
}
