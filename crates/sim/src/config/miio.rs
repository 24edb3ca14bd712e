//! The keys of a device of the kind `miio`.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_miio::{Token, TokenError};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::miio::spec::{Action, Property, Service};
use crate::miio::{Beyond, Builder, DidPolicy, Faults, HelloToken, Quirk, Silence, SimDevice};

/// A device's keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    did: Option<String>,
    #[serde(deserialize_with = "token")]
    token: Option<Token>,
    hidden: Hidden,
    model: Option<String>,
    preset: Option<Preset>,
    info: Map<String, Value>,
    properties: Map<String, Value>,
    classic: Map<String, Value>,
    services: Vec<Value>,
    unknown_property: Value,
    did_policy: Option<Did>,
    clock: Option<u32>,
    faults: Map<String, Value>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            listen: None,
            did: None,
            token: None,
            hidden: Hidden::Yes(true),
            model: None,
            preset: None,
            info: Map::new(),
            properties: Map::new(),
            classic: Map::new(),
            services: Vec::new(),
            unknown_property: Value::Null,
            did_policy: None,
            clock: None,
            faults: Map::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, false or \"zeros\"")]
enum Hidden {
    Yes(bool),
    As(Zeros),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Zeros {
    Zeros,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    Blank,
    Light,
    Plug,
    Humidifier,
    Vacuum,
    Fan,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Did {
    Echo,
    Own,
    Checked,
}

/// The keys of `faults`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FaultKeys {
    seed: u64,
    loss: Probability,
    loss_in: Option<Probability>,
    loss_out: Option<Probability>,
    delay_ms: Option<(u64, u64)>,
    duplicate: Probability,
    reorder: Probability,
    garbage: Probability,
    id_memory: usize,
    #[serde(deserialize_with = "present")]
    stamp_window_s: Option<Option<u32>>,
    max_properties: Option<usize>,
    beyond: Option<BeyondKey>,
    beyond_delay_ms: u64,
    quirk: OneOrMore,
    silence: Option<SilenceKey>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "f64")]
struct Probability(f64);

