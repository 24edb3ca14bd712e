//! Homes, and the rooms in them.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::lenient::{self, Record};
use crate::{Call, RawJson};

/// A home: the account's own, or one that is shared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Home {
    /// Its id, a number of 64 bits.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// The account that it belongs to: what other calls want as the owner.
    pub owner: Option<i64>,
    /// Devices that are in no room.
    pub dids: Vec<String>,
    /// Its rooms.
    pub rooms: Vec<Room>,
    /// All of the record.
    pub raw: RawJson,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Room {
    /// Its id.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// What its owner calls it.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub name: Option<String>,
    /// The devices in it.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub dids: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(alias = "home_id", deserialize_with = "number")]
    id: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, alias = "home_owner", deserialize_with = "lenient::integer")]
    uid: Option<i64>,
    #[serde(default, deserialize_with = "lenient::texts")]
    dids: Vec<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    roomlist: Vec<Room>,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    use serde::de::Error as _;

    lenient::integer(deserializer)?.ok_or_else(|| D::Error::custom("expected an id"))
}

impl Record for Home {
    type Fields = Fields;

    fn new(fields: Fields, raw: RawJson) -> Self {
        Self {
            id: fields.id,
            name: fields.name.unwrap_or_default(),
            owner: fields.uid,
            dids: fields.dids,
            rooms: fields.roomlist,
            raw,
        }
    }
}

impl<'de> Deserialize<'de> for Home {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::record(deserializer)
    }
}

/// The homes of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Homes {
    /// Its own.
    #[serde(default, rename = "homelist", deserialize_with = "lenient::records")]
    pub own: Vec<Home>,
    /// Those that others share with it.
    #[serde(default, rename = "share_home_list", deserialize_with = "lenient::records")]
    pub shared: Vec<Home>,
    /// Homes whose devices did not fit before: of a further page.
    #[serde(default, rename = "info", deserialize_with = "lenient::records")]
    pub continued: Vec<Home>,
    #[serde(default, deserialize_with = "lenient::flag")]
    has_more: Option<bool>,
    #[serde(default, deserialize_with = "lenient::filled")]
    max_id: Option<String>,
}

impl Homes {
    /// Where the next page begins, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.max_id.as_deref().filter(|_| self.has_more == Some(true))
    }
}

/// The homes of an account, from an id on. Only the first page names homes and rooms; further ones hold dids.
pub fn homes(start_id: Option<&str>) -> Call<Homes> {
    match start_id {
        None => Call::known(
            "/v2/homeroom/gethome",
            &json!({
                "fg": true, "fetch_share": true, "fetch_share_dev": true, "fetch_cariot": true,
                "limit": 300, "app_ver": 7,
            }),
        ),
        Some(start_id) => Call::known(
            "/v2/homeroom/get_dev_room_page",
            &json!({ "start_id": start_id, "limit": 150 }),
        ),
    }
}

/// Homes that others share with the account, where [`homes`] does not tell.
pub(super) fn shared_families() -> Call<super::InventoryPage> {
    Call::known("/v2/user/get_device_cnt", &json!({ "fetch_own": true, "fetch_share": true }))
}
