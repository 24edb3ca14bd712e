//! Remote configuration.

use iot_home_mqtt::payload::{self, Json, Unreadable};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Deserialize;

use super::{Code, MAX_PAYLOAD, Topics};

/// What the answer has in the place of an id.
pub(super) const REPLY: &str = "reply";

/// Asks for the configuration.
pub fn get(topics: &Topics) -> Publication {
    let key = AnswerKey::new(topics.of("$config/update"), REPLY);
    Publication::new(topics.of("$config/report"), *b"{\"type\":\"get\"}").answered_by(key)
}

/// The configuration, answered or pushed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Config<'a> {
    /// Which of both.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How it went, in an answer.
    #[serde(default)]
    pub result: Option<Code>,
    /// It: any JSON.
    #[serde(borrow, default)]
    pub payload: Option<Json<'a>>,
}

/// Whether a configuration was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// It was.
    Reply,
    /// It was changed.
    Push,
}

impl<'a> Config<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }
}