impl TryFrom<f64> for Probability {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        let fits = (0.0..=1.0).contains(&value);
        fits.then_some(Self(value)).ok_or("a probability is a number from 0 to 1")
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BeyondKey {
    Error,
    Silence,
    Truncated,
    BadChecksum,
    Internal,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SilenceKey {
    Never,
    ToRequests,
    Total,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a quirk, or an array of names")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

/// The keys of a service, as in a MIoT-Spec instance.
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

/// Reads a device.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    // A device of which nothing is said is a lamp, so that there is something to talk to.
    let described =
        !(keys.properties.is_empty() && keys.classic.is_empty() && keys.services.is_empty());
    let mut builder = match keys.preset {
        None if described => SimDevice::builder(),
        Some(Preset::Blank) => SimDevice::builder(),
        None | Some(Preset::Light) => SimDevice::light(),
        Some(Preset::Plug) => SimDevice::plug(),
        Some(Preset::Humidifier) => SimDevice::humidifier(),
        Some(Preset::Vacuum) => SimDevice::vacuum(),
        Some(Preset::Fan) => SimDevice::fan(),
    };
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    if let Some(did) = keys.did {
        let wrong =
            |_| ConfigError::new("did", "is a decimal number of up to 64 bits, as a string");
        builder = builder.did(did.parse().map_err(wrong)?);
    }
    if let Some(token) = keys.token {
        builder = builder.token(token);
    }
    if let Some(model) = keys.model {
        builder = builder.model(model);
    }
    if let Some(first) = keys.clock {
        builder = builder.clock(clock(first));
    }
    builder = builder
        .hello(match keys.hidden {
            Hidden::Yes(true) => HelloToken::Hidden,
            Hidden::Yes(false) => HelloToken::Shown,
            Hidden::As(Zeros::Zeros) => HelloToken::HiddenAsZeros,
        })
        .unknown_property(keys.unknown_property)
        .did_policy(match keys.did_policy {
            None | Some(Did::Echo) => DidPolicy::Echo,
            Some(Did::Own) => DidPolicy::Own,
            Some(Did::Checked) => DidPolicy::Checked,
        })
        .faults(faults(keys.faults).map_err(|error| error.within("faults"))?);
    for (at, service) in keys.services.into_iter().enumerate() {
        let path = format!("services[{at}]");
        builder = builder.service(service_of(service).map_err(|error| error.within(&path))?);
    }
    for (key, value) in keys.info {
        builder = builder.info(key, value);
    }
    for (name, value) in keys.classic {
        builder = builder.property(crate::miio::PropertyName::Classic(name), value);
    }
    for (name, value) in keys.properties {
        builder = builder.property(name, value);
    }
    // What does not fit together is told here, where the device can be named.
    builder.clone().build().map_err(|error| ConfigError::new("", error))?;
    Ok(builder)
}

fn clock(first: u32) -> crate::miio::DeviceClock {
    match first {
        0 => crate::miio::DeviceClock::Unset,
        first => crate::miio::DeviceClock::From(first),
    }
}

fn faults(fields: Map<String, Value>) -> Result<Faults, ConfigError> {
    let keys: FaultKeys = read_keys(fields)?;
    let mut faults = Faults::seed(keys.seed)
        .loss_in(keys.loss_in.unwrap_or(keys.loss).0)
        .loss_out(keys.loss_out.unwrap_or(keys.loss).0)
        .duplicate(keys.duplicate.0)
        .reorder(keys.reorder.0)
        .garbage(keys.garbage.0)
        .id_memory(keys.id_memory)
        .beyond_delay(Duration::from_millis(keys.beyond_delay_ms))
        .beyond(match keys.beyond {
            None | Some(BeyondKey::Error) => Beyond::Error,
            Some(BeyondKey::Silence) => Beyond::Silence,
            Some(BeyondKey::Truncated) => Beyond::Truncated,
            Some(BeyondKey::BadChecksum) => Beyond::BadChecksum,
            Some(BeyondKey::Internal) => Beyond::Internal,
        })
        .silence(match keys.silence {
            None | Some(SilenceKey::Never) => Silence::Never,
            Some(SilenceKey::ToRequests) => Silence::ToRequests,
            Some(SilenceKey::Total) => Silence::Total,
        });
    if let Some((low, high)) = keys.delay_ms {
        if low > high {
            return Err(ConfigError::new("delay_ms", "the first number is the smaller one"));
        }
        faults = faults.delay(Duration::from_millis(low)..=Duration::from_millis(high));
    }
    match keys.stamp_window_s {
        None => {}
        Some(None) => faults = faults.any_stamp(),
        Some(Some(seconds)) => faults = faults.stamp_window(Duration::from_secs(seconds.into())),
    }
    if let Some(most) = keys.max_properties {
        faults = faults.max_properties(most);
    }
    let quirks = match keys.quirk {
        OneOrMore::One(name) => vec![name],
        OneOrMore::More(names) => names,
    };
    for name in quirks {
        let quirk: Quirk = name
            .parse()
            .map_err(|error| ConfigError::new("quirk", format!("`{name}`: {error}")))?;
        faults = faults.quirk(quirk);
    }
    Ok(faults)
}

fn service_of(service: Value) -> Result<Service, ConfigError> {
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

/// A token; the text itself never gets into the error.
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        _ => return Err(D::Error::custom("a token is a string of 32 hexadecimal digits")),
    };
    text.parse().map(Some).map_err(|error: TokenError| D::Error::custom(error))
}

/// Tells `null` from a key that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

const RANGE: &str = "is [lowest, highest, step]";
const FORMATS: &str = "is one of bool, string, float, int8 to int64, uint8 to uint64; \
                       only the last two kinds have a value-list, and bool and string have no range";
