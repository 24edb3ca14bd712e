//! Properties of the Explorer: what a device says of them.

use core::time::Duration;

use iot_home_mqtt::payload;
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Serialize;

use super::{MAX_PAYLOAD, Topics, Unwritable};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a, P> {
    method: &'a str,
    client_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    showmeta: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

impl<'a, P: Serialize> Wire<'a, P> {
    const fn new(method: &'a str, token: &'a str, params: Option<P>) -> Self {
        Self { method, client_token: token, timestamp: None, kind: None, showmeta: None, params }
    }

    fn publication(&self, topics: &Topics) -> Result<Publication, Unwritable> {
        let payload = payload::value("properties", self, MAX_PAYLOAD)?;
        Ok(Publication::new(topics.property_up(), payload)
            .answered_by(key(topics, self.client_token)))
    }
}

fn key(topics: &Topics, token: &str) -> AnswerKey {
    AnswerKey::new(topics.of("$thing/down/property"), token)
}

/// Properties have these values: an object with a value to each name. `time` is when they had, in seconds since 1970;
/// without it, it is when the platform hears of it.
///
/// # Errors
/// If they do not serialise, are no object, or are too long.
pub fn report(
    topics: &Topics,
    token: &str,
    time: Option<Duration>,
    properties: &(impl Serialize + ?Sized),
) -> Result<Publication, Unwritable> {
    let params = payload::object("properties", properties)?;
    let mut wire = Wire::new("report", token, Some(params));
    wire.timestamp = time.map(|time| time.as_secs());
    wire.publication(topics)
}

/// Says what the device is: an object with `module_hardinfo`, `module_softinfo`, `fw_ver`, `imei` and the like.
///
/// # Errors
/// If it does not serialise, is no object, or is too long.
pub fn report_info(
    topics: &Topics,
    token: &str,
    info: &(impl Serialize + ?Sized),
) -> Result<Publication, Unwritable> {
    let params = payload::object("information", info)?;
    Wire::new("report_info", token, Some(params)).publication(topics)
}

/// Asks what the platform remembers of the properties, and what was wanted meanwhile
/// ([`Reply::status`](super::Reply::status)).
///
/// # Errors
/// If the token is too long.
pub fn get_status(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    let mut wire = Wire::<()>::new("get_status", token, None);
    (wire.kind, wire.showmeta) = (Some("report"), Some(0));
    wire.publication(topics)
}

/// What was wanted meanwhile was done, and is wanted no more.
///
/// # Errors
/// If the token is too long.
pub fn clear_control(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    Wire::<()>::new("clear_control", token, None).publication(topics)
}
