//! The children of a lumi gateway: devices without a network of their own, which the gateway speaks for.
//!
//! A child has a [`Sid`], such as `lumi.158d0001234567`. The methods here are those of the gateways from
//! before MIoT; on newer ones the sid is the did of MIoT requests, see
//! [`miot`](crate::miot). Values come as the gateway gives them: temperatures, for example, mostly in
//! hundredths of a degree.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use iot_home_core::Did;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::json::Lenient;
use crate::message::{FormError, Reply, Request, RequestError};

/// The id of a child within its gateway. `lumi.0` is the gateway itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid(String);

impl Sid {
    /// The longest that gateways take.
    pub const MAX_LEN: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The gateway itself, which its list names as well.
    pub fn is_gateway(&self) -> bool {
        self.0 == GATEWAY
    }

    /// The same as a did, for MIoT requests; dids have 32 characters at most.
    pub fn did(&self) -> Option<Did> {
        self.0.parse().ok()
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(SidError::Length { length: text.len() });
        }
        if text.bytes().all(is_fine) { Ok(Self(text.to_owned())) } else { Err(SidError::Character) }
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({})", self.0)
    }
}

/// Why a text is no sid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SidError {
    /// It is empty or too long.
    #[error("a sid has 1 to {} characters, not {length}", Sid::MAX_LEN)]
    Length {
        /// Its length.
        length: usize,
    },
    /// It has other characters than letters, digits, dots, dashes and underscores.
    #[error("a sid has letters, digits, dots, dashes and underscores only")]
    Character,
}

/// A child as its gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id.
    pub sid: Sid,
    /// The number of its kind, where the gateway gives numbers.
    pub type_id: Option<i64>,
    /// Its model, where the gateway gives models.
    pub model: Option<String>,
    /// Whether the gateway reaches it, where it says so.
    pub online: Option<bool>,
    /// Its firmware, where the gateway says so.
    pub firmware: Option<String>,
}

/// Asks for the list as gateways of the second and third generation give it.
///
/// # Errors
/// None that can happen; the type is that of all requests.
pub fn device_list() -> Result<Request, RequestError> {
    Request::new("get_device_prop", [GATEWAY, "device_list"])
}

/// Asks for the list as `lumi.gateway.mgl03` gives it, which does not know the other.
///
/// # Errors
/// None that can happen; the type is that of all requests.
pub fn device_list_of_objects() -> Result<Request, RequestError> {
    Request::new("get_device_list", ())
}

/// The children in either list, without the gateway itself. An answer that is no list means that there are none.
///
/// # Errors
/// When a list is not made of objects with a `did`, nor of five items for each child, or has an id that is
/// none.
pub fn children(reply: &Reply) -> Result<Vec<ChildInfo>, FormError> {
    let Value::Array(items) = reply.value()? else { return Ok(Vec::new()) };
    // Where in the text it is wrong is not known any more.
    let wrong = FormError { offset: 0 };
    let listed = if items.iter().all(Value::is_object) {
        items.iter().map(of_object).collect::<Option<Vec<_>>>()
    } else {
        // A list cut off within a child would give the values to the wrong ones.
        let whole = items.len().is_multiple_of(PER_CHILD);
        let children = whole.then(|| items.chunks_exact(PER_CHILD).map(of_five));
        children.and_then(|children| children.collect())
    };
    let mut children = listed.ok_or(wrong)?;
    children.retain(|child| !child.sid.is_gateway());
    Ok(children)
}

/// `"lumi.158d0001",19,1,0,"1.0"`; what the fourth is is not known.
fn of_five(items: &[Value]) -> Option<ChildInfo> {
    let [sid, type_id, online, _, firmware] = items else { return None };
    Some(ChildInfo {
        sid: sid.as_str()?.parse().ok()?,
        type_id: type_id.to_i64(),
        model: None,
        online: online.to_bool(),
        firmware: text(firmware),
    })
}

/// `{"did":"lumi.158d0001","model":"lumi.sensor_ht.v1",…}`
fn of_object(item: &Value) -> Option<ChildInfo> {
    Some(ChildInfo {
        sid: item.get("did")?.as_str()?.parse().ok()?,
        type_id: None,
        model: item.get("model").and_then(text),
        online: item.get("online").and_then(Lenient::to_bool),
        firmware: item.get("fw_ver").and_then(text),
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Asks for one property of a child: `[value]`.
///
/// # Errors
/// When the name is too long for a packet.
pub fn prop(sid: &Sid, name: &str) -> Result<Request, RequestError> {
    Request::new("get_device_prop", [sid.as_str(), name])
}

/// The value in the answer to [`prop`]. Some gateways leave it empty: then it is `null`.
///
/// # Errors
/// When the answer is no array.
pub fn prop_value(reply: &Reply) -> Result<Value, FormError> {
    match reply.value()? {
        Value::Array(values) => Ok(values.into_iter().next().unwrap_or_default()),
        _ => Err(FormError { offset: 0 }),
    }
}

/// Asks for several properties of a child: `[[value, …]]`.
///
/// # Errors
/// When the names are too long for a packet.
pub fn props(sid: &Sid, names: &[&str]) -> Result<Request, RequestError> {
    let asked: Vec<_> = core::iter::once(sid.as_str()).chain(names.iter().copied()).collect();
    Request::new("get_device_prop_exp", [asked])
}

/// The values in the answer to [`props`], one for each name.
///
/// # Errors
/// When there are more or fewer values than names: nobody can tell which are whose.
pub fn prop_values(reply: &Reply, asked: usize) -> Result<Vec<Value>, FormError> {
    let wrong = FormError { offset: 0 };
    let lists: Vec<Vec<Value>> = reply.parse()?;
    let [values] = <[Vec<Value>; 1]>::try_from(lists).map_err(|_| wrong)?;
    if values.len() == asked { Ok(values) } else { Err(wrong) }
}

/// Writes a property of a child; its name is the key.
///
/// # Errors
/// When all of it is too long for a packet, or the property is called `sid`.
pub fn set_prop(sid: &Sid, name: &str, value: &Value) -> Result<Request, RequestError> {
    if name == "sid" {
        return Err(RequestError::Params);
    }
    Request::new("set_device_prop", Assignment { sid: sid.as_str(), name, value })
}

/// `{"sid":"lumi.158d0001","neutral_0":"on"}`, with the sid in front.
struct Assignment<'a> {
    sid: &'a str,
    name: &'a str,
    value: &'a Value,
}

impl Serialize for Assignment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("sid", self.sid)?;
        map.serialize_entry(self.name, self.value)?;
        map.end()
    }
}

const GATEWAY: &str = "lumi.0";
const PER_CHILD: usize = 5;
