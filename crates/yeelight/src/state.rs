//! What is known of a bulb's state, from search answers, answers and notifications alike.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::Serialize;

use crate::color::{Color, ColorMode, Light, Rgb};
use crate::flow::Flow;
use crate::property::{Properties, Property, PropertyValue};

/// A bulb's properties, as last heard. Properties that this crate does not know are kept by name.
///
/// ```
/// use iot_home_yeelight::{Light, Property, PropertyValue, State};
///
/// let mut state = State::default();
/// state.merge([
///     (Property::Power, PropertyValue::Text("on".into())),
///     (Property::Bright, PropertyValue::Number(40)),
/// ]);
/// assert_eq!(state.is_on(Light::Main), Some(true));
/// assert_eq!(state.effective_brightness(), Some(40));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct State {
    values: BTreeMap<Property, PropertyValue>,
}

impl State {
    /// Takes over what was heard. Returns what is new by it, in the order given.
    pub fn merge(
        &mut self,
        heard: impl IntoIterator<Item = (Property, PropertyValue)>,
    ) -> Properties {
        let mut changed = Vec::new();
        for (property, value) in heard {
            if self.values.get(&property) == Some(&value) {
                continue;
            }
            // A bulb that makes up names must not fill the memory.
            let is_known = self.values.contains_key(&property);
            if !is_known && self.values.len() >= MAX_PROPERTIES || is_overlong(&property, &value) {
                continue;
            }
            self.values.insert(property.clone(), value.clone());
            changed.push((property, value));
        }
        changed.into_iter().collect()
    }

    /// The value of a property, if anything was heard of it.
    pub fn value(&self, property: &Property) -> Option<&PropertyValue> {
        self.values.get(property)
    }

    /// Every property that was heard of, unknown ones among them.
    pub fn iter(&self) -> impl Iterator<Item = (&Property, &PropertyValue)> {
        self.values.iter()
    }

    /// Whether nothing was heard yet.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether this light is on. For the main light of a lamp with two it is `main_power` that tells,
    /// since `power` covers both.
    pub fn is_on(&self, light: Light) -> Option<bool> {
        match light {
            Light::Main => {
                self.switch(&Property::MainPower).or_else(|| self.switch(&Property::Power))
            }
            Light::Background => self.switch(&Property::BgPower),
        }
    }

    /// Brightness in percent, as set; it is kept while the light is off.
    pub fn brightness(&self, light: Light) -> Option<u8> {
        self.number(match light {
            Light::Main => &Property::Bright,
            Light::Background => &Property::BgBright,
        })
    }

    /// The brightness that the main light has at this moment: 0 when it is off, that of the night
    /// light while this is active.
    pub fn effective_brightness(&self) -> Option<u8> {
        if !self.is_on(Light::Main)? {
            return Some(0);
        }
        if self.is_night_light() == Some(true) {
            return self.number(&Property::NlBr).or_else(|| self.number(&Property::ActiveBright));
        }
        self.brightness(Light::Main)
    }

    /// Whether the night light is active; not known on lamps without one.
    pub fn is_night_light(&self) -> Option<bool> {
        let mode = self.values.get(&Property::ActiveMode).and_then(PropertyValue::as_number);
        // Some lamps have no modes and show it by a brightness of the night light alone.
        mode.map(|mode| mode == 1).or_else(|| Some(self.number::<i64>(&Property::NlBr)? > 0))
    }

    /// Which colour shines.
    pub fn color_mode(&self, light: Light) -> Option<ColorMode> {
        let property = match light {
            Light::Main => &Property::ColorMode,
            Light::Background => &Property::BgLmode,
        };
        ColorMode::from_number(self.values.get(property)?.as_number()?)
    }

    /// The colour that shines.
    pub fn color(&self, light: Light) -> Option<Color> {
        Some(match self.color_mode(light)? {
            ColorMode::Rgb => Color::Rgb(self.rgb(light)?),
            ColorMode::Temperature => Color::Temperature(self.temperature(light)?),
            ColorMode::Hsv => {
                let (hue, sat) = match light {
                    Light::Main => (&Property::Hue, &Property::Sat),
                    Light::Background => (&Property::BgHue, &Property::BgSat),
                };
                Color::Hsv { hue: self.number(hue)?, sat: self.number(sat)? }
            }
        })
    }

    /// The colour last set as RGB.
    pub fn rgb(&self, light: Light) -> Option<Rgb> {
        let rgb = self.number(match light {
            Light::Main => &Property::Rgb,
            Light::Background => &Property::BgRgb,
        })?;
        (rgb <= 0xff_ffff).then_some(Rgb(rgb))
    }

    /// The colour temperature last set, in kelvin.
    pub fn temperature(&self, light: Light) -> Option<u16> {
        self.number(match light {
            Light::Main => &Property::Ct,
            Light::Background => &Property::BgCt,
        })
    }

