//! Properties, actions, and methods of miIO, which reach the devices.

use serde_json::{Map, Value, json};

use super::{BAD_DATA, Caller, NO_PERMISSION, Refusal, count_of, id, text};
use crate::micloud::machine::Machine;
use crate::micloud::report::count;

/// What is done with properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Machine {
    /// `/miotspec/prop/get` and `/miotspec/prop/set`: items of any devices, answered in the reverse order.
    pub(super) fn properties(
        &mut self,
        caller: Caller,
        data: &Value,
        access: Access,
    ) -> Result<Value, Refusal> {
        let params = data.get("params").and_then(Value::as_array).ok_or(BAD_DATA)?;
        if params.len() > MOST_PROPERTIES {
            count(&mut self.report.violations.too_many);
            return Err(BAD_DATA);
        }
        let items: Vec<_> = params.iter().map(property).collect::<Option<_>>().ok_or(BAD_DATA)?;
        if access == Access::Write && items.iter().any(|item| item.get("value").is_none()) {
            return Err(BAD_DATA);
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(self.property(caller, &item, access));
        }
        // Nobody may rely on the order.
        results.reverse();
        Ok(results.into())
    }

    fn property(&mut self, caller: Caller, item: &Map<String, Value>, access: Access) -> Value {
        let did = text(item.get("did")).unwrap_or_default();
        let method = match access {
            Access::Read => "get_properties",
            Access::Write => "set_properties",
        };
        let mut result = Map::new();
        for key in ["did", "siid", "piid"] {
            result.insert(key.into(), item.get(key).cloned().unwrap_or_default());
        }
        result.insert("iid".into(), format!("0.{}.{}", item["siid"], item["piid"]).into());
        let answer = match self.device(caller, &did).map(|device| device.reached()) {
            Err(_) => Err(DOES_NOT_EXIST),
            Ok(None) => Err(OFFLINE),
            Ok(Some(device)) => device
                .command(method, &json!([item]))
                .ok()
                .and_then(|answer| answer.get(0).cloned())
                .ok_or(TIMED_OUT),
        };
        match answer {
            Ok(answer) => {
                let code = answer.get("code").and_then(Value::as_i64).unwrap_or(0);
                result.insert("code".into(), of_the_cloud(code).into());
                // A device may echo something after a write, too.
                if let Some(value) = answer.get("value") {
                    result.insert("value".into(), value.clone());
                }
                if access == Access::Read && result.contains_key("value") {
                    result.insert("updateTime".into(), 1_700_000_000.into());
                }
                let report = &mut self.report;
                count_of(
                    match access {
                        Access::Read => &mut report.reads,
                        Access::Write => &mut report.writes,
                    },
                    &did,
                );
            }
            Err(code) => {
                result.insert("code".into(), code.into());
            }
        }
        result.into()
    }

    /// `/miotspec/action`: one object.
    pub(super) fn action(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let params = data.get("params").and_then(Value::as_object).ok_or(BAD_DATA)?;
        let (did, siid, aiid) =
            (text(params.get("did")), id(params.get("siid")), id(params.get("aiid")));
        let input = params.get("in").and_then(Value::as_array);
        let (Some(did), Some(siid), Some(aiid), Some(input)) = (did, siid, aiid, input) else {
            return Err(BAD_DATA);
        };
        let device = match self.device(caller, &did).map(|device| device.reached()) {
            Err(_) => Err(DOES_NOT_EXIST),
            Ok(None) => Err(OFFLINE),
            Ok(Some(device)) => Ok(device),
        };
        let done = device.and_then(|device| {
            let request = json!({ "did": did, "siid": siid, "aiid": aiid, "in": input });
            device.command("action", &request).map_err(|_| TIMED_OUT)
        });
        let (code, out) = match done {
            Ok(answer) => {
                count_of(&mut self.report.actions, &did);
                let code = answer.get("code").and_then(Value::as_i64).unwrap_or(0);
                (of_the_cloud(code), answer.get("out").cloned().unwrap_or_else(|| json!([])))
            }
            Err(code) => (code, Value::Null),
        };
        Ok(json!({
            "did": did, "siid": siid, "aiid": aiid, "code": code, "out": out, "exe_time": 20,
        }))
    }

    /// `/home/rpc/{did}`: what the device answers, as it is.
    pub(super) fn rpc(
        &mut self,
        caller: Caller,
        did: &str,
        data: &Value,
    ) -> Result<Value, Refusal> {
        let method = data.get("method").and_then(Value::as_str).ok_or(BAD_DATA)?;
        let params = data.get("params").ok_or(BAD_DATA)?;
        let device = self.device(caller, did).map_err(|_| NO_PERMISSION)?;
        let device = device.reached().ok_or((-2, "device offline"))?;
        count_of(&mut self.report.rpcs, did);
        device.command(method, params).map_err(|_| (-3, "device error"))
    }
}

fn property(item: &Value) -> Option<Map<String, Value>> {
    let item = item.as_object()?;
    let did = item.get("did")?.is_string();
    let named = did && id(item.get("siid")).is_some() && id(item.get("piid")).is_some();
    named.then(|| item.clone())
}

/// What the cloud makes of a device's code.
fn of_the_cloud(code: i64) -> i64 {
    match code {
        -4001 => -704_030_013,
        -4002 => -704_030_023,
        -4003 => -704_040_003,
        -4004 => -705_201_013,
        -4005 => -704_220_043,
        -4006 => -704_220_035,
        -4007 => -704_040_003,
        code => code,
    }
}

/// As many as Xiaomi's own client asks for.
const MOST_PROPERTIES: usize = 150;
const DOES_NOT_EXIST: i64 = -704_090_001;
const OFFLINE: i64 = -704_042_011;
const TIMED_OUT: i64 = -704_083_036;
