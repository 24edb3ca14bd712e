//! Properties: what a bulb tells of itself, by name.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The name of a property. Names that this crate does not know are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Property {
    /// `power`, `on` or `off`. On lamps with two lights it covers both.
    Power,
    /// `main_power`: the main light alone, on lamps with two.
    MainPower,
    /// `bright`, 1 to 100 percent; kept while the light is off.
    Bright,
    /// `ct`, kelvin.
    Ct,
    /// `rgb`, 0xRRGGBB as a number.
    Rgb,
    /// `hue`, 0 to 359 degrees.
    Hue,
    /// `sat`, 0 to 100 percent.
    Sat,
    /// `color_mode`: 1 rgb, 2 colour temperature, 3 hue and saturation.
    ColorMode,
    /// `flowing`: 1 while a colour flow runs.
    Flowing,
    /// `flow_params`: the flow that runs, or ran last.
    FlowParams,
    /// `delayoff`: minutes until the timer switches the light off, 0 without one.
    DelayOff,
    /// `music_on`: 1 in music mode.
    MusicOn,
    /// `name`, as stored in the bulb.
    Name,
    /// `nl_br`: brightness of the night light.
    NlBr,
    /// `active_mode`: 0 daylight, 1 night light.
    ActiveMode,
    /// `active_bright`: brightness of the active mode.
    ActiveBright,
    /// `bg_power`.
    BgPower,
    /// `bg_bright`.
    BgBright,
    /// `bg_ct`.
    BgCt,
    /// `bg_rgb`.
    BgRgb,
    /// `bg_hue`.
    BgHue,
    /// `bg_sat`.
    BgSat,
    /// `bg_lmode`: the second light's colour mode.
    BgLmode,
    /// `bg_flowing`.
    BgFlowing,
    /// `bg_flow_params`.
    BgFlowParams,
    /// `lan_ctrl`: 1 while the bulb may be controlled over the LAN.
    LanCtrl,
    /// `save_state`: 1 while the bulb stores its state as the one to start with.
    SaveState,
    /// Any other.
    Other(Box<str>),
}

/// Every known property with its name on the wire.
const NAMES: [(Property, &str); 27] = [
    (Property::Power, "power"),
    (Property::MainPower, "main_power"),
    (Property::Bright, "bright"),
    (Property::Ct, "ct"),
    (Property::Rgb, "rgb"),
    (Property::Hue, "hue"),
    (Property::Sat, "sat"),
    (Property::ColorMode, "color_mode"),
    (Property::Flowing, "flowing"),
    (Property::FlowParams, "flow_params"),
    (Property::DelayOff, "delayoff"),
    (Property::MusicOn, "music_on"),
    (Property::Name, "name"),
    (Property::NlBr, "nl_br"),
    (Property::ActiveMode, "active_mode"),
    (Property::ActiveBright, "active_bright"),
    (Property::BgPower, "bg_power"),
    (Property::BgBright, "bg_bright"),
    (Property::BgCt, "bg_ct"),
    (Property::BgRgb, "bg_rgb"),
    (Property::BgHue, "bg_hue"),
    (Property::BgSat, "bg_sat"),
    (Property::BgLmode, "bg_lmode"),
    (Property::BgFlowing, "bg_flowing"),
    (Property::BgFlowParams, "bg_flow_params"),
    (Property::LanCtrl, "lan_ctrl"),
    (Property::SaveState, "save_state"),
];

impl Property {
    /// All that have a name here, in the order of the protocol's table.
    pub fn known() -> impl ExactSizeIterator<Item = Self> {
        NAMES.iter().map(|(property, _)| property.clone())
    }

    /// Its name on the wire.
    pub fn as_str(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        NAMES.iter().find(|(known, _)| known == self).map_or("", |(_, name)| name)
    }

    fn is_text(&self) -> bool {
        use Property::{BgFlowParams, BgPower, FlowParams, MainPower, Name, Other, Power};
        matches!(self, Power | MainPower | BgPower | FlowParams | BgFlowParams | Name | Other(_))
    }
}

