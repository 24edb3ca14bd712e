//! What is sent to gateways, as text.

use alloc::string::String;

use serde::Serialize;

use crate::error::{InvalidInput, MAX_WRITE};
use crate::key::WriteKey;
use crate::message::Child;
use crate::sid::{Sid, Wire};
use crate::values::Values;
use crate::version::Version;

/// The search that every gateway answers, for [`GROUP`](crate::GROUP) and [`SEARCH_PORT`](crate::SEARCH_PORT).
pub const WHOIS: &str = "{\"cmd\":\"whois\"}";

/// Asks for the children: `get_id_list` or `discovery`.
pub fn list(version: Version) -> String {
    text(&Bare { cmd: version.list_command() })
}

/// Asks for what is known of a child or the gateway.
pub fn read(sid: Sid) -> String {
    text(&Read { cmd: "read", sid: sid.wire() })
}

/// Writes values to a child or the gateway. In version 1 the gateway is also told what it has said of the
/// child: model and short address.
///
/// # Errors
/// When the values cannot be written as they are.
pub fn write(
    version: Version,
    child: &Child,
    values: &Values,
    key: &WriteKey,
) -> Result<String, InvalidInput> {
    check(values)?;
    let sid = child.sid.wire();
    let key = key.expose();
    Ok(match version {
        Version::V1 => {
            let mut data = text(values.as_map());
            // In place of the bracket at its end.
            data.pop();
            data.push_str(",\"key\":\"");
            data.push_str(key);
            data.push_str("\"}");
            let (model, short_id) = (child.model.as_deref(), child.short_id);
            text(&WriteV1 { cmd: "write", model, sid, short_id, data: &data })
        }
        Version::V2 => text(&WriteV2 { cmd: "write", sid, key, params: [values.as_map()] }),
    })
}

/// Whether these values can be written.
pub(crate) fn check(values: &Values) -> Result<(), InvalidInput> {
    if values.is_empty() {
        return Err(InvalidInput::NoValues);
    }
    if let Some(name) = RESERVED.into_iter().find(|name| values.get(name).is_some()) {
        return Err(InvalidInput::Reserved { name });
    }
    let length = text(values.as_map()).len();
    if length > MAX_WRITE {
        return Err(InvalidInput::TooLong { length });
    }
    Ok(())
}

#[derive(Serialize)]
struct Bare {
    cmd: &'static str,
}

#[derive(Serialize)]
struct Read {
    cmd: &'static str,
    sid: Wire,
}

#[derive(Serialize)]
struct WriteV1<'a> {
    cmd: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    sid: Wire,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_id: Option<u32>,
    data: &'a str,
}

#[derive(Serialize)]
struct WriteV2<'a, T> {
    cmd: &'static str,
    sid: Wire,
    key: &'a str,
    params: [&'a T; 1],
}

fn text(value: &impl Serialize) -> String {
    // Texts, numbers and maps with texts for keys can always be written.
    serde_json::to_string(value).unwrap_or_default()
}

/// Names that mean something else in a write or its answer.
const RESERVED: [&str; 2] = ["key", "error"];
