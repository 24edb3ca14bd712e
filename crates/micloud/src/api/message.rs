//! Messages to the account.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::lenient::{self, Record};
use crate::{Call, RawJson};

/// Whether there are messages since a time, in seconds since 1970. A cheap way to see whether a login is still good.
pub fn check_messages(begin_at: i64) -> Call<Value> {
    Call::known("/v2/message/v2/check_new_msg", &json!({ "begin_at": begin_at }))
}

/// The account's latest messages.
pub fn messages() -> Call<Messages> {
    Call::known("/v2/message/v2/typelist", &json!({}))
}

/// Messages to an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Messages {
    /// Each of them.
    #[serde(default, deserialize_with = "lenient::records")]
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What kind it is of.
    pub kind: Option<String>,
    /// When it was sent: seconds since 1970.
    pub time: Option<i64>,
    /// All of the record; what it says is in `params.body`.
    pub raw: RawJson,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(deserialize_with = "lenient::id")]
    msg_id: String,
    #[serde(default, rename = "type", deserialize_with = "lenient::filled")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    ctime: Option<i64>,
}

impl Record for Message {
    type Fields = Fields;

    fn new(fields: Fields, raw: RawJson) -> Self {
        Self { id: fields.msg_id, kind: fields.kind, time: fields.ctime, raw }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::record(deserializer)
    }
}
