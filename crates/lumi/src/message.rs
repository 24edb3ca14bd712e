//! What gateways send: answers, reports and heartbeats.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use serde_json::{Map, Value};

use crate::PORT;
use crate::error::GatewayError;
use crate::key::Token;
use crate::sid::Sid;
use crate::values::{Values, number};
use crate::version::Version;

/// A datagram of a gateway's, read. All of it is what whoever sent it claims.
///
/// ```
/// use iot_home_lumi::Message;
///
/// let datagram = br#"{"cmd":"report","model":"magnet","sid":"158d0001a2b3c4","short_id":4521,
///     "data":"{\"status\":\"open\"}"}"#;
/// let Message::Report(state) = Message::parse(datagram)? else { panic!() };
/// assert_eq!(state.values.text("status"), Some("open"));
/// # Ok::<(), iot_home_lumi::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// `iam`: the answer to a search.
    Iam(Iam),
    /// `get_id_list_ack`, `discovery_rsp`: the children.
    Children(Listing),
    /// `read_ack`, `read_rsp`.
    Read(Reply),
    /// `write_ack`, `write_rsp`: the gateway has received a write. It may not have executed it yet.
    Written(Reply),
    /// `report`: something has changed.
    Report(State),
    /// `heartbeat`: a child or the gateway is there. The gateway's brings a new token.
    Heartbeat {
        /// Who it is.
        state: State,
        /// The token that holds from now on, in a gateway's.
        token: Option<Token>,
    },
}

impl Message {
    /// Reads a datagram.
    ///
    /// # Errors
    /// When it is no JSON object of this protocol, or lacks what it has to tell.
    pub fn parse(datagram: &[u8]) -> Result<Self, MessageError> {
        let Value::Object(mut fields) =
            serde_json::from_slice(datagram).map_err(|_| MessageError::Json)?
        else {
            return Err(MessageError::NotAnObject);
        };
        let command = match fields.get("cmd") {
            Some(Value::String(command)) => command.as_str(),
            Some(_) => return Err(MessageError::Wrong { field: "cmd" }),
            None => return Err(MessageError::Missing { field: "cmd" }),
        };
        match command {
            "iam" => Iam::read(&fields).map(Self::Iam),
            "get_id_list_ack" => Listing::read_v1(&fields).map(Self::Children),
            "discovery_rsp" => Listing::read_v2(&fields).map(Self::Children),
            "read_ack" => Reply::read(Version::V1, &mut fields).map(Self::Read),
            "read_rsp" => Reply::read(Version::V2, &mut fields).map(Self::Read),
            "write_ack" => Reply::read(Version::V1, &mut fields).map(Self::Written),
            "write_rsp" => Reply::read(Version::V2, &mut fields).map(Self::Written),
            "report" => State::read(&mut fields).map(Self::Report),
            "heartbeat" => {
                let token = token(&fields);
                Ok(Self::Heartbeat { state: State::read(&mut fields)?, token })
            }
            _ => Err(MessageError::UnknownCommand),
        }
    }
}

/// A gateway that answers a search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Iam {
    /// Its id.
    pub sid: Sid,
    /// Its model, such as `gateway.v3`.
    pub model: Box<str>,
    /// The address that it names, which may be of another network than the one it answers in.
    pub ip: Option<Ipv4Addr>,
    /// The port that it takes commands on.
    pub port: u16,
    /// The version of the protocol, which older ones do not tell here.
    pub version: Option<Version>,
}

impl Iam {
    fn read(fields: &Map<String, Value>) -> Result<Self, MessageError> {
        let port = match fields.get("port") {
            None => PORT,
            Some(port) => number(port)
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port != 0)
                .ok_or(MessageError::Wrong { field: "port" })?,
        };
        Ok(Self {
            sid: required_sid(fields)?,
            model: model(fields)?.unwrap_or_default(),
            ip: fields.get("ip").and_then(Value::as_str).and_then(|ip| ip.parse().ok()),
            port,
            version: fields
                .get("proto_version")
                .and_then(Value::as_str)
                .and_then(Version::from_proto),
        })
    }
}

/// A gateway's list of its children.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The version that the list is written in.
    pub version: Version,
    /// The gateway's id.
    pub sid: Sid,
    /// The token that holds now.
    pub token: Option<Token>,
    /// The children, 256 at most. What has no readable sid is left out.
    pub children: Vec<Child>,
}

impl Listing {
    fn read_v1(fields: &Map<String, Value>) -> Result<Self, MessageError> {
        let field = "data";
        let wrong = || MessageError::Wrong { field };
        let list = match fields.get(field).ok_or(MessageError::Missing { field })? {
            Value::String(text) => serde_json::from_str(text).map_err(|_| wrong())?,
            Value::Array(list) => list.clone(),
            _ => return Err(wrong()),
        };
        let child = |sid: &Value| Some(Child::new(sid.as_str()?.parse().ok()?));
        Self::read(Version::V1, fields, list.iter().filter_map(child))
    }

    fn read_v2(fields: &Map<String, Value>) -> Result<Self, MessageError> {
        let field = "dev_list";
        let list = match fields.get(field).ok_or(MessageError::Missing { field })? {
            Value::Array(list) => list,
            _ => return Err(MessageError::Wrong { field }),
        };
        let child = |entry: &Value| {
            let fields = entry.as_object()?;
            let mut child = Child::new(required_sid(fields).ok()?);
            child.model = model(fields).ok()?;
            child.short_id = short_id(fields);
            Some(child)
        };
        Self::read(Version::V2, fields, list.iter().filter_map(child))
    }

