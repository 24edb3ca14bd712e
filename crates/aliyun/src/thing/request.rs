//! What the platform asks of a device.

use alloc::borrow::Cow;
use alloc::format;

use iot_home_mqtt::Publication;
use iot_home_mqtt::payload::{self, Json, Text, Unreadable};
use serde::{Deserialize, Serialize};

use super::{Code, MAX_PAYLOAD, Unwritable};

/// What the platform asks of a device. Its `Debug` does not show the parameters.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request<'a> {
    topic: &'a str,
    /// The request's id.
    pub id: Option<Text<'a>>,
    /// The method's name, which says the same as the topic.
    pub method: Option<Cow<'a, str>>,
    /// What is asked for: an object, mostly.
    pub params: Json<'a>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<Json<'a>>,
}

#[derive(Serialize)]
struct Answer<'a, D: ?Sized> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Text<'a>>,
    code: i64,
    data: &'a D,
    message: &'a str,
    version: &'a str,
}

impl<'a> Request<'a> {
    pub(super) fn parse(topic: &'a str, payload: &'a [u8]) -> Result<Self, Unreadable> {
        let Wire { id, method, params } = payload::read(payload, MAX_PAYLOAD)?;
        let params = match params {
            Some(params) => params,
            None => payload::read(b"{}", MAX_PAYLOAD)?,
        };
        Ok(Self { topic, id, method, params })
    }

    /// Where it came from.
    pub const fn topic(&self) -> &'a str {
        self.topic
    }

    /// The answer: how it went, and an object with what was asked for.
    ///
    /// # Errors
    /// If the data does not serialise to an object, or is too long.
    pub fn answer<D: Serialize + ?Sized>(
        &self,
        code: Code,
        data: &D,
    ) -> Result<Publication, Unwritable> {
        let data = payload::object("data", data)?;
        let answer = Answer {
            id: self.id.as_ref(),
            code: code.get(),
            data: &*data,
            message: code.meaning().unwrap_or_default(),
            version: "1.0",
        };
        let payload = payload::value("data", &answer, MAX_PAYLOAD)?;
        Ok(Publication::new(format!("{}_reply", self.topic), payload))
    }
}
