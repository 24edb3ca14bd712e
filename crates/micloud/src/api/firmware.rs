//! Firmware.

use iot_home_core::Did;
use serde_json::{Value, json};

use crate::Call;

/// The latest firmware that there is for a device.
pub fn latest_firmware(did: &Did) -> Call<Value> {
    Call::known("/v2/device/latest_ver", &json!({ "did": did }))
}
