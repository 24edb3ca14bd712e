//! The platform's time.

use alloc::format;
use alloc::string::ToString as _;
use core::time::Duration;

use iot_home_mqtt::payload::{self, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Deserialize;

use super::call::millis;
use super::{MAX_PAYLOAD, Topics};

/// Asks for the time, at this time of the device's own, which may be any.
pub fn request(topics: &Topics, sent: Duration) -> Publication {
    let time = millis(sent).to_string();
    let payload = format!("{{\"deviceSendTime\":\"{time}\"}}");
    let key = AnswerKey::new(topics.ntp_response(), time);
    Publication::new(topics.ntp_request(), payload).qos(0).answered_by(key)
}

/// The platform's answer. All are milliseconds since 1970-01-01 00:00 UTC, by the clock of whoever they are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Time {
    /// When the device asked.
    #[serde(deserialize_with = "lenient::integer")]
    pub device_send_time: u64,
    /// When the platform heard it.
    #[serde(deserialize_with = "lenient::integer")]
    pub server_recv_time: u64,
    /// When the platform answered.
    #[serde(deserialize_with = "lenient::integer")]
    pub server_send_time: u64,
}

impl Time {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }

    /// What time it was when the answer arrived, at this time by the clock that asked: half of the way there and back is
    /// taken for the way back.
    pub fn at(&self, received: Duration) -> Duration {
        let [sent, heard, answered] =
            [self.device_send_time, self.server_recv_time, self.server_send_time].map(u128::from);
        // No sum of three numbers of 64 bits leaves 128.
        let sum = heard.saturating_add(answered).saturating_add(received.as_millis());
        let now = sum.saturating_sub(sent) / 2;
        Duration::from_millis(u64::try_from(now).unwrap_or(u64::MAX))
    }
}
