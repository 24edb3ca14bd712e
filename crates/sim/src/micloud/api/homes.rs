//! Homes and their rooms.

use serde_json::{Value, json};

use super::{BAD_DATA, Caller, Refusal, text};
use crate::micloud::home::Home;
use crate::micloud::machine::Machine;

/// A home, a room of it, and what is there.
type Placed = (u64, Option<u64>, String);

impl Machine {
    pub(super) fn own_home(&self, caller: Caller, id: u64) -> Option<&Home> {
        let first = self.first;
        self.homes.iter().find(|home| {
            home.id == id
                && home.region == caller.region
                && (home.owner.unwrap_or(first) == caller.user_id
                    || home.shared_with.contains(&caller.user_id))
        })
    }

    /// Homes with their rooms, and as many devices in them as fit on a page.
    pub(super) fn homes(
        &mut self,
        caller: Caller,
        data: &Value,
        merged: bool,
    ) -> Result<Value, Refusal> {
        if !data.is_object() {
            return Err(BAD_DATA);
        }
        let is_true = |key: &str| data.get(key).and_then(Value::as_bool).unwrap_or(false);
        let limit = data.get("limit").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(self.page);
        let (page, next) = self.placed(caller, "", limit);
        let mut own: Vec<_> = self
            .homes
            .iter()
            .filter(|home| home.region == caller.region)
            .filter(|home| home.owner.unwrap_or(self.first) == caller.user_id)
            .map(|home| self.home_record(home, &page))
            .collect();
        let shared: Vec<_> = self
            .homes
            .iter()
            .filter(|home| home.region == caller.region)
            .filter(|home| home.shared_with.contains(&caller.user_id))
            .map(|home| self.home_record(home, &page))
            .collect();
        let shared = match (is_true("fetch_share") || merged, merged) {
            (true, true) => {
                own.extend(shared);
                Value::Null
            }
            (true, false) if !shared.is_empty() => shared.into(),
            _ => Value::Null,
        };
        Ok(json!({
            "homelist": own, "share_home_list": shared,
            "has_more": next.is_some(), "max_id": next.unwrap_or_default(),
        }))
    }

    /// What did not fit.
    pub(super) fn rooms_page(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let start = text(data.get("start_id")).ok_or(BAD_DATA)?;
        let limit = data.get("limit").and_then(Value::as_u64).ok_or(BAD_DATA)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).clamp(1, self.page);
        let (page, next) = self.placed(caller, &start, limit);
        let info: Vec<_> = self
            .homes
            .iter()
            .filter(|home| self.own_home(caller, home.id).is_some())
            .map(|home| {
                let record = self.home_record(home, &page);
                let [id, dids, rooms] = ["id", "dids", "roomlist"].map(|key| record.get(key));
                json!({ "id": id, "dids": dids, "roomlist": rooms })
            })
            .collect();
        Ok(json!({ "info": info, "has_more": next.is_some(), "max_id": next.unwrap_or_default() }))
    }

    /// Devices in homes, with home and room, behind a place in their order.
    fn placed(&self, caller: Caller, start: &str, limit: usize) -> (Vec<Placed>, Option<String>) {
        let mut devices = self
            .seen(caller)
            .filter(|device| device.did.as_str() > start)
            .filter_map(|device| Some((device.home?, device.room, device.did.clone())));
        let page: Vec<_> = devices.by_ref().take(limit).collect();
        let more = devices.next().is_some();
        let next = page.last().filter(|_| more).map(|(_, _, did)| did.clone());
        (page, next)
    }

    fn home_record(&self, home: &Home, page: &[Placed]) -> Value {
        let dids = |room: Option<u64>| -> Vec<&str> {
            let there = page.iter().filter(|(of, at, _)| *of == home.id && *at == room);
            there.map(|(_, _, did)| did.as_str()).collect()
        };
        let rooms: Vec<_> = home
            .rooms
            .iter()
            .map(
                |(id, name)| json!({ "id": id.to_string(), "name": name, "dids": dids(Some(*id)) }),
            )
            .collect();
        json!({
            "id": home.id.to_string(), "name": home.name, "uid": home.owner.unwrap_or(self.first),
            "dids": dids(None), "roomlist": rooms, "city_id": 101_280_601, "address": "",
        })
    }
}
