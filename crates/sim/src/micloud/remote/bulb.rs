//! A bulb.

use std::sync::{Arc, Weak};

use iot_home_miio::DeviceError;
use serde_json::Value;

use super::Remote;
use crate::micloud::CloudDevice;
use crate::yeelight::{Connected, SimBulb};

/// A bulb on the LAN; it loses its power with the simulated bulb.
struct Bulb(Weak<Connected>);

impl CloudDevice {
    /// A simulated bulb that is on the LAN as well. Its did is its id in decimal. Its methods reach it, and so does MIoT: 2.1
    /// is its power, 2.2 the brightness, 2.3 the temperature and 2.4 the colour of what has them, action 2.1 toggles. Both are
    /// the state that the LAN shows, and clients there are told of what changes.
    ///
    /// It has no token, since it speaks no miIO.
    pub fn bulb(bulb: &SimBulb) -> Self {
        let did = bulb.id().get().to_string();
        let model = format!("yeelink.light.{}", bulb.model());
        let device = Self::remote(did, model, Arc::new(Bulb(Arc::downgrade(&bulb.connected()))));
        device.field("localip", bulb.addr().ip().to_string())
    }
}

impl Remote for Bulb {
    fn is_online(&self) -> bool {
        self.0.strong_count() > 0
    }

    fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError> {
        let bulb = self.0.upgrade().ok_or_else(|| DeviceError::new(None, "no such bulb"))?;
        bulb.act(|machine, now| machine.cloud_command(now, method, params))
    }

    fn property(&self, name: &str) -> Option<Value> {
        self.0.upgrade()?.look(|machine| machine.property(name))
    }
}
