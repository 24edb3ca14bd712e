//! What a bulb tells of itself, for programs and for people.

use iot_home::yeelight::{Color, Light, Property, PropertyValue, State, name};
use serde_json::Value;

use crate::ordered::Ordered;

/// A property's value, the name decoded.
pub(super) struct Told<'a>(pub(super) &'a Property, pub(super) &'a PropertyValue);

impl Told<'_> {
    /// A number, a text, or null where the bulb does not have the property.
    pub(super) fn json(&self) -> Value {
        match (self.0, self.1) {
            (Property::Name, PropertyValue::Text(text)) => Value::from(&*name::decode(text)),
            (_, PropertyValue::Number(number)) => (*number).into(),
            (_, PropertyValue::Text(text)) => Value::from(&**text),
            _ => Value::Null,
        }
    }

    /// The same in words and with units; nothing where the bulb does not have the property.
    pub(super) fn text(&self) -> Option<String> {
        match self.1 {
            PropertyValue::Unsupported => None,
            PropertyValue::Number(number) => Some(number_text(self.0, *number)),
            _ => match self.json() {
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            },
        }
    }
}

fn number_text(property: &Property, number: i64) -> String {
    use Property::{
        ActiveBright, ActiveMode, BgBright, BgCt, BgFlowing, BgHue, BgLmode, BgRgb, BgSat, Bright,
        ColorMode, Ct, DelayOff, Flowing, Hue, LanCtrl, MusicOn, NlBr, Rgb, Sat, SaveState,
    };
    let word = match (property, number) {
        (ColorMode | BgLmode, 1) => "rgb",
        (ColorMode | BgLmode, 2) => "ct",
        (ColorMode | BgLmode, 3) => "hsv",
        (Flowing | BgFlowing, 0) => "no",
        (Flowing | BgFlowing, 1) => "yes",
        (MusicOn | LanCtrl | SaveState, 0) => "off",
        (MusicOn | LanCtrl | SaveState, 1) => "on",
        (ActiveMode, 0) => "daylight",
        (ActiveMode, 1) => "night light",
        (DelayOff, 0) => "no timer",
        (Rgb | BgRgb, _) => return format!("{number:06x}"),
        (Ct | BgCt, _) => return format!("{number} K"),
        (Hue | BgHue, _) => return format!("{number}°"),
        (DelayOff, _) => return format!("{number} min"),
        (Bright | BgBright | NlBr | ActiveBright | Sat | BgSat, _) => return format!("{number} %"),
        _ => return number.to_string(),
    };
    word.into()
}

/// Properties as an object, in the order given.
pub(crate) fn object<'a>(
    properties: impl IntoIterator<Item = &'a (Property, PropertyValue)>,
) -> Ordered {
    let told = properties.into_iter();
    Ordered::Object(
        told.map(|(property, value)| {
            (property.as_str().to_owned(), Told(property, value).json().into())
        })
        .collect(),
    )
}

/// How the light is, in a few words.
pub(crate) fn light(state: &State) -> String {
    let on = match state.is_on(Light::Main) {
        Some(true) => "on",
        Some(false) => "off",
        None => "?",
    };
    let bright = state.brightness(Light::Main).map(|percent| format!(", {percent} %"));
    let color = match state.color(Light::Main) {
        // Lamps of one white send zeroes.
        None | Some(Color::Temperature(0)) => None,
        Some(Color::Rgb(rgb)) => Some(format!(", {:06x}", rgb.0)),
        Some(Color::Temperature(kelvin)) => Some(format!(", {kelvin} K")),
        Some(Color::Hsv { hue, sat }) => Some(format!(", {hue}° {sat} %")),
        Some(_) => None,
    };
    format!("{on}{}{}", bright.unwrap_or_default(), color.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use iot_home::yeelight::{Property, PropertyValue, State};
    use serde_json::json;

    use super::{Told, light, object};

    #[test]
    fn values_for_programs_and_for_people() {
        let told = |name: &str, value: PropertyValue| {
            let property = Property::from(name);
            let told = Told(&property, &value);
            (told.json(), told.text())
        };
        let text = |text: &str| PropertyValue::Text(text.into());
        assert_eq!(told("rgb", PropertyValue::Number(255)), (json!(255), Some("0000ff".into())));
        assert_eq!(told("bright", PropertyValue::Number(5)), (json!(5), Some("5 %".into())));
        assert_eq!(told("power", text("on")), (json!("on"), Some("on".into())));
        assert_eq!(told("name", text("5Lit5paH")), (json!("中文"), Some("中文".into())));
        assert_eq!(told("other", text("5Lit5paH")).0, json!("5Lit5paH"));
        assert_eq!(told("music_on", PropertyValue::Number(0)), (json!(0), Some("off".into())));
        assert_eq!(told("color_mode", PropertyValue::Number(9)), (json!(9), Some("9".into())));
        assert_eq!(told("bg_power", PropertyValue::Unsupported), (json!(null), None));
    }

    #[test]
    fn an_object_keeps_the_order() {
        let properties = [
            (Property::Power, PropertyValue::Text("on".into())),
            (Property::Bright, PropertyValue::Number(7)),
            (Property::from("a"), PropertyValue::Unsupported),
        ];
        let text = object(&properties).to_string();
        assert_eq!(text, r#"{"power":"on","bright":7,"a":null}"#);
    }

    #[test]
    fn a_light_in_a_few_words() {
        let state = |values: &[(&str, &str)]| {
            let mut state = State::default();
            state.merge(values.iter().map(|(name, value)| {
                let property = Property::from(*name);
                let value = PropertyValue::from_text(&property, value);
                (property, value)
            }));
            light(&state)
        };
        let white = [("power", "on"), ("bright", "40"), ("color_mode", "2"), ("ct", "4000")];
        assert_eq!(state(&white), "on, 40 %, 4000 K");
        let mono = [("power", "off"), ("bright", "40"), ("color_mode", "2"), ("ct", "0")];
        assert_eq!(state(&mono), "off, 40 %");
        assert_eq!(state(&[("color_mode", "1"), ("rgb", "255")]), "?, 0000ff");
        assert_eq!(state(&[("color_mode", "3"), ("hue", "9"), ("sat", "5")]), "?, 9° 5 %");
    }
}
