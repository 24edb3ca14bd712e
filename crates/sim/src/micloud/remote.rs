//! Devices as their cloud reaches them, whatever they speak on the LAN.

#[cfg(feature = "yeelight")]
mod bulb;
mod child;
#[cfg(feature = "lumi")]
mod lumi;

use iot_home_miio::DeviceError;
use serde_json::Value;

use crate::miio::Shared;

/// A device that a cloud passes on what it is told.
pub(crate) trait Remote: Send + Sync {
    /// Its token in miIO: 32 hexadecimal digits, where it has one.
    fn token(&self) -> Option<String> {
        None
    }

    /// Whether it has power.
    fn is_online(&self) -> bool {
        true
    }

    /// Does what the device is told, and answers as the device does.
    fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError>;

    /// The value of a property, by its classic name or its number.
    fn property(&self, name: &str) -> Option<Value>;
}

impl Remote for Shared {
    fn token(&self) -> Option<String> {
        Some(self.machine().token().expose_hex())
    }

    fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError> {
        self.command(method, params)
    }

    fn property(&self, name: &str) -> Option<Value> {
        self.machine().properties().get(name)
    }
}
