//! Events of the Explorer.

use core::fmt;
use core::time::Duration;

use iot_home_mqtt::field::{Field, first_other};
use iot_home_mqtt::payload;
use iot_home_mqtt::{AnswerKey, InvalidField, Publication};
use serde::Serialize;

use super::{MAX_PAYLOAD, Topics, Unwritable};

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Something happened.
    Info,
    /// Somebody should look.
    Alert,
    /// Something does not work.
    Fault,
    /// Nothing works.
    Fatal,
}

/// An event. Its `Debug` does not show its output.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event<'a, P> {
    event_id: &'a str,
    #[serde(rename = "type")]
    severity: Severity,
    timestamp: u64,
    params: P,
}

impl<'a, P: Serialize> Event<'a, P> {
    /// An event of this id at this time, which counts from 1970-01-01 00:00 UTC, with an object for its output.
    ///
    /// # Errors
    /// If the id cannot be one: 1 to 64 letters, digits and `_-.:`.
    pub fn new(
        id: &'a str,
        severity: Severity,
        time: Duration,
        output: P,
    ) -> Result<Self, InvalidField> {
        const FIELD: Field =
            Field::new("event id", "1 to 64 letters, digits and _-.:", 1..=64, |text| {
                first_other(text, |c| c.is_ascii_alphanumeric() || "_-.:".contains(c))
            });
        FIELD.check(id)?;
        let timestamp = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Ok(Self { event_id: id, severity, timestamp, params: output })
    }
}

impl<P> fmt::Debug for Event<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_id", &self.event_id)
            .field("severity", &self.severity)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a, P> {
    method: &'a str,
    client_token: &'a str,
    version: &'a str,
    #[serde(flatten)]
    event: &'a Event<'a, P>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Several<'a, P> {
    method: &'a str,
    client_token: &'a str,
    version: &'a str,
    events: &'a [Event<'a, P>],
}

/// An event happened.
///
/// # Errors
/// If its output does not serialise, or is too long.
pub fn post<P: Serialize>(
    topics: &Topics,
    token: &str,
    event: &Event<'_, P>,
) -> Result<Publication, Unwritable> {
    let wire = One { method: "event_post", client_token: token, version: "1.0", event };
    publication(topics, token, &wire)
}

/// Several events happened.
///
/// # Errors
/// If their outputs do not serialise, or are too long.
pub fn post_several<P: Serialize>(
    topics: &Topics,
    token: &str,
    events: &[Event<'_, P>],
) -> Result<Publication, Unwritable> {
    let wire = Several { method: "events_post", client_token: token, version: "1.0", events };
    publication(topics, token, &wire)
}

fn publication(
    topics: &Topics,
    token: &str,
    wire: &impl Serialize,
) -> Result<Publication, Unwritable> {
    let payload = payload::value("events", wire, MAX_PAYLOAD)?;
    let key = AnswerKey::new(topics.of("$thing/down/event"), token);
    Ok(Publication::new(topics.event_up(), payload).answered_by(key))
}
