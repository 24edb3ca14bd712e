//! What many devices said last, in one call.

use core::fmt;
use std::collections::BTreeMap;

use iot_home_core::Did;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Call, lenient};

/// What the cloud last heard of these properties: `prop.power` of the classic devices, `prop.4100` and the like of
/// Bluetooth devices.
pub fn batch_device_data(asked: &[(Did, &[&str])]) -> Call<BatchData> {
    let item = |(did, props): &(Did, &[&str])| json!({ "did": did, "props": props });
    let asked: Vec<_> = asked.iter().map(item).collect();
    // The data are an array, and no object as everywhere else.
    Call::known("/device/batchdevicedatas", &asked)
}

/// Values by device and property. What the cloud does not know is absent.
#[derive(Clone, Default, PartialEq)]
pub struct BatchData(BTreeMap<String, Map<String, Value>>);

impl BatchData {
    /// A value, by the name it was asked by.
    pub fn value(&self, did: &Did, prop: &str) -> Option<&Value> {
        self.0.get(&did.to_string())?.get(prop)
    }

    /// The ids of the devices that something is known of.
    pub fn dids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for BatchData {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let devices: Option<BTreeMap<String, Values>> = Option::deserialize(deserializer)?;
        let devices = devices.unwrap_or_default().into_iter();
        Ok(Self(devices.map(|(did, values)| (did, values.0)).collect()))
    }
}

#[derive(Deserialize)]
struct Values(#[serde(deserialize_with = "values")] Map<String, Value>);

/// An object; anything else is an empty one.
fn values<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    Ok(lenient::maybe(deserializer)?.unwrap_or_default())
}

/// Without the values.
impl fmt::Debug for BatchData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchData").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}
