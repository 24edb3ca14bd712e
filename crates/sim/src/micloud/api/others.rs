//! Everything else, as much of it as clients ask for.

use serde_json::{Map, Value, json};

use super::{BAD_DATA, Caller, NO_FILE, NO_PERMISSION, Refusal, id, text};
use crate::micloud::machine::Machine;

impl Machine {
    pub(super) fn other(
        &mut self,
        caller: Caller,
        path: &str,
        data: &Value,
    ) -> Result<Value, Refusal> {
        match path {
            "/v2/device/blt_get_beaconkey" => {
                let key = self.named(caller, data, "did")?.beacon_key.clone();
                Ok(json!({ "beaconkey": key.ok_or(NO_PERMISSION)? }))
            }
            "/device/batchdevicedatas" => self.device_datas(caller, data),
            "/v2/device/latest_ver" => {
                let device = self.named(caller, data, "did")?;
                let version = device.record.get("extra").and_then(|extra| extra.get("fw_version"));
                Ok(
                    json!({ "version": version, "updating": false, "isLatest": true, "changeLog": "" }),
                )
            }
            "/user/get_user_device_data" => self.history(caller, data),
            "/v2/user/get_user_device_log" => {
                let limit = data.get("limit").and_then(Value::as_u64).ok_or(BAD_DATA)?;
                span(data)?;
                self.named(caller, data, "did")?;
                // What stands in one is not known.
                if (1..=50).contains(&limit) { Ok(json!([])) } else { Err(BAD_DATA) }
            }
            "/v2/home/standard_consumable_items" => self.consumables(caller, data),
            "/v2/user/statistics" => {
                let stat = text(data.get("data_type")).ok_or(BAD_DATA)?;
                if !stat.starts_with("stat_") || text(data.get("key")).is_none() {
                    return Err(BAD_DATA);
                }
                let (start, end) = span(data)?;
                self.named(caller, data, "did")?;
                let times = (start..end).step_by(86_400).take(31);
                let values: Vec<_> =
                    times.map(|time| json!({ "value": "[12,34]", "time": time })).collect();
                Ok(values.into())
            }
            "/v2/irdevice/controllers" => {
                let parent = text(data.get("parent_id")).ok_or(BAD_DATA)?;
                self.device(caller, &parent)?;
                let children = self.seen(caller).filter(|device| {
                    device.record.get("parent_id").and_then(Value::as_str) == Some(&parent)
                });
                let controllers: Vec<_> = children
                    .map(|device| json!({ "did": device.did, "name": device.record.get("name") }))
                    .collect();
                Ok(json!({ "controllers": controllers }))
            }
            "/v2/irdevice/controller/keys" => {
                let keys = self.named(caller, data, "did")?.keys.iter();
                let keys: Vec<_> = keys
                    .map(|(id, name)| json!({ "id": id, "name": name, "display_name": name }))
                    .collect();
                Ok(json!({ "keys": keys }))
            }
            "/v2/irdevice/controller/key/click" => {
                let device = self.named(caller, data, "did")?;
                let key = text(data.get("key_id")).ok_or(BAD_DATA)?;
                let (known, did) =
                    (device.keys.iter().any(|(id, _)| *id == key), device.did.clone());
                if !known {
                    return Err(BAD_DATA);
                }
                super::count_of(&mut self.report.actions, &did);
                Ok(json!({}))
            }
            "/home/getmapfileurl"
            | "/home/getrobomapurl"
            | "/v2/home/get_interim_file_url"
            | "/v2/home/get_interim_file_url_pro" => {
                let name = text(data.get("obj_name")).ok_or(BAD_DATA)?;
                let (kind, did) =
                    (path.rsplit('/').next().unwrap_or_default(), name.split('/').nth(1));
                let known = did.is_some_and(|did| self.device(caller, did).is_ok());
                if kind.starts_with("get_interim") && !known {
                    return Err(NO_FILE);
                }
                Ok(json!({ "url": format!("https://files.example/{kind}/{name}?signed=1") }))
            }
            "/v2/message/v2/check_new_msg" => {
                id(data.get("begin_at")).ok_or(BAD_DATA)?;
                Ok(json!({ "has_new_msg": false, "count": 0 }))
            }
            "/v2/message/v2/typelist" => Ok(json!({ "messages": [{
                "msg_id": "1", "type": "1", "ctime": 1_700_000_000,
                "params": { "body": { "title": "simulated" } },
            }] })),
            "/common/app/get/eventlist" => {
                self.named(caller, data, "did")?;
                Ok(json!({ "thirdPartPlayUnits": [], "isContinue": false }))
            }
            _ => Err((-4, "no such service")),
        }
    }

    /// One item for each device of the home, with one thing that is half used up.
    fn consumables(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let number = |key: &str| data.get(key).and_then(Value::as_u64).ok_or(BAD_DATA);
        let (home_id, owner) = (number("home_id")?, number("owner_id")?);
        let home = self.own_home(caller, home_id).ok_or(NO_PERMISSION)?;
        if home.owner.unwrap_or(self.first) != owner {
            return Err(NO_PERMISSION);
        }
        let devices = self.seen(caller).filter(|device| device.home == Some(home_id));
        let items: Vec<_> = devices
            .map(|device| json!({ "consumes_data": [{ "did": device.did, "value": "50" }] }))
            .collect();
        Ok(json!({ "items": items }))
    }

    fn named(
        &self,
        caller: Caller,
        data: &Value,
        key: &str,
    ) -> Result<&crate::micloud::device::Device, Refusal> {
        let did = data.get(key).and_then(Value::as_str).ok_or(BAD_DATA)?;
        self.device(caller, did)
    }

    /// `prop.power` of the classic devices and `prop.2.1` of the others.
    fn device_datas(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let mut results = Map::new();
        for item in data.as_array().ok_or(BAD_DATA)? {
            let did = item.get("did").and_then(Value::as_str).ok_or(BAD_DATA)?;
            let props = item.get("props").and_then(Value::as_array).ok_or(BAD_DATA)?;
            let Ok(device) = self.device(caller, did) else { continue };
            let mut values = Map::new();
            for prop in props.iter().filter_map(Value::as_str) {
                let name = prop.strip_prefix("prop.").ok_or(BAD_DATA)?;
                let value = device.remote.as_ref().and_then(|remote| remote.property(name));
                if let Some(value) = value {
                    values.insert(prop.to_owned(), value);
                }
            }
            results.insert(did.to_owned(), values.into());
        }
        Ok(results.into())
    }

    /// The present value, as if it had been there for all the time that is asked for.
    fn history(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let (kind, key) = (text(data.get("type")), text(data.get("key")));
        let (Some(kind), Some(key)) = (kind, key) else { return Err(BAD_DATA) };
        let (start, _) = span(data)?;
        let device = self.named(caller, data, "did")?;
        let value = device.remote.as_ref().and_then(|remote| remote.property(&key));
        let values: Vec<_> = value
            .iter()
            .map(|value| {
                json!({
                    "time": start, "value": json!([value]).to_string(), "key": key, "type": kind,
                    "did": device.did, "uid": device.owner,
                })
            })
            .collect();
        Ok(values.into())
    }
}

/// From when to when, in seconds.
fn span(data: &Value) -> Result<(u64, u64), Refusal> {
    let (start, end) = (id(data.get("time_start")), id(data.get("time_end")));
    let (Some(start), Some(end)) = (start, end) else { return Err(BAD_DATA) };
    if start < end { Ok((start, end)) } else { Err(BAD_DATA) }
}
