//! What the device does when it is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{ActionId, MiotCode, Piid, PropertyId};
use iot_home_miio::DeviceError;
use serde_json::{Map, Value, json};

use crate::miio::answer::ok;
use crate::miio::builder::DidPolicy;
use crate::miio::faults::{Beyond, Faults};
use crate::miio::properties::{Properties, PropertyName};
use crate::miio::quirk::Quirk;
use crate::miio::spec::{Action, Effect, Service};

/// A method of one's own.
#[derive(Clone)]
pub(crate) struct Method(Arc<Run>);

type Run = dyn Fn(&mut Properties, &Value) -> Result<Value, DeviceError> + Send + Sync;

impl Method {
    pub(crate) fn new(
        run: impl Fn(&mut Properties, &Value) -> Result<Value, DeviceError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(run))
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Method")
    }
}

/// The device behind its network module.
#[derive(Debug)]
pub(crate) struct Appliance {
    pub(crate) did: u64,
    pub(crate) info: Map<String, Value>,
    pub(crate) properties: Properties,
    pub(crate) actions: BTreeMap<ActionId, Action>,
    pub(crate) methods: BTreeMap<String, Method>,
    pub(crate) unknown_property: Value,
    pub(crate) did_policy: DidPolicy,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) body: Result<Value, DeviceError>,
    /// Whether anything was done.
    pub(crate) executed: bool,
    pub(crate) exe_time: Option<u32>,
    pub(crate) delay: Duration,
    /// Set where the request named too many properties and the answer suffers from it.
    pub(crate) damage: Option<Beyond>,
}

impl Appliance {
    pub(crate) fn new(
        services: Vec<Service>,
        methods: BTreeMap<String, Method>,
        did: u64,
        info: Map<String, Value>,
        properties: Properties,
    ) -> Self {
        let mut actions = BTreeMap::new();
        for service in services {
            let id = |aiid: u32| ActionId::new(service.siid.get(), aiid);
            actions.extend(service.actions.into_iter().map(|a| (id(a.aiid.get()), a)));
        }
        let (unknown_property, did_policy) = (Value::Null, DidPolicy::default());
        Self { did, info, properties, actions, methods, unknown_property, did_policy }
    }

    pub(crate) fn policies(mut self, unknown_property: Value, did_policy: DidPolicy) -> Self {
        (self.unknown_property, self.did_policy) = (unknown_property, did_policy);
        self
    }

    pub(crate) fn call(
        &mut self,
        faults: &Faults,
        uptime: u32,
        method: &str,
        params: &Value,
    ) -> Outcome {
        let count = params.as_array().map_or(0, Vec::len);
        let limited = matches!(method, "get_properties" | "set_properties" | "get_prop");
        let beyond = limited && faults.max_properties.is_some_and(|most| count > most);
        let knows = match method {
            "get_prop" => self.properties.is_classic(),
            _ => self.properties.is_miot(),
        };
        if beyond && knows && !self.methods.contains_key(method) {
            return self.too_many(faults, method, params);
        }
        Outcome::done(self.run(faults, uptime, method, params))
    }

    fn run(
        &mut self,
        faults: &Faults,
        uptime: u32,
        method: &str,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        if let Some(method) = self.methods.get(method).cloned() {
            return (method.0)(&mut self.properties, params);
        }
        match method {
            "miIO.info" => {
                let mut info = self.info.clone();
                info.entry("life").or_insert(uptime.into());
                Ok(info.into())
            }
            "miIO.wifi_assoc_state" => Ok(json!({
                "state": "ONLINE", "auth_fail_count": 0, "conn_success_count": 1,
                "conn_fail_count": 0, "dhcp_fail_count": 0,
            })),
            "get_prop" if self.properties.is_classic() => self.get_prop(params),
            "get_properties" if self.properties.is_miot() => {
                self.each(params, |device, id, _| device.read(id))
            }
            "set_properties" if self.properties.is_miot() => self.each(params, Self::write),
            "action" if self.properties.is_miot() || !self.actions.is_empty() => {
                self.action(faults, params)
            }
            _ => match method.strip_prefix("set_").filter(|name| self.properties.has_classic(name))
            {
                Some(name) => self.set_classic(name, params),
                None => Err(unknown_method()),
            },
        }
    }

