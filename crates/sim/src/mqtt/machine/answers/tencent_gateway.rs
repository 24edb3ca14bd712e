//! Gateways of Tencent Cloud IoT, and the devices below them.

use std::time::Duration;

use iot_home_tencent::SignMethod;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;

/// What a device that is refused is told. The clouds' own numbers are documented nowhere.
const REFUSED: i64 = 1;

impl Machine {
    pub(super) fn answer_gateway(
        &mut self,
        gateway: &DeviceId,
        request: &Map<String, Value>,
    ) -> Option<Value> {
        let kind = request.get("type").and_then(Value::as_str)?;
        if kind == "describe_sub_devices" {
            let below = self.thing_mut(gateway).sub_devices.clone();
            let devices: Vec<_> = below.iter().filter_map(named).collect();
            return Some(json!({"type": kind, "payload": {"devices": devices}}));
        }
        let devices = request.get("payload")?.get("devices")?.as_array()?;
        let told = devices.iter().filter_map(|device| {
            let id = identity(device)?;
            let result = if self.take(gateway, kind, &id, device)? { 0 } else { REFUSED };
            let mut named = named(&id)?;
            named.as_object_mut()?.insert("result".into(), result.into());
            Some(named)
        });
        let told: Vec<_> = told.collect();
        Some(json!({"type": kind, "payload": {"devices": told}}))
    }

    /// Does what is asked for one device; says whether it could be. `None` where there is no such thing.
    fn take(
        &mut self,
        gateway: &DeviceId,
        kind: &str,
        id: &DeviceId,
        device: &Value,
    ) -> Option<bool> {
        let is_bound = self.thing_mut(gateway).sub_devices.contains(id);
        Some(match kind {
            "bind" => {
                let is_signed = self.is_bound_by(id, device);
                if is_signed {
                    self.thing_mut(gateway).sub_devices.insert(id.clone());
                } else {
                    count(&mut self.report.violations.sub_device_signature);
                }
                is_signed
            }
            "unbind" => {
                self.thing_mut(gateway).online.remove(id);
                self.thing_mut(gateway).sub_devices.remove(id)
            }
            "online" if is_bound => {
                for thing in self.things.values_mut() {
                    thing.online.remove(id);
                }
                self.thing_mut(gateway).online.insert(id.clone())
            }
            "online" => {
                count(&mut self.report.violations.no_topology);
                false
            }
            "offline" => self.thing_mut(gateway).online.remove(id),
            _ => return None,
        })
    }

    fn is_bound_by(&self, id: &DeviceId, device: &Value) -> bool {
        let known =
            self.builder.accounts.tencent.iter().find(|known| DeviceId::from(*known) == *id);
        let text = |name: &str| device.get(name).and_then(Value::as_str);
        let number = |name: &str| device.get(name).and_then(Value::as_u64);
        let random = number("random").and_then(|random| u32::try_from(random).ok());
        let method = match text("signmethod") {
            Some("hmacsha1") => SignMethod::HmacSha1,
            Some("hmacsha256") => SignMethod::HmacSha256,
            _ => return false,
        };
        let (Some(known), Some(random), Some(time)) = (known, random, number("timestamp")) else {
            return false;
        };
        let proof = known.bind_proof(method, random, Duration::from_secs(time));
        text("authtype") == Some("psk") && text("signature") == Some(proof.signature.expose())
    }
}

fn identity(device: &Value) -> Option<DeviceId> {
    let text = |name: &str| device.get(name).and_then(Value::as_str);
    Some(DeviceId::tencent(text("product_id")?, text("device_name")?))
}

fn named(device: &DeviceId) -> Option<Value> {
    match device {
        DeviceId::Tencent { product_id, device_name } => {
            Some(json!({"product_id": product_id, "device_name": device_name}))
        }
        _ => None,
    }
}
