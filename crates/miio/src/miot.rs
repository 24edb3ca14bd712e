//! MIoT requests over the LAN: properties and actions by their numbers.

use alloc::vec::Vec;
use core::fmt;

use iot_home_core::{ActionId, ActionResult, MiotCode, PropertyId, PropertyResult};
use serde::Serialize;
use serde_json::Value;

use crate::json::Lenient;
use crate::message::{FormError, Reply, Request, RequestError};

/// The request that reads these properties. `did` names the device, or the child of a gateway.
///
/// # Errors
/// When the request is too long for a packet.
pub fn get_properties(did: &str, ids: &[PropertyId]) -> Result<Request, RequestError> {
    let items: Vec<_> = ids.iter().map(|id| Item::new(did, *id, None)).collect();
    Request::new("get_properties", items)
}

/// The request that writes these properties. A value's JSON type is the property's: `true` and not 1.
///
/// # Errors
/// When the request is too long for a packet.
pub fn set_properties(did: &str, values: &[(PropertyId, Value)]) -> Result<Request, RequestError> {
    let items: Vec<_> = values.iter().map(|(id, value)| Item::new(did, *id, Some(value))).collect();
    Request::new("set_properties", items)
}

/// The request that runs an action. It is not repeated under a new id, since an action may toggle.
///
/// # Errors
/// When the request is too long for a packet.
pub fn action(did: &str, id: ActionId, input: &ActionInput) -> Result<Request, RequestError> {
    #[derive(Serialize)]
    struct Params<'a> {
        did: &'a str,
        siid: u32,
        aiid: u32,
        r#in: Vec<Value>,
    }
    // One bare object: an array is answered with -9999.
    let params = Params { did, siid: id.siid.get(), aiid: id.aiid.get(), r#in: input.values() };
    Request::new("action", params)
}

/// What an action is given.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum ActionInput {
    /// Nothing.
    #[default]
    None,
    /// Values named by the piid of the argument. Nearly all devices take this form, some only this.
    Piids(Vec<(u32, Value)>),
    /// Bare values in the order of the specification.
    Values(Vec<Value>),
}

impl ActionInput {
    /// Arguments by their piid.
    pub fn piids(arguments: impl IntoIterator<Item = (u32, Value)>) -> Self {
        Self::Piids(arguments.into_iter().collect())
    }

    /// Arguments in the order of the specification.
    pub fn in_order(values: impl IntoIterator<Item = Value>) -> Self {
        Self::Values(values.into_iter().collect())
    }

    fn values(&self) -> Vec<Value> {
        match self {
            Self::None => Vec::new(),
            Self::Piids(arguments) => arguments
                .iter()
                .map(|(piid, value)| serde_json::json!({ "piid": piid, "value": value }))
                .collect(),
            Self::Values(values) => values.clone(),
        }
    }
}

impl fmt::Debug for ActionInput {
    /// Leaves out the values, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Piids(arguments) => {
                f.write_str("Piids")?;
                f.debug_list().entries(arguments.iter().map(|(piid, _)| piid)).finish()
            }
            Self::Values(values) => write!(f, "Values({})", values.len()),
        }
    }
}

/// What a device answered of the properties asked for, in the order asked.
///
/// Items are matched by siid and piid, since devices change the order, leave items out, and echo
/// another did than was sent. An item that the answer does not have is absent here too.
///
/// # Errors
/// When the result is no array.
pub fn property_results(
    reply: &Reply,
    asked: &[PropertyId],
) -> Result<Vec<Option<PropertyResult>>, FormError> {
    let mut items: Vec<Option<Value>> =
        reply.parse::<Vec<Value>>()?.into_iter().map(Some).collect();
    let complete = items.len() == asked.len();
    let mut results = Vec::with_capacity(asked.len());
    for id in asked {
        // A property asked for twice is answered twice: each item is taken once.
        let found = items.iter().position(|item| item.as_ref().and_then(item_id) == Some(*id));
        // An item that names nothing is told by its place, where one came for each asked.
        let placed = items.get(results.len()).and_then(Option::as_ref);
        let placed = placed.filter(|item| complete && item.is_object() && item_id(item).is_none());
        let at = found.or(placed.map(|_| results.len()));
        let item = at.and_then(|at| items.get_mut(at)).and_then(Option::take);
        results.push(item.map(|mut item| {
            let value = item.get_mut("value").map(Value::take);
            let code = match item.get("code") {
                Some(code) => code.to_i64().map_or(MiotCode::INTERNAL, MiotCode::new),
                // Some firmware leaves the code out when all is well.
                None => MiotCode::OK,
            };
            PropertyResult::new(*id, code, value)
        }));
    }
    Ok(results)
}

/// What a device answered to writing. Some say just `0`, `"ok"` or `["ok"]` for all of it.
///
/// # Errors
/// As for [`property_results`].
pub fn set_results(
    reply: &Reply,
    asked: &[PropertyId],
) -> Result<Vec<Option<PropertyResult>>, FormError> {
    let result = reply.value()?;
    let itemized = result.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    if !itemized && result.is_ok() {
        let done = |id: &PropertyId| Some(PropertyResult::new(*id, MiotCode::OK, None));
        return Ok(asked.iter().map(done).collect());
    }
    property_results(reply, asked)
}

/// What a device answered to an action. Some say just `["ok"]`.
///
/// # Errors
/// When the result says neither a code nor that all is well.
pub fn action_result(reply: &Reply, id: ActionId) -> Result<ActionResult, FormError> {
    let mut result = reply.value()?;
    let code = match result.get("code").and_then(Lenient::to_i64) {
        Some(code) => MiotCode::new(code),
        None if result.is_ok() || result.is_object() => MiotCode::OK,
        // Whether it was carried out is not for us to guess.
        None => return Err(FormError { offset: 0 }),
    };
    let out = match result.get_mut("out").map(Value::take) {
        Some(Value::Array(out)) => out,
        _ => Vec::new(),
    };
    Ok(ActionResult::new(id, code, out))
}

#[derive(Serialize)]
struct Item<'a> {
    did: &'a str,
    siid: u32,
    piid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
}

impl<'a> Item<'a> {
    fn new(did: &'a str, id: PropertyId, value: Option<&'a Value>) -> Self {
        Self { did, siid: id.siid.get(), piid: id.piid.get(), value }
    }
}

fn item_id(item: &Value) -> Option<PropertyId> {
    let part = |key| u32::try_from(item.get(key)?.to_i64()?).ok();
    Some(PropertyId::new(part("siid")?, part("piid")?))
}
