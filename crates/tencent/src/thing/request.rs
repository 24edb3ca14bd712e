//! What the Explorer asks of a device.

use alloc::borrow::Cow;

use iot_home_mqtt::Publication;
use iot_home_mqtt::payload::{self, Json, Text};
use serde::Serialize;

use super::{Code, MAX_PAYLOAD, Topics, Unwritable};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a, D> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_token: Option<&'a Text<'a>>,
    code: i64,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<D>,
}

/// Set properties. Its `Debug` does not show them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Control<'a> {
    /// The request's token.
    pub client_token: Option<Text<'a>>,
    /// An object with a value to each name.
    pub params: Json<'a>,
}

impl Control<'_> {
    /// The answer: how it went, in a number and in words.
    ///
    /// # Errors
    /// If the words are too long.
    pub fn answer(
        &self,
        topics: &Topics,
        code: Code,
        status: &str,
    ) -> Result<Publication, Unwritable> {
        let answer = Answer::<()> {
            method: "control_reply",
            client_token: self.client_token.as_ref(),
            code: code.get(),
            status,
            response: None,
        };
        let payload = payload::value("answer", &answer, MAX_PAYLOAD)?;
        Ok(Publication::new(topics.property_up(), payload))
    }
}

/// Do something. Its `Debug` does not show the inputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Action<'a> {
    /// The request's token.
    pub client_token: Option<Text<'a>>,
    /// What is to be done.
    pub action_id: Cow<'a, str>,
    /// When it was asked, in seconds since 1970.
    pub timestamp: Option<u64>,
    /// An object with the inputs.
    pub params: Json<'a>,
}

impl Action<'_> {
    /// The answer: how it went, in a number and in words, and an object with the outputs.
    ///
    /// # Errors
    /// If the outputs do not serialise to an object, or it is too long.
    pub fn answer(
        &self,
        topics: &Topics,
        code: Code,
        status: &str,
        response: &(impl Serialize + ?Sized),
    ) -> Result<Publication, Unwritable> {
        let answer = Answer {
            method: "action_reply",
            client_token: self.client_token.as_ref(),
            code: code.get(),
            status,
            response: Some(payload::object("outputs", response)?),
        };
        let payload = payload::value("answer", &answer, MAX_PAYLOAD)?;
        Ok(Publication::new(topics.action_up(), payload))
    }
}
