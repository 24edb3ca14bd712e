//! What a device is told by another way than its socket: by its cloud.

use iot_home_core::Instant;
use iot_home_miio::DeviceError;
use serde_json::Value;

use super::Machine;
use crate::miio::gateway::Gateway;

impl Machine {
    /// Does what the cloud says, to the device or to the child that has this sid.
    pub(crate) fn command(
        &mut self,
        now: Instant,
        sid: Option<&str>,
        method: &str,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        let uptime = self.stamp(now);
        let Self { appliance, faults, gateway, report, .. } = self;
        let asked = (sid, method, params);
        let outcome = gateway.as_mut().and_then(|it| it.call(faults, uptime, asked, report));
        let outcome = outcome.unwrap_or_else(|| appliance.call(faults, uptime, method, params));
        report.execution(method, &outcome);
        outcome.body
    }

    /// The model of a child.
    pub(crate) fn child_model(&self, sid: &str) -> Option<&str> {
        self.gateway.as_ref().and_then(|gateway| Gateway::model(gateway, sid))
    }

    /// The value of a child's property.
    pub(crate) fn child_property(&self, sid: &str, name: &str) -> Option<Value> {
        self.gateway.as_ref()?.property(sid, name)
    }
}