    /// `["power","bright"]` → `["on",50]`.
    fn get_prop(&self, params: &Value) -> Result<Value, DeviceError> {
        let names = params.as_array().ok_or_else(invalid_argument)?;
        let value = |name: &Value| {
            name.as_str()
                .and_then(|name| self.properties.get(PropertyName::Classic(name.into())))
                .unwrap_or_else(|| self.unknown_property.clone())
        };
        Ok(names.iter().map(value).collect())
    }

    /// `["on","smooth",500]`: only the first is looked at.
    fn set_classic(&mut self, name: &str, params: &Value) -> Result<Value, DeviceError> {
        let value = params.get(0).ok_or_else(|| DeviceError::new(Some(-5005), "params error"))?;
        let name = PropertyName::Classic(name.into());
        self.properties.set(name, value.clone())?;
        Ok(ok())
    }

    /// One answer item for each property in the request.
    fn each(
        &mut self,
        params: &Value,
        mut act: impl FnMut(&mut Self, PropertyId, &Value) -> Result<Option<Value>, MiotCode>,
    ) -> Result<Value, DeviceError> {
        let items = params.as_array().ok_or_else(bad_params)?;
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let id = PropertyId::new(number(item, "siid")?, number(item, "piid")?);
            let (did, known) = self.did_of(item);
            let outcome = if known { act(self, id, item) } else { Err(MiotCode::BAD_DID) };
            let mut result = Map::new();
            result.extend(did.map(|did| ("did".to_string(), did)));
            result.insert("siid".into(), id.siid.get().into());
            result.insert("piid".into(), id.piid.get().into());
            let code = outcome.as_ref().err().copied().unwrap_or(MiotCode::OK);
            result.insert("code".into(), code.get().into());
            if let Ok(Some(value)) = outcome {
                result.insert("value".into(), value);
            }
            results.push(result.into());
        }
        Ok(Value::Array(results))
    }

    /// The did that the answer carries, and whether the one in the request is accepted.
    fn did_of(&self, item: &Value) -> (Option<Value>, bool) {
        let own = Value::from(self.did.to_string());
        match (self.did_policy, item.get("did")) {
            (DidPolicy::Echo, sent) => (sent.cloned(), true),
            (DidPolicy::Own, _) => (Some(own), true),
            (DidPolicy::Checked, sent) => (sent.cloned(), sent == Some(&own)),
        }
    }

    fn read(&self, id: PropertyId) -> Result<Option<Value>, MiotCode> {
        let property = self.properties.miot(id).ok_or(MiotCode::NOT_FOUND)?;
        if property.readable {
            Ok(Some(property.value.clone()))
        } else {
            Err(MiotCode::NOT_READABLE)
        }
    }

    fn write(&mut self, id: PropertyId, item: &Value) -> Result<Option<Value>, MiotCode> {
        let property = self.properties.miot(id).ok_or(MiotCode::NOT_FOUND)?;
        if !property.writable {
            return Err(MiotCode::NOT_WRITABLE);
        }
        let value = item.get("value").ok_or(MiotCode::BAD_VALUE)?;
        self.properties.set(id, value.clone())?;
        Ok(None)
    }

    fn action(&mut self, faults: &Faults, params: &Value) -> Result<Value, DeviceError> {
        if !params.is_object() {
            // An array reaches the appliance, which does not know what to do with it.
            return Err(no_ack());
        }
        let id = ActionId::new(number(params, "siid")?, number(params, "aiid")?);
        let (did, known) = self.did_of(params);
        let outcome = if known { self.act(faults, id, params) } else { Err(MiotCode::BAD_DID) };
        let mut result = Map::new();
        result.extend(did.map(|did| ("did".to_string(), did)));
        result.insert("siid".into(), id.siid.get().into());
        result.insert("aiid".into(), id.aiid.get().into());
        match outcome {
            Ok(out) => {
                result.insert("code".into(), 0.into());
                result.insert("out".into(), out.into());
            }
            Err(code) => drop(result.insert("code".into(), code.get().into())),
        }
        Ok(result.into())
    }

    fn act(
        &mut self,
        faults: &Faults,
        id: ActionId,
        params: &Value,
    ) -> Result<Vec<Value>, MiotCode> {
        let action = self.actions.get(&id).ok_or(MiotCode::NOT_FOUND)?.clone();
        let property = |piid: Piid| PropertyId::new(id.siid.get(), piid.get());
        let given = match params.get("in") {
            None => &[],
            Some(given) => given.as_array().ok_or(MiotCode::BAD_INPUT)?.as_slice(),
        };
        let inputs = in_order(faults, &action.inputs, given).ok_or(MiotCode::BAD_INPUT)?;
        for (piid, value) in action.inputs.iter().zip(&inputs) {
            let known = self.properties.miot(property(*piid)).ok_or(MiotCode::BAD_INPUT)?;
            if !known.format.accepts(value) {
                return Err(MiotCode::BAD_INPUT);
            }
        }
        match action.effect {
            Effect::Return(values) => Ok(values),
            Effect::Run(run) => run(&mut self.properties, &inputs),
            Effect::Store => {
                for (piid, value) in action.inputs.iter().zip(inputs) {
                    self.properties.set(property(*piid), value)?;
                }
                let outputs = action.outputs.iter();
                Ok(outputs.filter_map(|piid| self.properties.get(property(*piid))).collect())
            }
        }
    }

    /// What a request with too many properties gets.
    fn too_many(&mut self, faults: &Faults, method: &str, params: &Value) -> Outcome {
        let mut outcome = match faults.beyond {
            Beyond::Error => {
                let exe_time = Some(4002);
                Outcome { executed: false, exe_time, ..Outcome::done(Err(no_ack())) }
            }
            Beyond::Silence => Outcome { executed: false, ..Outcome::done(Err(no_ack())) },
            Beyond::Internal if method == "get_prop" => {
                Outcome { executed: false, ..Outcome::done(Ok(json!([]))) }
            }
            Beyond::Internal => {
                let body = self.each(params, |_, _, _| Err(MiotCode::INTERNAL));
                Outcome { executed: false, ..Outcome::done(body) }
            }
            Beyond::Truncated | Beyond::BadChecksum => {
                Outcome::done(self.run(faults, 0, method, params))
            }
        };
        outcome.delay = faults.beyond_delay;
        outcome.damage = Some(faults.beyond);
        outcome
    }
}

