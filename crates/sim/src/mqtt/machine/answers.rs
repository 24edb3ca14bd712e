//! What the cloud itself answers.

use iot_home_core::Instant;

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::session::Outgoing;

impl Machine {
    pub(super) fn answer(&mut self, _now: Instant, _device: &DeviceId, _message: &Outgoing) {}

    pub(super) fn tell_name(&mut self, _now: Instant, _device: &DeviceId) {}
}
