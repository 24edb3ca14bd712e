//! What wears out: filters, brushes, batteries.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::lenient::{self, Record};
use crate::{Call, RawJson};

/// What wears out in a home. `owner` is the home's.
pub fn consumables(home_id: i64, owner: i64) -> Call<Consumables> {
    let data = json!({ "home_id": home_id, "owner_id": owner, "filter_ignore": true });
    Call::known("/v2/home/standard_consumable_items", &data)
}

/// What wears out in a home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Consumables {
    /// Each group of things that wear out.
    #[serde(default, deserialize_with = "lenient::records")]
    pub items: Vec<Consumable>,
}

/// Things that wear out. No document says more of them than where they stand.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consumable {
    /// Each of them, as it came.
    pub consumes: Vec<Value>,
    /// All of the record.
    pub raw: RawJson,
}

/// Without what they are: nobody knows what else stands there.
impl fmt::Debug for Consumable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumable").field("consumes", &self.consumes.len()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(default, deserialize_with = "lenient::list")]
    consumes_data: Vec<Value>,
}

impl Record for Consumable {
    type Fields = Fields;

    fn new(fields: Fields, raw: RawJson) -> Self {
        Self { consumes: fields.consumes_data, raw }
    }
}

impl<'de> Deserialize<'de> for Consumable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::record(deserializer)
    }
}
