//! The keys of a service, as in a MIoT-Spec instance.

use serde::Deserialize;
use serde_json::Value;

use crate::config::ConfigError;
use crate::miio::{Action, Property, Service};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ServiceKeys {
    iid: u32,
    #[serde(rename = "type")]
    _type: Option<Value>,
    #[serde(rename = "description")]
    _description: Option<Value>,
    #[serde(rename = "events")]
    _events: Option<Value>,
    #[serde(default)]
    properties: Vec<PropertyKeys>,
    #[serde(default)]
    actions: Vec<ActionKeys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PropertyKeys {
    iid: u32,
    #[serde(rename = "type")]
    _type: Option<Value>,
    #[serde(rename = "description")]
    _description: Option<Value>,
    #[serde(rename = "unit")]
    _unit: Option<Value>,
    #[serde(rename = "gatt-access")]
    _gatt_access: Option<Value>,
    #[serde(rename = "source")]
    _source: Option<Value>,
    format: String,
    access: Option<Vec<Access>>,
    value_range: Option<(Value, Value, Value)>,
    value_list: Option<Vec<Listed>>,
    max_length: Option<usize>,
    value: Option<Value>,
    classic: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Access {
    Read,
    Write,
    Notify,
}

#[derive(Deserialize)]
struct Listed {
    value: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ActionKeys {
    iid: u32,
    #[serde(rename = "type")]
    _type: Option<Value>,
    #[serde(rename = "description")]
    _description: Option<Value>,
    #[serde(rename = "in", default)]
    inputs: Vec<u32>,
    #[serde(rename = "out", default)]
    outputs: Vec<u32>,
    /// What it returns always.
    returns: Option<Vec<Value>>,
}

/// Reads a service.
pub(super) fn read(service: Value) -> Result<Service, ConfigError> {
    let keys: ServiceKeys =
        serde_json::from_value(service).map_err(|error| ConfigError::new("", error))?;
    let mut service = Service::new(keys.iid);
    for property in keys.properties {
        let path = format!("properties[iid {}]", property.iid);
        service = service.property(property_of(property).map_err(|error| error.within(&path))?);
    }
    for action in keys.actions {
        let mut made = Action::new(action.iid).inputs(action.inputs).outputs(action.outputs);
        if let Some(values) = action.returns {
            made = made.returns(values);
        }
        service = service.action(made);
    }
    Ok(service)
}

fn property_of(keys: PropertyKeys) -> Result<Property, ConfigError> {
    let wrong = |key: &str, problem: &str| ConfigError::new(key, problem);
    let mut property = match (keys.format.as_str(), keys.value_list, keys.value_range) {
        ("bool", None, None) => Property::bool(keys.iid),
        ("string", None, None) => Property::text(keys.iid, keys.max_length.unwrap_or(usize::MAX)),
        ("float", None, range) => {
            let (low, high, _) = range.unwrap_or((f64::MIN.into(), f64::MAX.into(), 0.into()));
            match (low.as_f64(), high.as_f64()) {
                (Some(low), Some(high)) if low <= high => Property::float(keys.iid, low..=high),
                _ => return Err(wrong("value-range", RANGE)),
            }
        }
        (format, list, range) => {
            let (least, most) = bounds(format).ok_or_else(|| wrong("format", FORMATS))?;
            match (list, range) {
                (Some(list), None) => {
                    Property::choice(keys.iid, list.into_iter().map(|listed| listed.value))
                }
                (None, range) => {
                    let range = range.unwrap_or((least.into(), most.into(), 1.into()));
                    let (low, high, step) = range;
                    match (low.as_i64(), high.as_i64(), step.as_u64().map(u32::try_from)) {
                        (Some(low), Some(high), Some(Ok(step @ 1..))) if low <= high => {
                            Property::integer(keys.iid, low..=high).step(step)
                        }
                        _ => return Err(wrong("value-range", RANGE)),
                    }
                }
                (Some(_), Some(_)) => {
                    return Err(wrong("value-list", "stands beside a value-range; one will do"));
                }
            }
        }
    };
    if let Some(access) = keys.access {
        if !access.contains(&Access::Read) {
            property = property.write_only();
        }
        if !access.contains(&Access::Write) {
            property = property.read_only();
        }
    }
    if let Some(value) = keys.value {
        property = property.value(value);
    }
    if let Some(name) = keys.classic {
        property = property.classic(name);
    }
    Ok(property)
}

/// The range of MIoT-Spec's whole-number formats.
fn bounds(format: &str) -> Option<(i64, i64)> {
    Some(match format {
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" => (0, i64::MAX),
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => (i64::MIN, i64::MAX),
        _ => return None,
    })
}

const RANGE: &str = "is [lowest, highest, step]";
const FORMATS: &str = "is one of bool, string, float, int8 to int64, uint8 to uint64; \
                       only the last two kinds have a value-list, and bool and string have no range";