    fn read(
        version: Version,
        fields: &Map<String, Value>,
        children: impl Iterator<Item = Child>,
    ) -> Result<Self, MessageError> {
        let mut listing = Self {
            version,
            sid: required_sid(fields)?,
            token: token(fields),
            children: children.take(MOST_CHILDREN).collect(),
        };
        listing.children.sort_by_key(|child| child.sid);
        listing.children.dedup_by_key(|child| child.sid);
        Ok(listing)
    }
}

/// A child of a gateway, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Child {
    /// Its id.
    pub sid: Sid,
    /// Its model, such as `plug`. The list of version 1 does not tell it; reading the child does.
    pub model: Option<Box<str>>,
    /// Its short address in the radio network.
    pub short_id: Option<u32>,
}

impl Child {
    pub(crate) fn new(sid: Sid) -> Self {
        Self { sid, model: None, short_id: None }
    }
}

/// The answer to a read or a write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The version that the answer is written in.
    pub version: Version,
    /// Whom it is about. Some errors do not say.
    pub sid: Option<Sid>,
    /// The state, or what the gateway has to say against it.
    pub result: Result<State, GatewayError>,
}

impl Reply {
    fn read(version: Version, fields: &mut Map<String, Value>) -> Result<Self, MessageError> {
        let mut values = values(fields)?;
        if let Some(error) = values.remove("error") {
            let error = GatewayError::from_text(error.as_str().unwrap_or_default());
            return Ok(Self { version, sid: required_sid(fields).ok(), result: Err(error) });
        }
        let state = State::with(fields, values)?;
        Ok(Self { version, sid: Some(state.sid), result: Ok(state) })
    }
}

/// What a gateway tells of one of its children, or of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// Whose state it is.
    pub sid: Sid,
    /// The model, where it is told.
    pub model: Option<Box<str>>,
    /// The short address in the radio network, 0 for a gateway.
    pub short_id: Option<u32>,
    /// The values, often only those that changed.
    pub values: Values,
}

impl State {
    fn read(fields: &mut Map<String, Value>) -> Result<Self, MessageError> {
        let values = values(fields)?;
        Self::with(fields, values)
    }

    fn with(fields: &Map<String, Value>, values: Values) -> Result<Self, MessageError> {
        Ok(Self {
            sid: required_sid(fields)?,
            model: model(fields)?,
            short_id: short_id(fields),
            values,
        })
    }

    /// The version of the protocol that a gateway names among its values.
    pub fn proto_version(&self) -> Option<Version> {
        Version::from_proto(self.values.text("proto_version")?)
    }
}

/// Why a datagram makes no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is no JSON.
    #[error("the datagram is no JSON text")]
    Json,
    /// It is JSON, but no object.
    #[error("the datagram is no JSON object")]
    NotAnObject,
    /// A command that no gateway sends.
    #[error("gateways send no such command")]
    UnknownCommand,
    /// A field is not there.
    #[error("the message has no \"{field}\"")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field is there, and of another form than it has to be.
    #[error("\"{field}\" has the wrong form")]
    Wrong {
        /// Its name.
        field: &'static str,
    },
}

/// What stands in `data`, as an object or as the text of one, and in the objects of `params`.
fn values(fields: &mut Map<String, Value>) -> Result<Values, MessageError> {
    let mut values = Values::new();
    let wrong = |field| MessageError::Wrong { field };
    match fields.remove("data") {
        None | Some(Value::Null) => {}
        Some(Value::Object(object)) => values.add(object),
        // Some heartbeats of children have an empty one.
        Some(Value::String(text)) if text.trim().is_empty() => {}
        Some(Value::String(text)) => {
            values.add(serde_json::from_str(&text).map_err(|_| wrong("data"))?);
        }
        Some(_) => return Err(wrong("data")),
    }
    match fields.remove("params") {
        None | Some(Value::Null) => {}
        Some(Value::Object(object)) => values.add(object),
        Some(Value::Array(list)) => {
            for object in list {
                let Value::Object(object) = object else { return Err(wrong("params")) };
                values.add(object);
            }
        }
        Some(_) => return Err(wrong("params")),
    }
    // The answer to a write may repeat the key of the write.
    values.remove("key");
    Ok(values)
}

fn required_sid(fields: &Map<String, Value>) -> Result<Sid, MessageError> {
    let field = "sid";
    let sid = fields.get(field).ok_or(MessageError::Missing { field })?;
    sid.as_str().and_then(|sid| sid.parse().ok()).ok_or(MessageError::Wrong { field })
}

fn model(fields: &Map<String, Value>) -> Result<Option<Box<str>>, MessageError> {
    match fields.get("model") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(model)) if model.len() <= LONGEST_MODEL => {
            Ok(Some(model.as_str()).filter(|model| !model.is_empty()).map(Into::into))
        }
        Some(_) => Err(MessageError::Wrong { field: "model" }),
    }
}

/// A number or the text of one; of anything else nothing depends on it.
fn short_id(fields: &Map<String, Value>) -> Option<u32> {
    fields.get("short_id").and_then(number).and_then(|id| u32::try_from(id).ok())
}

/// One that is none is treated as if it were not there: no write can be made with it.
fn token(fields: &Map<String, Value>) -> Option<Token> {
    fields.get("token")?.as_str()?.parse().ok()
}

/// The children of one gateway that are kept.
pub(crate) const MOST_CHILDREN: usize = 256;
const LONGEST_MODEL: usize = 64;
