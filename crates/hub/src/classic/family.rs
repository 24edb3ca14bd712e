//! The data, and how a map is made from it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use iot_home_core::{ActionId, PropertyId};
use iot_home_miot::{Instance, Spec};
use iot_home_yeelight::{Light, Profile, model::Kind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::question::GET_PROP;
use super::wire::{Setter, Wire};
use super::{Classic, Request};

/// Models that are asked for the same things.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    about: String,
    /// Where it is known from.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the data"))]
    pub(super) source: String,
    /// The models, and how many names each takes in one `get_prop`. A `*` at the end stands for whatever follows.
    pub(super) models: BTreeMap<String, usize>,
    pub(super) properties: Vec<Item>,
    #[serde(default)]
    pub(super) actions: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// `service:property`.
    pub(super) name: String,
    /// As in MIoT-Spec; a text if nothing is said.
    #[serde(default = "text")]
    format: String,
    unit: Option<String>,
    /// `[min, max, step]`, or the name of a range that the bulb's model has.
    range: Option<Value>,
    /// As `value-list` of MIoT-Spec, and beside each value what it is on the `wire`, and what is to `send` if that differs.
    #[serde(default)]
    list: Vec<Value>,
    /// The method that asks, if it is not `get_prop`.
    ask: Option<String>,
    /// The classic names to read, the first that says something.
    #[serde(default)]
    get: Vec<String>,
    /// The method that sets it.
    pub(super) set: Option<String>,
    /// Its parameters, `["$"]` if nothing is said.
    params: Option<Vec<Value>>,
    /// The method that switches it on, where there is one each.
    pub(super) on: Option<String>,
    off: Option<String>,
    /// What false and true are on the wire; `off` and `on` if nothing is said.
    wire: Option<(Value, Value)>,
    /// How many of the device's units make one.
    pub(super) divide: Option<f64>,
    /// The models that have it, or have it not.
    #[serde(default)]
    pub(super) only: Vec<String>,
    #[serde(default)]
    pub(super) not: Vec<String>,
    needs: Option<Need>,
    /// What it tells has happened, and happens again with the same value.
    #[serde(default)]
    event: bool,
}

/// An action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// `service:action`.
    name: String,
    method: String,
    #[serde(default)]
    params: Vec<Value>,
    needs: Option<Need>,
}

/// What a bulb needs to have.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Need {
    #[serde(rename = "one light")]
    OneLight,
    #[serde(rename = "two lights")]
    TwoLights,
    #[serde(rename = "temperature")]
    Temperature,
    #[serde(rename = "color")]
    Color,
    #[serde(rename = "night light")]
    NightLight,
}

fn text() -> String {
    "string".into()
}

const DATA: [&str; 8] = [
    include_str!("data/bulbs.json"),
    include_str!("data/fans.json"),
    include_str!("data/gateways.json"),
    include_str!("data/humidifiers.json"),
    include_str!("data/lights.json"),
    include_str!("data/plugs.json"),
    include_str!("data/purifiers.json"),
    include_str!("data/vacuums.json"),
];

/// What gateways tell of their children, by the models of their own protocol.
const LUMI: &str = include_str!("data/lumi.json");

/// Every family. A test reads each file by itself.
pub(super) fn all() -> &'static [Family] {
    static ALL: LazyLock<Vec<Family>> = LazyLock::new(|| {
        let read = |data: &&str| serde_json::from_str::<Vec<Family>>(data).unwrap_or_default();
        DATA.iter().flat_map(read).collect()
    });
    &ALL
}

/// Every sort of children.
pub(super) fn lumi() -> &'static [Family] {
    static ALL: LazyLock<Vec<Family>> =
        LazyLock::new(|| serde_json::from_str(LUMI).unwrap_or_default());
    &ALL
}

/// The family that names the model, or the longest beginning of it.
pub(super) fn of_model(model: &str) -> Option<Classic> {
    best(all(), model)
}

/// The sort of children that the model is of. The cloud puts `lumi.` before it.
pub(super) fn of_lumi(model: &str) -> Option<Classic> {
    best(lumi(), model.strip_prefix("lumi.").unwrap_or(model))
}

fn best(families: &'static [Family], model: &str) -> Option<Classic> {
    let fits = |(known, limit): (&String, &usize)| {
        let exact = known == model;
        let begins = known.strip_suffix('*').is_some_and(|start| model.starts_with(start));
        (exact || begins).then_some((exact, known.len(), *limit))
    };
    let best = |family: &'static Family| {
        let fit = family.models.iter().filter_map(fits).max()?;
        Some((fit, family))
    };
    let ((_, _, limit), family) = families.iter().filter_map(best).max_by_key(|(fit, _)| *fit)?;
    family.build(model, limit, &Profile::of_model(model))
}