impl From<&str> for Property {
    fn from(name: &str) -> Self {
        let known = NAMES.iter().find(|(_, known)| *known == name);
        known.map_or_else(|| Self::Other(name.into()), |(property, _)| property.clone())
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Property {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The value of a property. Bulbs write numbers as numbers in notifications and as text in answers;
/// here a number is a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum PropertyValue {
    /// The bulb does not have the property. On the wire an empty text.
    Unsupported,
    /// A number.
    Number(i64),
    /// A text, `on` and `off` among them; of an unknown property whatever it holds.
    Text(Box<str>),
}

impl PropertyValue {
    /// Reads what stands in an answer or a notification.
    pub fn from_json(property: &Property, value: &Value) -> Self {
        match value {
            Value::Null => Self::Unsupported,
            Value::String(text) => Self::from_text(property, text),
            Value::Number(number) => match number.as_i64() {
                // Some firmware pushes a switch as a number.
                Some(on @ (0 | 1)) if is_switch(property) => {
                    Self::Text(if on == 1 { "on" } else { "off" }.into())
                }
                Some(number) => Self::Number(number),
                None => Self::Text(number.to_string().into()),
            },
            other => Self::Text(other.to_string().into()),
        }
    }

    /// Reads what stands in a search answer.
    pub fn from_text(property: &Property, text: &str) -> Self {
        if text.is_empty() && *property != Property::Name {
            return Self::Unsupported;
        }
        let number = if property.is_text() { None } else { text.trim().parse().ok() };
        number.map_or_else(|| Self::Text(text.into()), Self::Number)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// `on` and 1 are true, `off` and 0 are false.
    pub fn as_switch(&self) -> Option<bool> {
        match self {
            Self::Number(1) => Some(true),
            Self::Number(0) => Some(false),
            Self::Text(text) if **text == *"on" => Some(true),
            Self::Text(text) if **text == *"off" => Some(false),
            _ => None,
        }
    }
}

impl fmt::Display for PropertyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn is_switch(property: &Property) -> bool {
    matches!(property, Property::Power | Property::MainPower | Property::BgPower)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NAMES, Property, PropertyValue};

    #[test]
    fn names_go_both_ways_and_unknown_ones_are_kept() {
        for (property, name) in &NAMES {
            assert_eq!(property.as_str(), *name);
            assert_eq!(Property::from(*name), *property);
        }
        let segment = Property::from("segment_rgb");
        assert_eq!((segment.as_str(), segment == Property::Rgb), ("segment_rgb", false));
    }

    #[test]
    fn numbers_are_numbers_however_they_are_written() {
        let read = |name: &str, value| PropertyValue::from_json(&Property::from(name), &value);
        assert_eq!(read("bright", json!("50")), PropertyValue::Number(50));
        assert_eq!(read("bright", json!(50)), PropertyValue::Number(50));
        assert_eq!(read("bright", json!("")), PropertyValue::Unsupported);
        assert_eq!(read("bright", json!("dim")), PropertyValue::Text("dim".into()));
        assert_eq!(read("power", json!("on")).as_switch(), Some(true));
        assert_eq!(read("power", json!(0)).as_switch(), Some(false));
        assert_eq!(read("flowing", json!(1)).as_switch(), Some(true));
        assert_eq!(read("name", json!("12")), PropertyValue::Text("12".into()));
        assert_eq!(read("name", json!("")), PropertyValue::Text("".into()));
        assert_eq!(read("new_thing", json!("12")), PropertyValue::Text("12".into()));
        assert_eq!(read("new_thing", json!(12)), PropertyValue::Number(12));
        assert_eq!(read("new_thing", json!([1])), PropertyValue::Text("[1]".into()));
        assert_eq!(read("rgb", json!(1.5)), PropertyValue::Text("1.5".into()));
    }
}
