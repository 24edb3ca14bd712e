//! The Hub's shadow: what the platform remembers of a device, and what it is to become.

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
    #[serde(skip_serializing_if = "Option::is_none")]
    reported: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desired: Option<()>,
}

/// Asks for the whole shadow.
///
/// # Errors
/// If the token is too long.
pub fn get(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    let wire = Wire::<()> { r#type: "get", state: None, version: None, client_token: token };
    publication(topics, token, &wire)
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
    let state = Told { reported: Some(payload::object("values", reported)?), desired: None };
    let wire = Wire { r#type: "update", state: Some(state), version, client_token: token };
    publication(topics, token, &wire)
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
    // A null of its own takes the wish away.
    let state = Told { reported: Some(payload::object("values", reported)?), desired: Some(()) };
    let wire = Wire { r#type: "update", state: Some(state), version, client_token: token };
    publication(topics, token, &wire)
}

fn publication(
    topics: &Topics,
    token: &str,
    wire: &impl Serialize,
) -> Result<Publication, Unwritable> {
    let payload = payload::value("values", wire, MAX_PAYLOAD)?;
    let key = AnswerKey::new(topics.of("$shadow/operation/result"), token);
    Ok(Publication::new(topics.of("$shadow/operation"), payload).answered_by(key))
}

/// What the platform says of the shadow.
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

/// Values that are and values that are wanted: the state of what is remembered. Either is an object.
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
