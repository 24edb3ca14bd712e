//! Devices that know `get_prop` and methods of their own instead of MIoT, by the names of MIoT.
//!
//! What a model can do is data: `src/classic/data/*.json`, one file per family. A [`Classic`] is made from it for one model: an
//! instance of MIoT-Spec, in which properties are looked up, checked, coerced and shown as in any other, and beside each
//! property the classic names and methods. It sends nothing itself:
//!
//! ```
//! use iot_home_hub::Classic;
//! use serde_json::json;
//!
//! let humidifier = Classic::of_model("zhimi.humidifier.v1").ok_or("not known")?;
//! let target = humidifier.spec().property("humidifier:target-humidity")?;
//! let temperature = humidifier.spec().property("environment:temperature")?;
//!
//! // Reading: what to ask, and what the answer says.
//! let questions = humidifier.read([target.id, temperature.id], humidifier.limit());
//! let request = questions[0].request();
//! assert_eq!((&*request.method, &request.params), ("get_prop", &json!(["limit_hum", "temp_dec"])));
//! let read = humidifier.answers(&questions[0], &json!(["40", 235])).ok_or("not answered")?;
//! assert_eq!(read, [(target.id, Some(json!(40))), (temperature.id, Some(json!(23.5)))]);
//!
//! // Writing: checked first.
//! let request = humidifier.write(target, &json!(50))?;
//! assert_eq!((&*request.method, request.params), ("set_limit_hum", json!([50])));
//! assert_eq!(
//!     humidifier.write(target, &json!(55)).unwrap_err().to_string(),
//!     "humidifier:target-humidity: 55 is between two steps; \
//!      allowed is a whole number from 30 to 80 in steps of 10"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The numbers of these properties are not the device's: their `siid` is 0, which no device has. Whoever has the numbers of the
//! model's instance on the spec server looks the name up there. Where a device has words (`"silent"`), so have the values
//! here; MIoT has numbers for them, which differ between models.
//!
//! Bulbs of Yeelight take the same methods over their LAN protocol and over miIO, so one map serves both: see
//! [`Classic::of_bulb`] and [`Request::to_bulb`].

mod bulb;
mod family;
mod lumi;
mod question;
mod request;
mod wire;

use std::collections::BTreeMap;

use iot_home_core::{ActionId, PropertyId};
use iot_home_miot::{Property, Spec};

pub use self::question::Question;
pub use self::request::Request;
use self::wire::Wire;

/// What a classic model can do, and in which words.
#[derive(Clone, Debug)]
pub struct Classic {
    spec: Spec,
    wires: BTreeMap<PropertyId, Wire>,
    actions: BTreeMap<ActionId, Request>,
    limit: usize,
}

impl Classic {
    /// What this model can do, if it is known. It is made anew each time.
    pub fn of_model(model: &str) -> Option<Self> {
        family::of_model(model)
    }

    /// The models that are known; `*` stands for whatever follows.
    pub fn models() -> impl Iterator<Item = &'static str> {
        family::all().iter().flat_map(|family| family.models.keys().map(String::as_str))
    }

    /// Its properties and actions, as an instance of MIoT-Spec whose services all have number 0.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The most names that the model takes in one `get_prop`.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the property tells what has happened, such as a click: the same value told again is news.
    pub fn is_event(&self, property: PropertyId) -> bool {
        self.wires.get(&property).is_some_and(|wire| wire.is_event)
    }

    /// The properties that are read from a classic name, as in what a device tells by itself.
    pub fn read_from(&self, name: &str) -> impl Iterator<Item = &Property> {
        let from = move |wire: &Wire| wire.names.iter().any(|known| known == name);
        let read = self.wires.iter().filter(move |(_, wire)| from(wire));
        read.filter_map(|(id, _)| self.spec.property_by_id(*id))
    }
}

#[cfg(test)]
mod tests;
