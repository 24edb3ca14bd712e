//! The API: what each path answers to a call that was verified.

mod devices;
mod homes;
mod miotspec;
mod others;
mod scenes;

use std::collections::BTreeMap;

use iot_home_micloud::Region;
use serde_json::{Value, json};

use crate::micloud::device::Device;
use crate::micloud::machine::Machine;
use crate::micloud::report::count;

/// Who calls, and in which region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) user_id: u64,
    pub(super) region: Region,
}

/// A code of the whole answer, and its words.
type Refusal = (i64, &'static str);

const NO_PERMISSION: Refusal = (-1, "permission denied");
const NOT_REGISTERED: Refusal = (-7, "device is not registered");
const BAD_DATA: Refusal = (-8, "data type not valid");
const NO_FILE: Refusal = (-6, "invalid config for fds");

impl Machine {
    /// The envelope with the result of a call.
    pub(super) fn dispatch(&mut self, caller: Caller, path: &str, data: &Value) -> Value {
        match self.result(caller, path, data) {
            Ok(result) if !path.starts_with("/common/app/") => {
                json!({ "code": 0, "message": "ok", "result": result })
            }
            Ok(data) => json!({ "code": 0, "message": "ok", "data": data }),
            Err((code, message)) => {
                if code == BAD_DATA.0 {
                    count(&mut self.report.violations.bad_data);
                }
                json!({ "code": code, "message": message, "result": null })
            }
        }
    }

    fn result(&mut self, caller: Caller, path: &str, data: &Value) -> Result<Value, Refusal> {
        if let Some(did) = path.strip_prefix("/home/rpc/") {
            return self.rpc(caller, did, data);
        }
        if let Some(name) = path.strip_prefix("/appgateway/miot/appsceneservice/AppSceneService/") {
            return self.scene(caller, name, data);
        }
        match path {
            "/home/device_list" => self.device_list(caller, data),
            "/v2/home/device_list_page" | "/home/device_list_page" => {
                self.device_list_page(caller, data)
            }
            "/v2/home/home_device_list" | "/home/home_device_list" => {
                self.home_device_list(caller, data)
            }
            "/v2/user/get_device_cnt" => self.device_count(caller, data),
            "/v2/homeroom/gethome" | "/homeroom/gethome" => self.homes(caller, data, false),
            "/v2/homeroom/gethome_merged" => self.homes(caller, data, true),
            "/v2/homeroom/get_dev_room_page" => self.rooms_page(caller, data),
            "/miotspec/prop/get" => self.properties(caller, data, miotspec::Access::Read),
            "/miotspec/prop/set" => self.properties(caller, data, miotspec::Access::Write),
            "/miotspec/action" => self.action(caller, data),
            "/scene/history" => self.scene_history(caller, data),
            _ => self.other(caller, path, data),
        }
    }

    /// The devices that an account has in a region, in the order of their ids: its own, those in homes that are
    /// shared with it, and those that are shared with it by themselves.
    fn seen(&self, caller: Caller) -> impl Iterator<Item = &Device> {
        let devices: BTreeMap<&str, &Device> = self
            .devices
            .iter()
            .filter(move |device| device.region == caller.region && self.may_see(caller, device))
            .map(|device| (device.did.as_str(), device))
            .collect();
        devices.into_values()
    }

    fn may_see(&self, caller: Caller, device: &Device) -> bool {
        let shared_home = device.home.is_some_and(|id| {
            self.homes
                .iter()
                .any(|home| home.id == id && home.shared_with.contains(&caller.user_id))
        });
        device.owner == caller.user_id
            || device.shared_with.contains(&caller.user_id)
            || shared_home
    }

    /// A device that the account may use.
    fn device(&self, caller: Caller, did: &str) -> Result<&Device, Refusal> {
        let there = |device: &&Device| device.region == caller.region && device.did == did;
        let device = self.devices.iter().find(there).ok_or(NOT_REGISTERED)?;
        if self.may_see(caller, device) { Ok(device) } else { Err(NO_PERMISSION) }
    }
}

/// A text or a number as a text.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An id, as a number or as a text.
fn id(value: Option<&Value>) -> Option<u64> {
    text(value)?.parse().ok()
}

/// How many things one counter map has at most.
const MOST_COUNTED: usize = 10_000;

/// Adds one to a counter of its own.
fn count_of(counters: &mut BTreeMap<String, u64>, name: &str) {
    if counters.len() < MOST_COUNTED || counters.contains_key(name) {
        count(counters.entry(name.to_owned()).or_default());
    }
}
