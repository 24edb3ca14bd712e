//! A child of a miIO gateway.

use std::sync::Arc;

use iot_home_miio::DeviceError;
use serde_json::Value;

use super::Remote;
use crate::micloud::CloudDevice;
use crate::miio::{Shared, SimDevice};

/// A child, behind the gateway that reaches it.
struct Child {
    gateway: Arc<Shared>,
    sid: String,
}

impl CloudDevice {
    /// A [child](crate::miio::Builder::child) of a simulated gateway that is on the LAN: its sid is its did, and MIoT and its
    /// methods reach it. Of a sid that the gateway does not know comes a record without a device.
    pub fn child(gateway: &SimDevice, sid: &str) -> Self {
        let shared = gateway.shared();
        let model = shared.machine().child_model(sid).map(str::to_owned);
        let Some(model) = model else { return Self::new(sid) };
        let child = Arc::new(Child { gateway: shared, sid: sid.to_owned() });
        Self::remote(sid.to_owned(), model, child)
            .field("parent_id", gateway.did().to_string())
            .field("parent_model", gateway.model())
            .field("pid", GATEWAY_CHILD)
    }
}

impl Remote for Child {
    fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError> {
        self.gateway.command_child(&self.sid, method, params)
    }

    fn property(&self, name: &str) -> Option<Value> {
        self.gateway.machine().child_property(&self.sid, name)
    }
}

/// How it is connected, in the words of the cloud.
const GATEWAY_CHILD: u64 = 18;
