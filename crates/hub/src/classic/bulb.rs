//! The same map over the LAN protocol of Yeelight.

use iot_home_miot::Property;
use iot_home_yeelight::error::InvalidInput;
use iot_home_yeelight::{
    Effect, Light, Method, Profile, Property as BulbProperty, PropertyValue, Rgb, State,
};
use serde_json::Value;

use super::{Classic, Request, family};

impl Classic {
    /// What a Yeelight can do that was found, or whose model is known: colour, temperatures, a second light.
    pub fn of_bulb(profile: &Profile) -> Option<Self> {
        family::of_bulb(profile)
    }

    /// The value of a property in what is known of a bulb's state.
    pub fn of_state(&self, property: &Property, state: &State) -> Option<Value> {
        let told = |name: &str| {
            Some(match state.value(&BulbProperty::from(name))? {
                PropertyValue::Number(number) => Value::from(*number),
                PropertyValue::Text(text) => Value::from(&**text),
                _ => Value::Null,
            })
        };
        self.wires.get(&property.id)?.read(property, told)
    }
}

impl Request {
    /// The same as a method of the LAN protocol, by its type where it has one. `set_ps` is none of it.
    ///
    /// # Errors
    /// When it is no method of bulbs, or its parameters are no array.
    pub fn to_bulb(&self) -> Result<Method, InvalidInput> {
        let known = self.params.as_array().and_then(|params| typed(&self.method, params));
        known.map_or_else(|| Method::raw(&self.method, &self.params.to_string()), Ok)
    }
}

fn typed(method: &str, params: &[Value]) -> Option<Method> {
    let (light, name) = match method.strip_prefix("bg_") {
        Some(name) => (Light::Background, name),
        None => (Light::Main, method),
    };
    let first = params.first();
    let number = || first?.as_u64();
    let is_sudden = params.get(1).is_none_or(|effect| effect == "sudden") && params.len() <= 3;
    let effect = Effect::Sudden;
    Some(match (name, first) {
        ("get_prop", Some(_)) if light == Light::Main => {
            let names = params.iter().map(|name| name.as_str().map(BulbProperty::from));
            Method::GetProp(names.collect::<Option<_>>()?)
        }
        ("toggle", None) => Method::Toggle(light),
        ("stop_cf", None) => Method::StopFlow(light),
        _ if !is_sudden => return None,
        ("set_power", Some(word)) if word == "on" || word == "off" => {
            Method::SetPower { light, on: word == "on", mode: None, effect }
        }
        ("set_bright", _) => {
            Method::SetBright { light, bright: number()?.try_into().ok()?, effect }
        }
        ("set_ct_abx", _) => {
            Method::SetTemperature { light, kelvin: number()?.try_into().ok()?, effect }
        }
        ("set_rgb", _) => Method::SetRgb { light, rgb: Rgb(number()?.try_into().ok()?), effect },
        _ => return None,
    })
}
