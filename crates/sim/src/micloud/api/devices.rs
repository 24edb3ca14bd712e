//! Lists of devices, whole and by pages.

use serde_json::{Value, json};

use super::{BAD_DATA, Caller, NO_PERMISSION, Refusal, id, text};
use crate::micloud::device::Device;
use crate::micloud::machine::Machine;
use crate::micloud::report::count;

impl Machine {
    /// All at once: the account's own, and those shared with it by themselves.
    pub(super) fn device_list(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let wanted = self.wanted(data)?;
        let devices = self.seen(caller).filter(|device| is_single(device, caller));
        let devices = devices.filter(|device| is_wanted(wanted.as_ref(), device));
        let list: Vec<_> = devices.map(|device| self.record(caller, device)).collect();
        Ok(json!({ "list": list }))
    }

    /// The same by pages.
    pub(super) fn device_list_page(
        &mut self,
        caller: Caller,
        data: &Value,
    ) -> Result<Value, Refusal> {
        let wanted = self.wanted(data)?;
        let devices = self.seen(caller).filter(|device| is_single(device, caller));
        let devices = devices.filter(|device| is_wanted(wanted.as_ref(), device)).collect();
        let (list, next) = self.page_of(caller, devices, data)?;
        let has_more = next.is_some();
        Ok(
            json!({ "list": list, "has_more": has_more, "next_start_did": next.unwrap_or_default() }),
        )
    }

    /// Those in a home, by pages. The home is named by its owner, too.
    pub(super) fn home_device_list(
        &mut self,
        caller: Caller,
        data: &Value,
    ) -> Result<Value, Refusal> {
        let (home, owner) = (id(data.get("home_id")), id(data.get("home_owner")));
        let (Some(home_id), Some(owner)) = (home, owner) else { return Err(BAD_DATA) };
        let home = self.own_home(caller, home_id).ok_or(NO_PERMISSION)?;
        if home.owner.unwrap_or(self.first) != owner {
            return Err(NO_PERMISSION);
        }
        let devices = self.seen(caller).filter(|device| device.home == Some(home_id)).collect();
        let (list, next) = self.page_of(caller, devices, data)?;
        let has_more = next.is_some();
        let list = if list.is_empty() { Value::Null } else { list.into() };
        Ok(
            json!({ "device_info": list, "has_more": has_more, "max_did": next.unwrap_or_default() }),
        )
    }

    pub(super) fn device_count(&mut self, caller: Caller, _: &Value) -> Result<Value, Refusal> {
        let own = self.seen(caller).filter(|device| device.owner == caller.user_id).count();
        let homes = self.homes.iter().filter(|home| {
            home.region == caller.region && home.shared_with.contains(&caller.user_id)
        });
        let family: Vec<_> = homes
            .map(|home| json!({ "home_id": home.id, "home_owner": home.owner.unwrap_or(self.first) }))
            .collect();
        Ok(json!({ "own": own, "share": { "share_family": family } }))
    }

    /// A page, and what begins the next one.
    fn page_of(
        &self,
        caller: Caller,
        devices: Vec<&Device>,
        data: &Value,
    ) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let limit = match data.get("limit") {
            None => self.page,
            Some(limit) => {
                let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
                limit.filter(|limit| *limit > 0).ok_or(BAD_DATA)?.min(self.page)
            }
        };
        let start = text(data.get("start_did")).unwrap_or_default();
        let mut left = devices.into_iter().filter(|device| device.did > start);
        let page: Vec<_> = left.by_ref().take(limit).collect();
        let more = left.next().is_some();
        let next = page.last().filter(|_| more).map(|device| device.did.clone());
        Ok((page.into_iter().map(|device| self.record(caller, device)).collect(), next))
    }

    /// The ids asked for, where some are.
    fn wanted(&mut self, data: &Value) -> Result<Option<Vec<String>>, Refusal> {
        if !data.is_object() {
            return Err(BAD_DATA);
        }
        let Some(dids) = data.get("dids") else { return Ok(None) };
        let dids = dids.as_array().ok_or(BAD_DATA)?;
        if dids.len() > MOST_DIDS {
            count(&mut self.report.violations.too_many);
            return Err(BAD_DATA);
        }
        Ok(Some(dids.iter().filter_map(|did| text(Some(did))).collect()))
    }

    /// A device as this account sees it.
    fn record(&self, caller: Caller, device: &Device) -> Value {
        let mut record = device.record.clone();
        if let Some(remote) = &device.remote {
            if let Some(token) = remote.token() {
                record.insert("token".into(), token.into());
            }
            if !remote.is_online() {
                record.insert("isOnline".into(), false.into());
            }
        }
        if device.owner != caller.user_id && is_single(device, caller) {
            let owner = device.owner.to_string();
            record.insert("owner".into(), json!({ "userid": owner, "nickname": owner }));
            record.insert("shareFlag".into(), 1.into());
        }
        record.into()
    }
}

/// Whether the account has it by itself, and not by a home that is shared with it.
fn is_single(device: &Device, caller: Caller) -> bool {
    device.owner == caller.user_id || device.shared_with.contains(&caller.user_id)
}

fn is_wanted(wanted: Option<&Vec<String>>, device: &Device) -> bool {
    wanted.is_none_or(|wanted| wanted.contains(&device.did))
}

/// As many as Xiaomi's own client asks for.
const MOST_DIDS: usize = 150;
