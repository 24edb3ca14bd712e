//! Properties of MIoT devices, of many devices at a time.

use iot_home_core::{Did, MiotCode, PropertyId, PropertyResult};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Call, lenient};

/// The most properties that are asked for in one request: as many as Xiaomi's own client asks for.
pub const MAX_PROPERTIES: usize = 150;

/// Where values come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataSource {
    /// From the cloud's memory, or else from the device.
    #[default]
    CacheFirst,
    /// From the device.
    Device,
    /// From the cloud's memory.
    Cache,
}

/// Reads properties: one call for each [`MAX_PROPERTIES`], of as many devices as there are.
pub fn get_properties(
    asked: &[(Did, PropertyId)],
    source: DataSource,
) -> impl Iterator<Item = Call<PropertyAnswers>> {
    let datasource = match source {
        DataSource::CacheFirst => 1,
        DataSource::Device => 2,
        DataSource::Cache => 3,
    };
    asked.chunks(MAX_PROPERTIES).map(move |asked| {
        let params: Vec<_> = asked.iter().map(|(did, id)| item(did, *id)).collect();
        Call::known("/miotspec/prop/get", &json!({ "params": params, "datasource": datasource }))
    })
}

/// Writes properties: one call for each [`MAX_PROPERTIES`]. A value's JSON type is the property's: `true` and not 1.
pub fn set_properties(
    values: &[(Did, PropertyId, Value)],
) -> impl Iterator<Item = Call<PropertyAnswers>> {
    values.chunks(MAX_PROPERTIES).map(|values| {
        let item = |(did, id, value): &(Did, PropertyId, Value)| {
            let mut item = item(did, *id);
            if let Value::Object(fields) = &mut item {
                fields.insert("value".into(), value.clone());
            }
            item
        };
        let params: Vec<_> = values.iter().map(item).collect();
        Call::known("/miotspec/prop/set", &json!({ "params": params }))
    })
}

fn item(did: &Did, id: PropertyId) -> Value {
    json!({ "did": did, "siid": id.siid, "piid": id.piid })
}

/// What was answered of properties, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyAnswers(Vec<Item>);

impl<'de> Deserialize<'de> for PropertyAnswers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::list(deserializer).map(Self)
    }
}

#[derive(Clone, PartialEq, Deserialize)]
struct Item {
    #[serde(deserialize_with = "super::device::did")]
    did: Did,
    #[serde(deserialize_with = "lenient::integer")]
    siid: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    piid: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    code: Option<i64>,
    #[serde(default)]
    value: Option<Value>,
}

/// Without the value, which may be anything that a device knows.
impl core::fmt::Debug for Item {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {:?}.{:?}: {:?}", self.did, self.siid, self.piid, self.code)
    }
}

impl PropertyAnswers {
    /// The answers in the order asked. What the cloud left out is absent here too.
    pub fn results(&self, asked: &[(Did, PropertyId)]) -> Vec<Option<PropertyResult>> {
        let mut taken = vec![false; self.0.len()];
        let mut take = |did: &Did, id: PropertyId| {
            // A property that is asked for twice is answered twice.
            let free = self.0.iter().zip(&mut taken).find(|(item, taken)| {
                !**taken
                    && item.did == *did
                    && item.siid == Some(id.siid.get().into())
                    && item.piid == Some(id.piid.get().into())
            });
            let (item, taken) = free?;
            *taken = true;
            let code = match (item.code, &item.value) {
                (Some(code), _) => MiotCode::new(code),
                (None, Some(_)) => MiotCode::OK,
                (None, None) => MiotCode::INTERNAL,
            };
            Some(PropertyResult::new(id, code, item.value.clone()))
        };
        asked.iter().map(|(did, id)| take(did, *id)).collect()
    }
}
