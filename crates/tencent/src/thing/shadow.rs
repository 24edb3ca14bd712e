//! The Hub's shadow: what the platform remembers of a device, and what it is to become. The Explorer's properties in their
//! [old form](super::template) are the same on other topics.

use alloc::borrow::Cow;

use iot_home_mqtt::payload::{self, Json, Text, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::{Deserialize, Serialize};

use super::{Code, MAX_PAYLOAD, Topics, Unwritable};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a, S> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    client_token: &'a str,
}

#[derive(Serialize)]
struct Told<R> {
    reported: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    desired: Option<()>,
}

/// A document that the platform keeps of a device. They differ in their topics alone.
#[derive(Clone, Copy)]
pub(super) enum Document {
    Shadow,
    Template,
}

impl Document {
    pub(super) fn get(self, topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
        let wire = Wire::<()> { r#type: "get", state: None, version: None, client_token: token };
        self.publication(topics, &wire)
    }

    pub(super) fn update(
        self,
        topics: &Topics,
        token: &str,
        reported: &(impl Serialize + ?Sized),
        desired: Option<()>,
        version: Option<u64>,
    ) -> Result<Publication, Unwritable> {
        let state = Told { reported: payload::object("values", reported)?, desired };
        let wire = Wire { r#type: "update", state: Some(state), version, client_token: token };
        self.publication(topics, &wire)
    }

    fn publication<S: Serialize>(
        self,
        topics: &Topics,
        wire: &Wire<'_, S>,
    ) -> Result<Publication, Unwritable> {
        let (up, down) = match self {
            Self::Shadow => ("$shadow/operation", "$shadow/operation/result"),
            Self::Template => ("$template/operation", "$template/operation/result"),
        };
        let payload = payload::value("values", wire, MAX_PAYLOAD)?;
        let key = AnswerKey::new(topics.of(down), wire.client_token);
        Ok(Publication::new(topics.of(up), payload).answered_by(key))
    }
}

/// Takes every wish away: a null that is there.
pub(super) const FORGET_WISHES: Option<()> = Some(());

/// Asks for the whole shadow.
///
/// # Errors
/// If the token is too long.
pub fn get(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    Document::Shadow.get(topics, token)
}

/// These values are so: an object of five levels at most. The version, where one is said, has to be the shadow's own.
///
/// # Errors
/// If the values do not serialise, are no object, or are too long.
pub fn update(
    topics: &Topics,
    token: &str,
    reported: &(impl Serialize + ?Sized),
    version: Option<u64>,
) -> Result<Publication, Unwritable> {
    Document::Shadow.update(topics, token, reported, None, version)
}

/// What was wanted was taken over, and is wanted no more. The values are told with it.
///
/// # Errors
/// If the values do not serialise, are no object, or are too long.
pub fn take_over(
    topics: &Topics,
    token: &str,
    reported: &(impl Serialize + ?Sized),
    version: Option<u64>,
) -> Result<Publication, Unwritable> {
    Document::Shadow.update(topics, token, reported, FORGET_WISHES, version)
}

/// What the platform says of the shadow, or of properties in their old form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Shadow<'a> {
    /// `get`, `update` and `delete` are answered; `delta` says what is wanted.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// How it went; absent in a delta.
    #[serde(default)]
    pub result: Option<Code>,
    /// The token of what is answered.
    #[serde(borrow, default)]
    pub client_token: Option<Text<'a>>,
    /// What the shadow is, or in a delta what is wanted of it.
    #[serde(borrow, default)]
    pub payload: Option<Remembered<'a>>,
}

/// What the platform remembers.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Remembered<'a> {
    /// An object with `reported` and `desired`; in a delta, the wanted values themselves.
    #[serde(borrow, default)]
    pub state: Option<Json<'a>>,
    /// The shadow's version.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub version: Option<u64>,
    /// When it last changed, in milliseconds.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub timestamp: Option<u64>,
}

/// Values that are and values that are wanted: the state of what is remembered. Each is an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct State<'a> {
    /// Those that the device told.
    #[serde(borrow)]
    pub reported: Option<Json<'a>>,
    /// Those that are wanted.
    #[serde(borrow)]
    pub desired: Option<Json<'a>>,
    /// Those that are wanted and are not so, which is where the official C SDKs look for wishes.
    #[serde(borrow)]
    pub delta: Option<Json<'a>>,
}

impl<'a> Shadow<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }

    /// Whether it says what is wanted, and answers nothing.
    pub fn is_delta(&self) -> bool {
        self.kind == "delta"
    }
}
