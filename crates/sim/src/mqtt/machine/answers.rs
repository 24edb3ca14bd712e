//! What the cloud itself answers, and what it keeps of what devices say.

mod aliyun;
mod aliyun_gateway;
mod shadow;
mod tencent;
mod tencent_gateway;

use bytes::Bytes;
use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;

impl Machine {
    /// Reacts to a message that a device may publish.
    pub(super) fn answer(&mut self, now: Instant, device: &DeviceId, message: &Outgoing) {
        if self.answers_call(device, message) {
            return;
        }
        match device {
            DeviceId::Aliyun { .. } => self.answer_alink(now, device, message),
            DeviceId::Tencent { .. } => self.answer_tencent(now, device, message),
            DeviceId::Client { .. } => {}
        }
    }

    /// A device that came with a certificate is told its name, subscribed or not.
    pub(super) fn tell_name(&mut self, now: Instant, device: &DeviceId) {
        let DeviceId::Aliyun { product_key, device_name } = device else { return };
        let name = json!({"productKey": product_key, "deviceName": device_name});
        let message = said("/ext/auth/identity/response".to_owned(), &name, QoS::AtMostOnce);
        self.record(now, None, &message, false, true);
        self.deliver(now, device, message);
    }

    /// The cloud says something to whoever listens.
    pub(super) fn say(&mut self, now: Instant, topic: String, payload: &Value, qos: QoS) -> usize {
        let message = said(topic, payload, qos);
        self.record(now, None, &message, false, true);
        self.route(now, message)
    }

    /// The JSON object of a message; what is none is counted.
    fn object(&mut self, message: &Outgoing) -> Option<Map<String, Value>> {
        match serde_json::from_slice(&message.payload) {
            Ok(Value::Object(object)) => Some(object),
            _ => {
                count(&mut self.report.violations.bad_json);
                None
            }
        }
    }

    /// Keeps what a device reports of itself. Properties beyond the five hundredth are not kept.
    fn keep_reported(&mut self, device: &DeviceId, params: &Map<String, Value>) {
        let reported = self.reported.entry(device.clone()).or_default();
        for (name, value) in params {
            if reported.len() < MOST_PROPERTIES || reported.contains_key(name) {
                reported.insert(name.clone(), value.clone());
            }
        }
    }

    /// What a device has reported of itself: the last value of each property.
    pub fn reported(&self, device: &DeviceId) -> Map<String, Value> {
        self.reported.get(device).cloned().unwrap_or_default()
    }

    /// Asks a device to set properties, as an application does through the cloud. The answer is
    /// [`answer_to`](Self::answer_to) the id that this returns; a device that is away gets it later, if it has a stored session.
    ///
    /// # Errors
    /// When the platform has no such device, or it is a plain client, for which there is no such thing.
    pub fn set_properties(
        &mut self,
        now: Instant,
        device: &DeviceId,
        params: &Value,
    ) -> Result<String, UnknownDevice> {
        self.known(now, device)?;
        let id = self.ask(device);
        let (topic, payload) = match device {
            DeviceId::Aliyun { product_key, device_name } => (
                format!("/sys/{product_key}/{device_name}/thing/service/property/set"),
                json!({
                    "method": "thing.service.property.set", "id": id, "params": params, "version": "1.0.0",
                }),
            ),
            DeviceId::Tencent { product_id, device_name } => (
                format!("$thing/down/property/{product_id}/{device_name}"),
                json!({"method": "control", "clientToken": id, "params": params}),
            ),
            DeviceId::Client { .. } => return Err(UnknownDevice),
        };
        self.say(now, topic, &payload, QoS::AtLeastOnce);
        Ok(id)
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    pub(super) fn millis(&self, now: Instant) -> u64 {
        u64::try_from(self.time(now).as_millis()).unwrap_or(u64::MAX)
    }
}

pub(super) fn said(topic: String, payload: &Value, qos: QoS) -> Outgoing {
    Outgoing { topic, payload: Bytes::from(payload.to_string()), qos }
}

/// The platform knows no such device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the platform knows no such device")]
#[non_exhaustive]
pub struct UnknownDevice;

/// How much of a device is kept.
const MOST_PROPERTIES: usize = 500;