/// The family of bulbs.
pub(super) fn of_bulb(profile: &Profile) -> Option<Classic> {
    let (limit, family) = all()
        .iter()
        .find_map(|family| family.models.get("yeelink.light.*").map(|limit| (*limit, family)))?;
    family.build(profile.model().unwrap_or_default(), limit, profile)
}

impl Family {
    fn build(&self, model: &str, limit: usize, profile: &Profile) -> Option<Classic> {
        let mut services = Services::default();
        let mut wires = BTreeMap::new();
        let mut actions = BTreeMap::new();
        for (item, iid) in self.properties.iter().zip(1_u32..) {
            if item.is_of(model) && item.needs.is_none_or(|need| need.is_met(profile)) {
                services.put("properties", &item.name, item.property(iid, profile));
                wires.insert(PropertyId::new(0, iid), item.wire());
            }
        }
        for (run, iid) in self.actions.iter().zip(1_u32..) {
            if run.needs.is_none_or(|need| need.is_met(profile)) {
                let action = json!({"iid": iid, "type": urn("action", &run.name)});
                services.put("actions", &run.name, action);
                let request = Request::new(&run.method, run.params.clone());
                actions.insert(ActionId::new(0, iid), request);
            }
        }
        let instance = json!({"description": self.about, "services": services.0});
        let spec = Spec::new(Instance::from_value(instance).ok()?);
        Some(Classic { spec, wires, actions, limit })
    }
}

impl Item {
    fn is_of(&self, model: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|known| known == model);
        (self.only.is_empty() || named(&self.only)) && !named(&self.not)
    }

    fn property(&self, iid: u32, profile: &Profile) -> Value {
        let ct = |light| {
            let (low, high) = profile.ct_range(light);
            json!([low, high, 1])
        };
        let range = match self.range.as_ref().and_then(Value::as_str) {
            Some("temperature") => Some(ct(Light::Main)),
            Some(_) => Some(ct(Light::Background)),
            None => self.range.clone(),
        };
        let mut access = Vec::new();
        if self.ask.is_some() || !self.get.is_empty() {
            access.push("read");
        }
        if self.set.is_some() || self.on.is_some() {
            access.push("write");
        }
        json!({
            "iid": iid, "type": urn("property", &self.name), "format": self.format, "access": access, "unit": self.unit,
            "value-range": range, "value-list": self.list,
        })
    }

    fn wire(&self) -> Wire {
        let set = match (&self.set, &self.on, &self.off) {
            (Some(method), ..) => Some(Setter::Value {
                method: method.clone(),
                params: self.params.clone().unwrap_or_else(|| vec!["$".into()]),
            }),
            (None, Some(on), Some(off)) => {
                Some(Setter::Switch { on: on.clone(), off: off.clone() })
            }
            _ => None,
        };
        Wire {
            ask: self.ask.clone().unwrap_or_else(|| GET_PROP.into()),
            names: self.get.clone(),
            set,
            switch: self.wire.clone().unwrap_or_else(|| ("off".into(), "on".into())),
            divide: self.divide.unwrap_or(1.0),
            is_event: self.event,
        }
    }
}

impl Need {
    /// What is not known may be there, save a second light, which few have.
    fn is_met(self, profile: &Profile) -> bool {
        let second = profile.has_background() == Some(true);
        match self {
            Self::OneLight => !second,
            Self::TwoLights => second,
            Self::Temperature => profile.kind() != Kind::White,
            Self::Color => profile.has_color(Light::Main) != Some(false),
            Self::NightLight => profile.has_night_light(),
        }
    }
}

/// The services of an instance, in the order in which they are named first.
#[derive(Default)]
struct Services(Vec<Map<String, Value>>);

impl Services {
    fn put(&mut self, kind: &str, name: &str, item: Value) {
        let urn = Value::from(urn("service", name.split(':').next().unwrap_or_default()));
        let at = self.0.iter().position(|service| service.get("type") == Some(&urn));
        let at = at.unwrap_or_else(|| {
            self.0.push(Map::from_iter([("iid".into(), 0.into()), ("type".into(), urn)]));
            self.0.len().saturating_sub(1)
        });
        let Some(service) = self.0.get_mut(at) else { return };
        let items = service.entry(kind).or_insert_with(|| json!([]));
        if let Value::Array(items) = items {
            items.push(item);
        }
    }
}

/// These types are nobody's, so their number is 0.
fn urn(kind: &str, name: &str) -> String {
    let name = name.rsplit(':').next().unwrap_or_default();
    format!("urn:iot-home:{kind}:{name}:00000000")
}
