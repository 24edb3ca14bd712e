//! A gateway and its children.

use std::collections::BTreeMap;

use iot_home_miio::DeviceError;
use serde_json::{Value, json};

use crate::miio::answer::ok;
use crate::miio::builder::{BuildError, Builder};
use crate::miio::faults::Faults;
use crate::miio::methods::{Appliance, Outcome, unknown_method};
use crate::miio::report::{Report, count};

/// How a gateway lists its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildList {
    /// `get_device_prop ["lumi.0","device_list"]` gives five items for each, the gateway itself first: gateways
    /// of the second and third generation.
    Flat,
    /// `get_device_list []` gives an object for each: `lumi.gateway.mgl03`.
    Objects,
    /// Not at all: `lumi.gateway.mieu01`.
    None,
}

/// A child of a gateway: a device without a network of its own.
#[derive(Clone, Debug)]
pub struct Child {
    sid: String,
    type_id: u32,
    online: bool,
    firmware: String,
    device: Builder,
}

impl Child {
    /// The child with this sid, such as `lumi.158d0001`, that has this device's model, properties, actions and
    /// methods. Its classic names are those of `get_device_prop`, and its methods are called with a `sid`.
    pub fn new(sid: &str, device: Builder) -> Self {
        let sid = sid.to_owned();
        Self { sid, type_id: 19, online: true, firmware: "1.0.0".into(), device }
    }

    /// The number of its kind, in the flat list. By default 19.
    #[must_use]
    pub fn type_id(mut self, type_id: u32) -> Self {
        self.type_id = type_id;
        self
    }

    /// Out of the gateway's reach.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.online = false;
        self
    }
}

/// What makes a device a gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    list: ChildList,
    children: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    child: Child,
    appliance: Appliance,
}

impl Gateway {
    pub(crate) fn new(list: ChildList, children: Vec<Child>) -> Result<Self, BuildError> {
        let known = children.into_iter().map(|child| {
            let appliance = child.device.clone().appliance()?;
            Ok((child.sid.clone(), Known { child, appliance }))
        });
        Ok(Self { list, children: known.collect::<Result<_, BuildError>>()? })
    }

    /// Does what a request asks of a child, or of the gateway about its children. Nothing, where it asks
    /// something else.
    pub(crate) fn call(
        &mut self,
        faults: &Faults,
        uptime: u32,
        (sid, method, params): (Option<&str>, &str, &Value),
        report: &mut Report,
    ) -> Option<Outcome> {
        if let Some(sid) = sid {
            return Some(match self.children.get_mut(sid) {
                Some(known) => known.appliance.call(faults, uptime, method, params),
                None => {
                    count(&mut report.violations.unknown_child);
                    Outcome::done(Err(no_device()))
                }
            });
        }
        if matches!(method, "get_properties" | "set_properties" | "action") {
            let did = params.get(0).unwrap_or(params).get("did")?.as_str()?;
            let known = self.children.get_mut(did)?;
            return Some(known.appliance.call(faults, uptime, method, params));
        }
        let asked = params.as_array().map(Vec::as_slice).unwrap_or_default();
        let body = match (method, asked) {
            ("get_device_prop", [sid, what]) if sid == "lumi.0" && what == "device_list" => {
                match self.list {
                    ChildList::Flat => Ok(self.flat()),
                    ChildList::Objects | ChildList::None => Err(unknown_method()),
                }
            }
            ("get_device_list", []) => match self.list {
                ChildList::Objects if self.children.is_empty() => Ok("no device".into()),
                ChildList::Objects => Ok(self.objects()),
                ChildList::Flat | ChildList::None => Err(unknown_method()),
            },
            ("get_device_prop", [sid, name]) => {
                self.read(sid, std::slice::from_ref(name), report).map(Value::Array)
            }
            ("get_device_prop_exp", [Value::Array(asked)]) if asked.len() > 1 => {
                let (sid, names) = asked.split_first()?;
                self.read(sid, names, report).map(|values| json!([values]))
            }
            ("get_device_prop_exp" | "get_device_prop", _) => {
                count(&mut report.violations.bad_child_request);
                Err(bad_argument())
            }
            ("set_device_prop", _) => self.write(params, report),
            _ => return None,
        };
        Some(Outcome::done(body))
    }

    /// The children's sids.
    pub(crate) fn children(&self) -> Vec<String> {
        self.children.keys().cloned().collect()
    }

    /// A child's model.
    #[cfg(feature = "micloud")]
    pub(crate) fn model(&self, sid: &str) -> Option<&str> {
        self.children.get(sid).map(|known| known.child.device.model.as_str())
    }

    /// The value of a child's property.
    #[cfg(feature = "micloud")]
    pub(crate) fn property(&self, sid: &str, name: &str) -> Option<Value> {
        self.children.get(sid)?.appliance.properties.get(name)
    }

    fn flat(&self) -> Value {
        let own: [Value; 5] = ["lumi.0".into(), 0.into(), 1.into(), 0.into(), "1.4.1".into()];
        let children = self.children.values().flat_map(|Known { child, .. }| {
            let online = u8::from(child.online);
            let [sid, firmware] =
                [&child.sid, &child.firmware].map(|text| Value::from(text.as_str()));
            [sid, child.type_id.into(), online.into(), 0.into(), firmware]
        });
        own.into_iter().chain(children).collect()
    }

    fn objects(&self) -> Value {
        let object = |Known { child, .. }: &Known| {
            json!({
                "did": child.sid,
                "model": child.device.model,
                "online": child.online,
                "fw_ver": child.firmware,
            })
        };
        self.children.values().map(object).collect()
    }

    fn read(
        &self,
        sid: &Value,
        names: &[Value],
        report: &mut Report,
    ) -> Result<Vec<Value>, DeviceError> {
        let Some(known) = sid.as_str().and_then(|sid| self.children.get(sid)) else {
            count(&mut report.violations.unknown_child);
            return Err(no_device());
        };
        let read = |name: &Value| {
            let value = known.appliance.properties.get(name.as_str()?);
            Some(value.unwrap_or_else(|| known.appliance.unknown_property.clone()))
        };
        let values: Option<Vec<_>> = names.iter().map(read).collect();
        values.ok_or_else(|| {
            count(&mut report.violations.bad_child_request);
            bad_argument()
        })
    }

    /// `{"sid":"lumi.158d0001","neutral_0":"on"}`
    fn write(&mut self, params: &Value, report: &mut Report) -> Result<Value, DeviceError> {
        let sid = params.get("sid").and_then(Value::as_str);
        let values = params.as_object().filter(|params| params.len() == 2);
        let (Some(sid), Some(values)) = (sid, values) else {
            count(&mut report.violations.bad_child_request);
            return Err(bad_argument());
        };
        let Some(known) = self.children.get_mut(sid) else {
            count(&mut report.violations.unknown_child);
            return Err(no_device());
        };
        for (name, value) in values.iter().filter(|(name, _)| *name != "sid") {
            if !known.appliance.properties.has_classic(name) {
                return Err(bad_argument());
            }
            known.appliance.properties.set(name.as_str(), value.clone())?;
        }
        Ok(ok())
    }
}

fn no_device() -> DeviceError {
    DeviceError::new(Some(-4001), "no such device")
}

fn bad_argument() -> DeviceError {
    DeviceError::new(Some(-5001), "invalid_arg")
}
