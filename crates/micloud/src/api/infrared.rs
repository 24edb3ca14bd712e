//! Remote controls that an infrared device has learnt.

use iot_home_core::Did;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Call, lenient};

/// A remote control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Controller {
    /// Its id.
    #[serde(deserialize_with = "super::device::did")]
    pub did: Did,
    /// What its owner calls it.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub name: Option<String>,
}

/// The remote controls of a device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Controllers {
    /// Each of them.
    #[serde(default, deserialize_with = "lenient::list")]
    pub controllers: Vec<Controller>,
}

/// A key of a remote control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// Its id.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Its name, such as `POWER`.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub name: Option<String>,
    /// Its name in the account's language.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub display_name: Option<String>,
}

/// The keys of a remote control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Keys {
    /// Each of them.
    #[serde(default, deserialize_with = "lenient::list")]
    pub keys: Vec<Key>,
}

/// The remote controls that an infrared device has learnt.
pub fn infrared_controllers(parent: &Did) -> Call<Controllers> {
    Call::known("/v2/irdevice/controllers", &json!({ "parent_id": parent }))
}

/// The keys of one of them.
pub fn infrared_keys(controller: &Did) -> Call<Keys> {
    Call::known("/v2/irdevice/controller/keys", &json!({ "did": controller }))
}

/// Presses a key. It may not be repeated when nobody knows what became of it.
pub fn press_key(controller: &Did, key_id: &str) -> Call<Value> {
    let data = json!({ "did": controller, "key_id": key_id });
    Call::known("/v2/irdevice/controller/key/click", &data).once()
}
