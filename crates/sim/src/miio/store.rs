//! What a device remembers for its clients.

use std::collections::BTreeMap;

use iot_home_miio::DeviceError;
use serde_json::Value;

use crate::miio::answer::ok;
use crate::miio::refusals::Refusals;
use crate::miio::report::count;
use crate::miio::station::bad_params;

/// Keys and their values, of bounded number.
#[derive(Debug, Default)]
pub(crate) struct Store(BTreeMap<String, Value>);

impl Store {
    /// `miIO.xget`, `xset`, `xdel` and `xgetKeys`; nothing for all other methods.
    pub(crate) fn call(
        &mut self,
        refusals: &mut Refusals,
        method: &str,
        params: &Value,
    ) -> Option<Result<Value, DeviceError>> {
        let items = params.as_array().map(Vec::as_slice);
        let done = match method {
            "miIO.xget" => items.and_then(|items| self.get(items)),
            "miIO.xset" => items.and_then(|items| self.set(items)),
            "miIO.xdel" => items.and_then(|items| self.remove(items)),
            "miIO.xgetKeys" => Some(self.0.keys().cloned().collect()),
            _ => return None,
        };
        Some(done.ok_or_else(|| {
            count(&mut refusals.bad_params);
            bad_params()
        }))
    }

    fn get(&self, names: &[Value]) -> Option<Value> {
        let value = |name: &Value| Some(self.0.get(name.as_str()?).cloned().unwrap_or_default());
        names.iter().map(value).collect::<Option<Vec<_>>>().map(Value::Array)
    }

    /// `[["x.key1", value], …]`
    fn set(&mut self, pairs: &[Value]) -> Option<Value> {
        let pair = |pair: &Value| match pair.as_array()?.as_slice() {
            [Value::String(name), value] => Some((name.clone(), value.clone())),
            _ => None,
        };
        let pairs = pairs.iter().map(pair).collect::<Option<Vec<_>>>()?;
        if self.0.len().saturating_add(pairs.len()) > MOST_KEYS {
            return None;
        }
        self.0.extend(pairs);
        Some(ok())
    }

    fn remove(&mut self, names: &[Value]) -> Option<Value> {
        let names = names.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
        names.iter().for_each(|name| drop(self.0.remove(*name)));
        Some(ok())
    }
}

const MOST_KEYS: usize = 256;
