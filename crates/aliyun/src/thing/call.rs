//! Calls of a device.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use iot_home_mqtt::payload;
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Serialize;

use super::{EventId, MAX_PAYLOAD, Method, Topics, Unwritable};

/// Something that a device asks of the platform, or tells it. Its `Debug` does not show the parameters.
///
/// The id is a decimal number from 0 to 4294967295, unique on a connection; the platform repeats any text.
#[derive(Clone)]
#[must_use = "a call does nothing until it is published"]
pub struct Call<'a, P> {
    method: Method<'a>,
    id: String,
    params: P,
    is_answered: bool,
}

#[derive(Serialize)]
struct Envelope<'a, P> {
    id: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sys: Option<Sys>,
    params: P,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
}

#[derive(Serialize)]
struct Sys {
    ack: u8,
}

impl<'a, P: Serialize> Call<'a, P> {
    /// Any method with these parameters.
    pub fn new(method: Method<'a>, id: impl Into<String>, params: P) -> Self {
        Self { method, id: id.into(), params, is_answered: true }
    }

    /// Properties have these values: an object with a value to each name, or with `{"value": …, "time": …}`, the time
    /// in milliseconds. The platform takes 200 at once.
    pub fn report(id: impl Into<String>, properties: P) -> Self {
        Self::new(Method::PropertyPost, id, properties)
    }

    /// The platform is not to answer.
    pub fn unanswered(mut self) -> Self {
        self.is_answered = false;
        self
    }

    /// What to publish.
    ///
    /// # Errors
    /// If the parameters do not serialise, are no object where they have to be, or are too many or too long.
    pub fn to(&self, topics: &Topics) -> Result<Publication, Unwritable> {
        let topic = topics.of(self.method);
        let payload = match self.method {
            Method::PropertyPost | Method::Event(_) => {
                let params = payload::object("properties", &self.params)?;
                self.write(params)?
            }
            _ => self.write(&self.params)?,
        };
        let key = self.is_answered.then(|| AnswerKey::new(format!("{topic}_reply"), &*self.id));
        let mut publication = Publication::new(topic, payload).qos(self.method.qos());
        publication.answer = key;
        Ok(publication)
    }

    fn write(&self, params: impl Serialize) -> Result<Vec<u8>, Unwritable> {
        let sys = (!self.is_answered).then_some(Sys { ack: 0 });
        let method = self.method.name();
        let envelope = Envelope { id: &self.id, version: "1.0", sys, params, method };
        payload::value("parameters", &envelope, MAX_PAYLOAD)
    }
}

/// An event's output and when it happened.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Event<P> {
    /// An object with the output's values.
    pub value: P,
    /// When, in milliseconds since 1970-01-01 00:00 UTC; absent, it is when the platform hears of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

impl<P> Event<P> {
    /// Happened just now.
    pub const fn now(value: P) -> Self {
        Self { value, time: None }
    }

    /// Happened at this time, which counts from 1970-01-01 00:00 UTC.
    pub fn at(time: Duration, value: P) -> Self {
        Self { value, time: Some(millis(time)) }
    }
}

impl<P> fmt::Debug for Event<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("time", &self.time).finish_non_exhaustive()
    }
}

impl<'a, P: Serialize> Call<'a, Event<P>> {
    /// An event happened.
    pub fn event(id: impl Into<String>, event: EventId<'a>, output: Event<P>) -> Self {
        Self::new(Method::Event(event), id, output)
    }
}

impl<P> fmt::Debug for Call<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("id", &self.id)
            .field("is_answered", &self.is_answered)
            .finish_non_exhaustive()
    }
}

/// Milliseconds, and the largest number for times that have more.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
