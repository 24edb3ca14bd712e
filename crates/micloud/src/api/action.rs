//! Doing things: actions of MIoT devices, and the methods of older ones.

use iot_home_core::{ActionId, ActionResult, Did, MiotCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Call, InvalidCall, lenient};

/// Runs an action. The arguments are bare values in the order of the specification.
///
/// It may not be repeated when nobody knows what became of it.
pub fn action(did: &Did, id: ActionId, input: &[Value]) -> Call<ActionAnswer> {
    // One object, and no array as for properties.
    let params = json!({ "did": did, "siid": id.siid, "aiid": id.aiid, "in": input });
    Call::known("/miotspec/action", &json!({ "params": params })).once()
}

/// What was answered to an action.
#[derive(Clone, PartialEq, Deserialize)]
pub struct ActionAnswer {
    #[serde(default, deserialize_with = "lenient::integer")]
    code: Option<i64>,
    #[serde(default, deserialize_with = "lenient::list")]
    out: Vec<Value>,
}

impl ActionAnswer {
    /// The outcome of the action that was run.
    pub fn into_result(self, id: ActionId) -> ActionResult {
        ActionResult::new(id, self.code.map_or(MiotCode::OK, MiotCode::new), self.out)
    }
}

/// Without the outputs.
impl core::fmt::Debug for ActionAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ActionAnswer").field("code", &self.code).finish_non_exhaustive()
    }
}

/// Passes a method of the miIO protocol to a device: `get_prop`, `set_power` and the like.
///
/// It may not be repeated when nobody knows what became of it.
///
/// # Errors
/// When the did cannot stand in a path.
pub fn rpc(did: &Did, method: &str, params: &Value) -> Result<Call<Value>, InvalidCall> {
    let did = did.to_string();
    if did.contains('/') {
        return Err(InvalidCall::Path);
    }
    let data = json!({ "id": 1, "method": method, "params": params });
    Call::new(&format!("/home/rpc/{did}"), &data.to_string())
}
