//! Keys of Bluetooth devices.

use iot_home_core::{Did, Secret};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::{Call, lenient};

/// The key that a Bluetooth device encrypts its advertisements with.
pub fn beacon_key(did: &Did) -> Call<BeaconKey> {
    Call::known("/v2/device/blt_get_beaconkey", &json!({ "did": did, "pdid": 1 }))
}

/// The key of a Bluetooth device: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BeaconKey {
    /// The digits.
    #[serde(deserialize_with = "secret")]
    pub beaconkey: Secret<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<String>, D::Error> {
    lenient::id(deserializer).map(Secret::new)
}
