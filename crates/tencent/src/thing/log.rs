//! How much a device is to log.

use iot_home_mqtt::payload::{self, Text, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::{Deserialize, Serialize};

use super::{MAX_PAYLOAD, Topics, Unwritable};

/// Asks how much is to be logged.
///
/// # Errors
/// If the token is too long.
pub fn get_level(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a> {
        r#type: &'static str,
        client_token: &'a str,
    }
    let wire = Wire { r#type: "get_log_level", client_token: token };
    let payload = payload::value("token", &wire, MAX_PAYLOAD)?;
    let key = AnswerKey::new(topics.of("$log/operation/result"), token);
    Ok(Publication::new(topics.of("$log/operation"), payload).answered_by(key))
}

/// How much is to be logged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Level<'a> {
    /// The token of what is answered; absent where nothing was asked.
    #[serde(borrow, default)]
    pub client_token: Option<Text<'a>>,
    /// 0, nothing, to 4, everything.
    #[serde(rename = "log_level", deserialize_with = "lenient::integer")]
    pub level: u8,
}

impl<'a> Level<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }
}
