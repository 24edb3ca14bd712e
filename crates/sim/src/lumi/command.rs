//! Commands as a gateway reads them: strictly, and by itself.

use iot_home_lumi::Version;
use serde_json::{Map, Value};

/// What a client wants.
#[derive(Debug)]
pub(crate) enum Command {
    Whois,
    /// The children, by the command of this version.
    List(Version),
    Read {
        sid: String,
    },
    Write(Write),
    Unknown,
}

/// A write, whatever its version.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) version: Version,
    pub(crate) sid: String,
    pub(crate) model: Option<String>,
    pub(crate) short_id: Option<u64>,
    pub(crate) key: Option<String>,
    pub(crate) values: Map<String, Value>,
}

impl Command {
    /// Nothing, if it is malformed.
    pub(crate) fn read(datagram: &[u8]) -> Option<Self> {
        let Value::Object(fields) = serde_json::from_slice(datagram).ok()? else { return None };
        Some(match fields.get("cmd")?.as_str()? {
            "whois" => Self::Whois,
            "get_id_list" => Self::List(Version::V1),
            "discovery" => Self::List(Version::V2),
            "read" => Self::Read { sid: text(&fields, "sid")?? },
            "write" => Self::Write(Write::read(fields)?),
            _ => Self::Unknown,
        })
    }
}

impl Write {
    fn read(mut fields: Map<String, Value>) -> Option<Self> {
        let (version, values, key) = match (fields.remove("data"), fields.remove("params")) {
            (Some(data), None) => {
                let mut values = match data {
                    Value::String(text) => serde_json::from_str(&text).ok()?,
                    Value::Object(values) => values,
                    _ => return None,
                };
                let key = values.remove("key");
                (Version::V1, values, key)
            }
            (None, Some(Value::Array(objects))) => {
                let mut values = Map::new();
                for object in objects {
                    let Value::Object(object) = object else { return None };
                    values.extend(object);
                }
                (Version::V2, values, fields.remove("key"))
            }
            _ => return None,
        };
        let key = match key {
            Some(Value::String(key)) => Some(key),
            Some(_) => return None,
            None => None,
        };
        let short_id = match fields.get("short_id") {
            Some(short_id) => Some(short_id.as_u64()?),
            None => None,
        };
        Some(Self {
            version,
            sid: text(&fields, "sid")??,
            model: text(&fields, "model")?,
            short_id,
            key,
            values,
        })
    }
}

/// A field that has to be text if it is there.
fn text(fields: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match fields.get(name) {
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
        None => Some(None),
    }
}
