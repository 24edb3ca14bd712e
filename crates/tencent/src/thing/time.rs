//! The platform's time.

use core::time::Duration;

use iot_home_mqtt::payload::{self, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Deserialize;

use super::{MAX_PAYLOAD, Topics};

/// What the answer has in the place of an id.
pub(super) const TIME: &str = "time";

/// Asks for the time. The answer does not say when it was asked: whoever asks keeps that.
pub fn request(topics: &Topics) -> Publication {
    let key = AnswerKey::new(topics.of("$sys/operation/result"), TIME);
    let payload = *b"{\"type\":\"get\",\"resource\":[\"time\"]}";
    Publication::new(topics.of("$sys/operation"), payload).qos(0).answered_by(key)
}

/// The platform's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Time {
    /// The time in seconds since 1970-01-01 00:00 UTC.
    #[serde(deserialize_with = "lenient::integer")]
    pub time: u64,
    /// When the platform heard the question, in milliseconds.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub ntptime1: Option<u64>,
    /// When it answered, in milliseconds.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub ntptime2: Option<u64>,
}

impl Time {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }

    /// What time it was when the answer arrived: it was asked and answered at these times of the device's own clock, which
    /// may be any. Half of the way there and back is taken for the way back. Without milliseconds it is the second.
    pub fn at(&self, sent: Duration, received: Duration) -> Duration {
        let (Some(heard), Some(answered)) = (self.ntptime1, self.ntptime2) else {
            return Duration::from_secs(self.time);
        };
        // No sum of three numbers of 64 bits leaves 128.
        let sum =
            u128::from(heard).saturating_add(answered.into()).saturating_add(received.as_millis());
        let now = sum.saturating_sub(sent.as_millis()) / 2;
        Duration::from_millis(u64::try_from(now).unwrap_or(u64::MAX))
    }
}
