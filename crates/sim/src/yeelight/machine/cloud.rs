//! What a bulb is told by its cloud.

use iot_home_core::{Instant, MiotCode};
use iot_home_miio::DeviceError;
use serde_json::{Map, Value, json};

use super::Machine;
use crate::yeelight::lamp::Reply;
use crate::yeelight::refusal::Refusal;
use crate::yeelight::report::count;
use crate::yeelight::request::Request;

impl Machine {
    /// Does what the cloud says, by the bulb's methods or by MIoT. The quota and LAN control are the LAN's alone.
    pub(crate) fn cloud_command(
        &mut self,
        now: Instant,
        method: &str,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        self.handle_timeout(now);
        let done = match method {
            "get_properties" => each(params, |item| self.read(item)),
            "set_properties" => each(params, |item| self.write_property(now, item)),
            "action" => self.act(now, params),
            _ => match self.carry_out(now, method, params.clone()) {
                Ok(Reply::Ok) => Ok(json!(["ok"])),
                Ok(Reply::Texts(texts)) => Ok(texts.into()),
                Ok(Reply::Values(values)) => Ok(values),
                Err(refusal) => Err(error(refusal)),
            },
        };
        self.after_change(now);
        done
    }

    fn carry_out(&mut self, now: Instant, method: &str, params: Value) -> Result<Reply, Refusal> {
        count(&mut self.report.commands);
        let params = match params {
            Value::Array(params) => Some(params),
            _ => None,
        };
        let request = Request { id: 1, method: method.into(), params, token: None };
        let done = self.run(now, true, &request);
        match &done {
            Ok(_) => self.report.execution(method),
            Err(refusal) => self.refused(*refusal),
        }
        done
    }

    fn read(&self, item: &Value) -> Result<Option<Value>, MiotCode> {
        let (name, _) = self.property_of(item)?;
        let value = self.property(name).ok_or(MiotCode::NOT_FOUND)?;
        Ok(Some(if name.ends_with("power") { (value == "on").into() } else { value }))
    }

    fn write_property(&mut self, now: Instant, item: &Value) -> Result<Option<Value>, MiotCode> {
        let (name, method) = self.property_of(item)?;
        let value = match (name, item.get("value")) {
            ("power" | "main_power", Some(Value::Bool(on))) => {
                if *on { "on" } else { "off" }.into()
            }
            ("bright" | "ct" | "rgb", Some(Value::Number(number))) => Value::from(number.clone()),
            _ => return Err(MiotCode::BAD_VALUE),
        };
        let done = self.carry_out(now, method, json!([value, "sudden", 0]));
        done.map(|_| None).map_err(|refusal| match refusal {
            Refusal::Method => MiotCode::NOT_WRITABLE,
            Refusal::Type | Refusal::Range => MiotCode::BAD_VALUE,
            _ => MiotCode::INTERNAL,
        })
    }

    /// What the bulb calls a property, and the method that sets it.
    fn property_of(&self, item: &Value) -> Result<(&'static str, &'static str), MiotCode> {
        let number = |key| item.get(key).and_then(Value::as_u64);
        let (name, method) = match (number("siid"), number("piid")) {
            (Some(2), Some(1)) if self.builder.kind.background => ("main_power", "set_power"),
            (Some(2), Some(1)) => ("power", "set_power"),
            (Some(2), Some(2)) => ("bright", "set_bright"),
            (Some(2), Some(3)) => ("ct", "set_ct_abx"),
            (Some(2), Some(4)) => ("rgb", "set_rgb"),
            _ => return Err(MiotCode::NOT_FOUND),
        };
        self.property(name).ok_or(MiotCode::NOT_FOUND)?;
        Ok((name, method))
    }

    fn act(&mut self, now: Instant, params: &Value) -> Result<Value, DeviceError> {
        let is_toggle =
            params.get("siid") == Some(&json!(2)) && params.get("aiid") == Some(&json!(1));
        let code = match is_toggle.then(|| self.carry_out(now, "toggle", json!([]))) {
            None => MiotCode::NOT_FOUND,
            Some(Ok(_)) => MiotCode::OK,
            Some(Err(_)) => MiotCode::INTERNAL,
        };
        Ok(
            json!({ "siid": params.get("siid"), "aiid": params.get("aiid"), "code": code.get(), "out": [] }),
        )
    }
}

/// One item for each in the request.
fn each(
    params: &Value,
    mut act: impl FnMut(&Value) -> Result<Option<Value>, MiotCode>,
) -> Result<Value, DeviceError> {
    let items = params.as_array().ok_or_else(|| error(Refusal::NoArray))?;
    let item = |item: &Value| {
        let done = act(item);
        let mut result: Map<String, Value> = item.as_object().cloned().unwrap_or_default();
        result.remove("value");
        let code = done.as_ref().err().copied().unwrap_or(MiotCode::OK);
        result.insert("code".into(), code.get().into());
        result.extend(done.ok().flatten().map(|value| ("value".to_owned(), value)));
        Value::from(result)
    };
    Ok(items.iter().map(item).collect())
}

fn error(refusal: Refusal) -> DeviceError {
    let (code, message) = refusal.error();
    DeviceError::new(Some(code.into()), message)
}
