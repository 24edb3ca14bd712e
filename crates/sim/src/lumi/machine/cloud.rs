//! What a gateway and its children are told by their cloud.

use iot_home_core::MiotCode;
use iot_home_lumi::Sid;
use iot_home_miio::DeviceError;
use serde_json::{Map, Value, json};

use super::Machine;
use crate::lumi::child::Child;
use crate::lumi::report::count;

impl Machine {
    /// The model of the gateway or of a child.
    pub(crate) fn model(&self, sid: Sid) -> Option<&str> {
        self.find(sid).map(|child| child.model.as_str())
    }

    /// Does what the gateway is told by miIO's methods for children, or a child by MIoT.
    pub(crate) fn command(
        &mut self,
        sid: Sid,
        method: &str,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        let is_child = sid != self.own.sid;
        match method {
            "get_properties" if is_child => {
                self.each(params, |gateway, item| gateway.read_status(sid, item))
            }
            "set_properties" if is_child => {
                self.each(params, |gateway, item| gateway.write_status(sid, item))
            }
            _ if is_child => Err(unknown_method()),
            "get_device_prop" if *params == json!(["lumi.0", "device_list"]) => {
                Ok(self.flat_list())
            }
            "get_device_prop" => {
                let (sid, names) = self.named(params)?;
                Ok(names.iter().map(|name| self.told(sid, name)).collect())
            }
            "get_device_prop_exp" => {
                let groups = params.as_array().ok_or_else(bad_argument)?;
                let read = |group: &Value| -> Result<Value, DeviceError> {
                    let (sid, names) = self.named(group)?;
                    Ok(names.iter().map(|name| self.told(sid, name)).collect())
                };
                groups.iter().map(read).collect::<Result<Value, _>>()
            }
            "set_device_prop" => self.set_device_prop(params),
            _ => Err(unknown_method()),
        }
    }

    /// `{"sid":"lumi.158d0001","status":"on"}`
    fn set_device_prop(&mut self, params: &Value) -> Result<Value, DeviceError> {
        let mut values = params.as_object().cloned().ok_or_else(bad_argument)?;
        let sid = self.sid_of(values.remove("sid").as_ref())?;
        self.carry_out(sid, &values).map_err(|_| bad_argument())?;
        Ok(json!(["ok"]))
    }

    /// Five items for each, the gateway first: sid, kind, whether it is there, nothing, firmware.
    fn flat_list(&self) -> Value {
        let own = std::iter::once("lumi.0".to_owned());
        let sids = own.chain(self.children.iter().map(|child| format!("lumi.{}", child.sid)));
        let kinds = std::iter::once(0).chain(std::iter::repeat(KIND));
        sids.zip(kinds)
            .flat_map(|(sid, kind)| [sid.into(), kind.into(), 1.into(), 0.into(), "1.0.0".into()])
            .collect::<Vec<Value>>()
            .into()
    }

    /// `["lumi.158d0001","status",…]`
    fn named<'a>(&self, asked: &'a Value) -> Result<(Sid, &'a [Value]), DeviceError> {
        let (sid, names) =
            asked.as_array().and_then(|asked| asked.split_first()).ok_or_else(bad_argument)?;
        Ok((self.sid_of(Some(sid))?, names))
    }

    fn sid_of(&self, sid: Option<&Value>) -> Result<Sid, DeviceError> {
        let sid = sid.and_then(Value::as_str).and_then(|sid| sid.strip_prefix("lumi."));
        let sid = sid.and_then(|sid| sid.parse().ok()).filter(|sid| self.find(*sid).is_some());
        sid.ok_or_else(|| DeviceError::new(Some(-4001), "no such device"))
    }

    fn told(&self, sid: Sid, name: &Value) -> Value {
        name.as_str().and_then(|name| self.value(sid, name)).unwrap_or_default()
    }

    /// One item for each in the request.
    fn each(
        &mut self,
        params: &Value,
        act: impl Fn(&mut Self, &Value) -> Result<Option<Value>, MiotCode>,
    ) -> Result<Value, DeviceError> {
        let mut results = Vec::new();
        for item in params.as_array().ok_or_else(bad_argument)? {
            let is_status =
                item.get("siid") == Some(&json!(2)) && item.get("piid") == Some(&json!(1));
            let done = if is_status { act(self, item) } else { Err(MiotCode::NOT_FOUND) };
            let mut result = item.as_object().cloned().unwrap_or_default();
            result.remove("value");
            let code = done.as_ref().err().copied().unwrap_or(MiotCode::OK);
            result.insert("code".into(), code.get().into());
            result.extend(done.ok().flatten().map(|value| ("value".to_owned(), value)));
            results.push(Value::from(result));
        }
        Ok(results.into())
    }

    fn read_status(&self, sid: Sid, _: &Value) -> Result<Option<Value>, MiotCode> {
        let status = self.value(sid, "status").ok_or(MiotCode::NOT_FOUND)?;
        Ok(Some((status == "on" || status == "close").into()))
    }

    fn write_status(&mut self, sid: Sid, item: &Value) -> Result<Option<Value>, MiotCode> {
        let on = item.get("value").and_then(Value::as_bool).ok_or(MiotCode::BAD_VALUE)?;
        let status = if on { "on" } else { "off" };
        self.carry_out(sid, &Map::from_iter([("status".to_owned(), status.into())]))?;
        Ok(None)
    }

    /// Writes as over the LAN, and tells the LAN of it.
    fn carry_out(&mut self, sid: Sid, values: &Map<String, Value>) -> Result<(), MiotCode> {
        let child = self.find_mut(sid).ok_or(MiotCode::NOT_FOUND)?;
        let done = Child::write_all(child, values).ok_or(MiotCode::NOT_WRITABLE)?;
        count(self.report.executions.entry(sid).or_default());
        self.tell(sid, done);
        Ok(())
    }
}

fn unknown_method() -> DeviceError {
    DeviceError::new(Some(-32601), "Method not found.")
}

fn bad_argument() -> DeviceError {
    DeviceError::new(Some(-5001), "invalid_arg")
}

/// The number of a child's kind.
const KIND: u32 = 19;
