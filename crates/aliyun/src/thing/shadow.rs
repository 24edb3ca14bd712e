//! The shadow: what the platform remembers of a device, and what it is to become.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use iot_home_mqtt::payload::{self, Json, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication, codes};
use serde::{Deserialize, Serialize};

use super::{MAX_PAYLOAD, Topics, Unwritable};

codes! {
    /// Why the shadow was not changed.
    ShadowCode {
        JSON = 400 "the payload is not JSON",
        METHOD = 401 "the method is missing or unknown",
        STATE = 402 "the state is missing",
        VERSION_TYPE = 403 "the version is not a number",
        REPORTED = 404 "the reported values are missing or unknown",
        REPORTED_EMPTY = 405 "the reported values are empty",
        REPORTED_MANY = 406 "there are too many reported values",
        VERSION = 409 "the version did not grow",
        INTERNAL = 500 "an error inside the platform",
    }
}

/// Something that is done to the shadow. The platform answers one at a time: its answers have no id.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change<P> {
    /// These values are so. The version has to grow; -1 begins again.
    Update {
        /// An object of values.
        reported: P,
        /// The shadow's version.
        version: i64,
    },
    /// The wanted values were taken over, and are wanted no more.
    ClearDesired {
        /// The shadow's version.
        version: i64,
    },
    /// Forget these values: an object with the text `null` to each name, or that text alone.
    Delete {
        /// Which.
        reported: P,
        /// The shadow's version.
        version: i64,
    },
}

#[derive(Serialize)]
struct Wire<'a, S> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

#[derive(Serialize)]
struct Reported<P> {
    reported: P,
}

#[derive(Serialize)]
struct Desired<'a> {
    desired: &'a str,
}

/// Changes the shadow.
///
/// # Errors
/// If the values do not serialise, are no object, or are too long.
pub fn change<P: Serialize>(
    topics: &Topics,
    change: &Change<P>,
) -> Result<Publication, Unwritable> {
    let payload = match change {
        Change::Update { reported, version } => {
            let state = Some(Reported { reported: payload::object("values", reported)? });
            payload::value(
                "values",
                &Wire { method: "update", state, version: Some(*version) },
                MAX_PAYLOAD,
            )
        }
        Change::ClearDesired { version } => {
            let state = Some(Desired { desired: "null" });
            payload::value(
                "values",
                &Wire { method: "update", state, version: Some(*version) },
                MAX_PAYLOAD,
            )
        }
        Change::Delete { reported, version } => {
            let state = Some(Reported { reported });
            payload::value(
                "values",
                &Wire { method: "delete", state, version: Some(*version) },
                MAX_PAYLOAD,
            )
        }
    };
    Ok(publication(topics, payload?))
}

/// Asks for the whole shadow.
pub fn get(topics: &Topics) -> Publication {
    publication(topics, Vec::from(*b"{\"method\":\"get\"}"))
}

fn publication(topics: &Topics, payload: Vec<u8>) -> Publication {
    let key = AnswerKey::new(topics.shadow_get(), REPLY);
    Publication::new(topics.shadow_update(), payload).answered_by(key)
}

/// What answers have in the place of an id.
pub(super) const REPLY: &str = "reply";

/// What the platform says of the shadow.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Shadow<'a> {
    /// It was done, and where the shadow was asked for, this is it.
    Done {
        /// The shadow's version, where it is told.
        version: Option<i64>,
        /// The shadow.
        state: Option<State<'a>>,
    },
    /// It was not done.
    Refused {
        /// Why.
        code: ShadowCode,
        /// The platform's own words.
        message: Cow<'a, str>,
    },
    /// Somebody wants other values.
    Control {
        /// The shadow.
        state: State<'a>,
        /// The shadow's version.
        version: Option<i64>,
    },
}

/// Values that are and values that are wanted. Either is an object.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct State<'a> {
    /// Those that the device told.
    #[serde(borrow, default)]
    pub reported: Option<Json<'a>>,
    /// Those that are wanted.
    #[serde(borrow, default)]
    pub desired: Option<Json<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    method: Kind,
    #[serde(borrow)]
    payload: Inner<'a>,
    #[serde(default, deserialize_with = "lenient::optional")]
    version: Option<i64>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Reply,
    Control,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(default)]
    status: Option<Status>,
    #[serde(default, deserialize_with = "lenient::optional")]
    version: Option<i64>,
    #[serde(borrow, default)]
    state: Option<State<'a>>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

#[derive(Deserialize)]
struct Content<'a> {
    errorcode: ShadowCode,
    #[serde(borrow, default)]
    errormessage: Cow<'a, str>,
}

impl<'a> Shadow<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        let message: Message<'a> = payload::read(payload, MAX_PAYLOAD)?;
        let Inner { status, version, state, content } = message.payload;
        let version = message.version.or(version);
        match (message.method, status, state, content) {
            (Kind::Reply, Some(Status::Success), state, _) => Ok(Self::Done { version, state }),
            (Kind::Reply, Some(Status::Error), _, Some(content)) => {
                Ok(Self::Refused { code: content.errorcode, message: content.errormessage })
            }
            (Kind::Control, _, Some(state), _) => Ok(Self::Control { state, version }),
            _ => Err(Unreadable::Form { offset: payload.len() }),
        }
    }
}