impl Outcome {
    /// What was not done.
    pub(crate) fn refused(error: DeviceError) -> Self {
        Self { executed: false, ..Self::done(Err(error)) }
    }

    pub(crate) fn done(body: Result<Value, DeviceError>) -> Self {
        let executed = !body.as_ref().is_err_and(|error| *error == unknown_method());
        Self { body, executed, exe_time: None, delay: Duration::ZERO, damage: None }
    }
}

/// The inputs in the order of the action, from either of the two forms in use: bare values in that
/// order, or objects that name the piid of each.
fn in_order(faults: &Faults, wanted: &[Piid], given: &[Value]) -> Option<Vec<Value>> {
    if given.len() != wanted.len() {
        return None;
    }
    let piid = |item: &Value| item.as_object()?.get("piid")?.as_u64();
    let named = given.iter().filter(|item| piid(item).is_some()).count();
    let refused = if named == 0 { Quirk::PiidInputs } else { Quirk::BareInputs };
    if (1..given.len()).contains(&named) || faults.has(refused) && !given.is_empty() {
        return None;
    }
    if named == 0 {
        return Some(given.to_vec());
    }
    let value = |wanted: &Piid| {
        let mut found = given.iter().filter(|item| piid(item) == Some(wanted.get().into()));
        found.next()?.get("value").cloned()
    };
    wanted.iter().map(value).collect()
}

fn number(item: &Value, key: &str) -> Result<u32, DeviceError> {
    let number = item.get(key).and_then(Value::as_u64);
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(bad_params)
}

pub(crate) fn unknown_method() -> DeviceError {
    DeviceError::new(Some(-32601), "Method not found.")
}

pub(crate) fn bad_params() -> DeviceError {
    DeviceError::new(Some(-32602), "Invalid params.")
}

fn invalid_argument() -> DeviceError {
    DeviceError::new(Some(-5001), "invalid_arg")
}

fn no_ack() -> DeviceError {
    DeviceError::new(Some(-9999), "user ack timeout")
}
