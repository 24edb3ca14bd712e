//! What a gateway says.

use std::net::{IpAddr, Ipv4Addr};

use iot_home_lumi::Version;
use serde_json::{Map, Value, json};

use super::Machine;
use crate::lumi::child::Child;

impl Machine {
    pub(super) fn iam(&self) -> Value {
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        let mut iam = json!({
            "cmd": "iam", "ip": ip.to_string(), "port": self.addr.port().to_string(),
            "model": self.own.model, "sid": self.own.sid.to_string(),
        });
        if self.builder.version_in_iam {
            set(&mut iam, "proto_version", self.own.values.get("proto_version").cloned());
        }
        iam
    }

    pub(super) fn list(&self) -> Value {
        let (sid, token) = (self.own.sid.to_string(), &self.token_text);
        let sids = self.children.iter().map(|child| child.sid.to_string());
        match self.builder.version {
            Version::V1 => {
                let data = Value::from_iter(sids).to_string();
                json!({"cmd": "get_id_list_ack", "sid": sid, "token": token, "data": data})
            }
            _ => {
                let models = self.children.iter().map(|child| &child.model);
                let list: Vec<_> = sids
                    .zip(models)
                    .map(|(sid, model)| json!({"sid": sid, "model": model}))
                    .collect();
                json!({"cmd": "discovery_rsp", "sid": sid, "token": token, "dev_list": list})
            }
        }
    }

    /// An answer to a read or a write.
    pub(super) fn state(
        &self,
        what: &str,
        child: Option<&Child>,
        sid: &str,
        values: Map<String, Value>,
    ) -> Value {
        let end = if self.builder.version == Version::V1 { "ack" } else { "rsp" };
        let mut answer = json!({"cmd": format!("{what}_{end}"), "sid": sid});
        if let Some(child) = child {
            set(&mut answer, "model", child.model.as_str());
            set(&mut answer, "short_id", child.short_id);
        }
        self.with_values(answer, values)
    }

    pub(super) fn notice(&self, what: &str, child: &Child, values: Map<String, Value>) -> Value {
        let notice = json!({
            "cmd": what, "model": child.model, "sid": child.sid.to_string(),
            "short_id": child.short_id,
        });
        self.with_values(notice, values)
    }

    pub(super) fn with_values(&self, mut message: Value, values: Map<String, Value>) -> Value {
        match self.builder.version {
            Version::V1 => set(&mut message, "data", Value::Object(values).to_string()),
            _ => {
                let one = |(name, value)| Value::Object(Map::from_iter([(name, value)]));
                let params: Value = values.into_iter().map(one).collect();
                set(&mut message, "params", params);
            }
        }
        message
    }
}

/// Puts a field into a message.
pub(super) fn set(message: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = message.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

pub(super) fn error_values(error: &str) -> Map<String, Value> {
    Map::from_iter([("error".to_owned(), error.into())])
}