    /// Whether a colour flow runs.
    pub fn is_flowing(&self, light: Light) -> Option<bool> {
        self.switch(match light {
            Light::Main => &Property::Flowing,
            Light::Background => &Property::BgFlowing,
        })
    }

    /// The flow that runs, or ran last, if it can be read.
    pub fn flow(&self, light: Light) -> Option<Flow> {
        let property = match light {
            Light::Main => &Property::FlowParams,
            Light::Background => &Property::BgFlowParams,
        };
        self.values.get(property)?.as_text()?.parse().ok()
    }

    /// Minutes until the light goes off by its timer; 0 without one.
    pub fn minutes_left(&self) -> Option<u16> {
        self.number(&Property::DelayOff)
    }

    /// Whether the bulb is in music mode.
    pub fn is_music(&self) -> Option<bool> {
        self.switch(&Property::MusicOn)
    }

    /// The bulb's name, decoded.
    pub fn name(&self) -> Option<alloc::borrow::Cow<'_, str>> {
        self.values.get(&Property::Name)?.as_text().map(crate::name::decode)
    }

    fn switch(&self, property: &Property) -> Option<bool> {
        self.values.get(property)?.as_switch()
    }

    fn number<T: TryFrom<i64>>(&self, property: &Property) -> Option<T> {
        T::try_from(self.values.get(property)?.as_number()?).ok()
    }
}

fn is_overlong(property: &Property, value: &PropertyValue) -> bool {
    property.as_str().len() > 64 || value.as_text().is_some_and(|text| text.len() > MAX_TEXT)
}

/// Properties kept of one bulb.
const MAX_PROPERTIES: usize = 96;
/// The longest value kept; a flow of a hundred steps fits.
const MAX_TEXT: usize = 2_048;

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{MAX_PROPERTIES, State};
    use crate::color::{Color, Light, Rgb};
    use crate::property::{Property, PropertyValue};

    fn state(properties: &[(&str, &str)]) -> State {
        let mut state = State::default();
        state.merge(properties.iter().map(|(name, value)| {
            let property = Property::from(*name);
            let value = PropertyValue::from_text(&property, value);
            (property, value)
        }));
        state
    }

    #[test]
    fn the_effective_brightness_knows_off_and_night() {
        let lit = state(&[("power", "on"), ("bright", "70")]);
        assert_eq!(lit.effective_brightness(), Some(70));
        let off = state(&[("power", "off"), ("bright", "70")]);
        assert_eq!((off.effective_brightness(), off.brightness(Light::Main)), (Some(0), Some(70)));
        let night =
            state(&[("power", "on"), ("bright", "70"), ("nl_br", "12"), ("active_mode", "1")]);
        assert_eq!(night.effective_brightness(), Some(12));
        let day =
            state(&[("power", "on"), ("bright", "70"), ("nl_br", "12"), ("active_mode", "0")]);
        assert_eq!(day.effective_brightness(), Some(70));
        let without_modes =
            state(&[("power", "on"), ("bright", "70"), ("nl_br", "5"), ("active_mode", "")]);
        assert_eq!(without_modes.effective_brightness(), Some(5));
        let ambient_only = state(&[("power", "on"), ("main_power", "off"), ("bright", "70")]);
        assert_eq!(ambient_only.effective_brightness(), Some(0));
        assert_eq!(state(&[("bright", "70")]).effective_brightness(), None);
    }

    #[test]
    fn the_color_is_that_of_the_mode() {
        let all = [("ct", "4000"), ("rgb", "255"), ("hue", "300"), ("sat", "20")];
        let color = |mode| {
            let mut properties = all.to_vec();
            properties.push(("color_mode", mode));
            state(&properties).color(Light::Main)
        };
        assert_eq!(color("1"), Some(Color::Rgb(Rgb(255))));
        assert_eq!(color("2"), Some(Color::Temperature(4000)));
        assert_eq!(color("3"), Some(Color::Hsv { hue: 300, sat: 20 }));
        assert_eq!(color("9"), None);
    }

    #[test]
    fn a_merge_tells_what_is_new_and_keeps_unknown_names_within_bounds() {
        let mut state = state(&[("power", "on")]);
        let power = |text: &str| (Property::Power, PropertyValue::Text(text.into()));
        assert!(state.merge([power("on")]).is_empty());
        assert_eq!(state.merge([power("off")]), [power("off")].into_iter().collect());
        for at in 0..1000 {
            state.merge([(Property::from(&*format!("made_up_{at}")), PropertyValue::Number(1))]);
        }
        assert_eq!(state.iter().count(), MAX_PROPERTIES);
        assert_eq!(state.merge([power("on")]), [power("on")].into_iter().collect());
        let long = PropertyValue::Text("x".repeat(5_000).into());
        assert!(state.merge([(Property::Name, long)]).is_empty());
    }
}
