//! A Lumi gateway and its children.

use std::sync::Arc;

use iot_home_lumi::Sid;
use iot_home_miio::DeviceError;
use serde_json::Value;

use super::Remote;
use crate::lumi::{Shared, SimGateway};
use crate::micloud::CloudDevice;

/// The gateway, or one of its children.
struct Lumi {
    gateway: Arc<Shared>,
    sid: Sid,
}

impl CloudDevice {
    /// A simulated Lumi gateway that is on the LAN as well. `did` is its number in the cloud, which its LAN protocol does not
    /// tell; its MAC address is its sid. It takes the methods for children that gateways take by miIO: `get_device_prop`,
    /// `get_device_prop_exp`, `set_device_prop` and the flat list.
    pub fn gateway(did: impl Into<String>, gateway: &SimGateway) -> Self {
        let sid = gateway.sid();
        let mac: Vec<_> = sid.to_string().to_ascii_uppercase().into_bytes();
        let mac = mac.chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(":");
        let device = Lumi { gateway: gateway.shared(), sid };
        Self::remote(did.into(), "lumi.gateway.v3".to_owned(), Arc::new(device))
            .field("localip", gateway.addr().ip().to_string())
            .field("mac", mac)
    }

    /// A child of a simulated Lumi gateway, whose number in the cloud is `parent`. Its did is `lumi.` and its sid, its model
    /// `lumi.plug.v1` where the LAN says `plug`. By MIoT 2.1 is its `status`: true for `on` and for `close`.
    pub fn lumi_child(parent: impl Into<String>, gateway: &SimGateway, sid: Sid) -> Self {
        let shared = gateway.shared();
        let did = format!("lumi.{sid}");
        let Some(model) = shared.machine().model(sid).map(str::to_owned) else {
            return Self::new(did);
        };
        let device = Lumi { gateway: shared, sid };
        Self::remote(did, format!("lumi.{model}.v1"), Arc::new(device))
            .field("parent_id", parent.into())
            .field("parent_model", "lumi.gateway.v3")
            .field("pid", ZIGBEE)
    }
}

impl Remote for Lumi {
    fn command(&self, method: &str, params: &Value) -> Result<Value, DeviceError> {
        self.gateway.act(|machine| machine.command(self.sid, method, params))
    }

    fn property(&self, name: &str) -> Option<Value> {
        self.gateway.machine().value(self.sid, name)
    }
}

/// How a child is connected, in the words of the cloud.
const ZIGBEE: u64 = 3;
