//! RRPC: the cloud asks a device, and waits for the answer.

use std::time::Duration;

use bytes::Bytes;
use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;

use crate::mqtt::DeviceId;
use crate::mqtt::machine::{Machine, Output};
use crate::mqtt::session::Outgoing;

/// A question that a [`Machine`] has asked a device, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

/// A question that was not answered yet.
#[derive(Debug)]
pub(super) struct Call {
    device: DeviceId,
    pub(super) deadline: Instant,
}

impl Machine {
    /// Asks a device something by RRPC. [`Output::Answered`] tells how it ended.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub fn rrpc(
        &mut self,
        now: Instant,
        device: &DeviceId,
        payload: &[u8],
        within: Duration,
    ) -> Result<CallId, RrpcError> {
        self.handle_timeout(now);
        let id = self.next_id();
        let topic = match device {
            DeviceId::Aliyun { product_key, device_name } => {
                format!("/sys/{product_key}/{device_name}/rrpc/request/{id}")
            }
            DeviceId::Tencent { product_id, device_name } => {
                format!("$rrpc/rxd/{product_id}/{device_name}/{id}")
            }
            DeviceId::Client { .. } => return Err(RrpcError::NotReceived),
        };
        let is_there = self.is_connected(device) || self.gateway_of(device).is_some();
        if !is_there || self.calls.len() >= MOST_CALLS {
            return Err(RrpcError::NotReceived);
        }
        let payload = Bytes::copy_from_slice(payload);
        let message = Outgoing { topic, payload, qos: QoS::AtMostOnce };
        self.record(now, None, &message, false, true);
        if self.route(now, message) == 0 {
            return Err(RrpcError::NotReceived);
        }
        let call = CallId(id);
        self.calls.insert(call, Call { device: device.clone(), deadline: now + within });
        Ok(call)
    }

    /// Whether the message answers a question.
    pub(super) fn answers_call(&mut self, device: &DeviceId, message: &Outgoing) -> bool {
        let prefix = match device {
            DeviceId::Aliyun { product_key, device_name } => {
                format!("/sys/{product_key}/{device_name}/rrpc/response/")
            }
            DeviceId::Tencent { product_id, device_name } => {
                format!("$rrpc/txd/{product_id}/{device_name}/")
            }
            DeviceId::Client { .. } => return false,
        };
        let Some(id) = message.topic.strip_prefix(&prefix) else { return false };
        let call = id.parse().ok().map(CallId);
        let call = call.filter(|id| self.calls.get(id).is_some_and(|call| call.device == *device));
        if let Some(call) = call {
            self.calls.remove(&call);
            self.outbox.push(Output::Answered { call, answer: Ok(message.payload.to_vec()) });
        }
        true
    }

    /// Gives up what has waited too long.
    pub(super) fn end_calls(&mut self, now: Instant) {
        let late = self.calls.iter().filter(|(_, call)| call.deadline <= now);
        for call in late.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.calls.remove(&call);
            self.outbox.push(Output::Answered { call, answer: Err(RrpcError::Timeout) });
        }
    }
}

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RrpcError {
    /// The device is not connected, or has not subscribed to such questions.
    #[error("the device is not connected, or does not listen to questions")]
    NotReceived,
    /// The time is over.
    #[error("the device did not answer in time")]
    Timeout,
}

const MOST_CALLS: usize = 256;
