//! What a command changes, for channels on which the bulb does not tell.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::Method;
use crate::color::{ColorMode, Light};
use crate::property::{Property, PropertyValue};
use crate::scene::Scene;
use crate::state::State;

impl Method {
    /// The properties that change when a bulb in this state carries the command out, as far as that can be told.
    /// Steps of the bulb's own choice (`set_adjust`, `adjust_…`) cannot.
    pub fn effects(&self, state: &State) -> Vec<(Property, PropertyValue)> {
        let mut effects = Effects(Vec::new());
        match self {
            Self::SetPower { light, on, .. } => effects.power(*light, *on, state),
            Self::Toggle(light) => {
                if let Some(on) = state.is_on(*light) {
                    effects.power(*light, !on, state);
                }
            }
            Self::DevToggle => {
                if let Some(on) = state.is_on(Light::Main) {
                    effects.power(Light::Main, !on, state);
                    if state.is_on(Light::Background).is_some() {
                        effects.power(Light::Background, !on, state);
                    }
                }
            }
            Self::SetBright { light, bright, .. } => effects.bright(*light, *bright),
            Self::SetTemperature { light, kelvin, .. } => effects.temperature(*light, *kelvin),
            Self::SetRgb { light, rgb, .. } => effects.rgb(*light, rgb.0),
            Self::SetHsv { light, hue, sat, .. } => effects.hsv(*light, *hue, *sat),
            Self::StartFlow { light, flow } => {
                effects.flowing(*light, true);
                effects.text(
                    *light,
                    Property::FlowParams,
                    Property::BgFlowParams,
                    &flow.to_string(),
                );
            }
            Self::StopFlow(light) => effects.flowing(*light, false),
            Self::SetScene { light, scene } => {
                effects.power(*light, true, state);
                effects.scene(*light, scene);
            }
            Self::SetName(name) => {
                let name = PropertyValue::Text(crate::name::encode(name).as_ref().into());
                effects.0.push((Property::Name, name));
            }
            Self::SetTimer(minutes) => effects.timer(*minutes),
            Self::ClearTimer => effects.timer(0),
            Self::SetMusic(addr) => {
                let on = i64::from(addr.is_some());
                effects.0.push((Property::MusicOn, PropertyValue::Number(on)));
            }
            _ => {}
        }
        effects.0
    }
}

struct Effects(Vec<(Property, PropertyValue)>);

impl Effects {
    fn text(&mut self, light: Light, main: Property, background: Property, text: &str) {
        let property = if light == Light::Main { main } else { background };
        self.0.push((property, PropertyValue::Text(text.into())));
    }

    fn number(&mut self, light: Light, main: Property, background: Property, number: i64) {
        let property = if light == Light::Main { main } else { background };
        self.0.push((property, PropertyValue::Number(number)));
    }

    fn power(&mut self, light: Light, on: bool, state: &State) {
        let word = if on { "on" } else { "off" };
        self.text(light, Property::Power, Property::BgPower, word);
        // Only lamps with two lights have it; others say so when they are asked.
        let main_power = state.value(&Property::MainPower).and_then(PropertyValue::as_switch);
        if light == Light::Main && main_power.is_some() {
            self.0.push((Property::MainPower, PropertyValue::Text(word.into())));
        }
        if !on {
            self.flowing(light, false);
            if light == Light::Main {
                self.timer(0);
            }
        }
    }

    fn bright(&mut self, light: Light, bright: u8) {
        self.number(light, Property::Bright, Property::BgBright, bright.into());
    }

    fn mode(&mut self, light: Light, mode: ColorMode) {
        self.number(light, Property::ColorMode, Property::BgLmode, mode.number().into());
        self.flowing(light, false);
    }

    fn temperature(&mut self, light: Light, kelvin: u16) {
        self.number(light, Property::Ct, Property::BgCt, kelvin.into());
        self.mode(light, ColorMode::Temperature);
    }

    fn rgb(&mut self, light: Light, rgb: u32) {
        self.number(light, Property::Rgb, Property::BgRgb, rgb.into());
        self.mode(light, ColorMode::Rgb);
    }

    fn hsv(&mut self, light: Light, hue: u16, sat: u8) {
        self.number(light, Property::Hue, Property::BgHue, hue.into());
        self.number(light, Property::Sat, Property::BgSat, sat.into());
        self.mode(light, ColorMode::Hsv);
    }

    fn flowing(&mut self, light: Light, flowing: bool) {
        self.number(light, Property::Flowing, Property::BgFlowing, flowing.into());
    }

    fn timer(&mut self, minutes: u16) {
        self.0.push((Property::DelayOff, PropertyValue::Number(minutes.into())));
    }

    fn scene(&mut self, light: Light, scene: &Scene) {
        match scene {
            Scene::Rgb { rgb, bright } => {
                self.rgb(light, rgb.0);
                self.bright(light, *bright);
            }
            Scene::Hsv { hue, sat, bright } => {
                self.hsv(light, *hue, *sat);
                self.bright(light, *bright);
            }
            Scene::Temperature { kelvin, bright } => {
                self.temperature(light, *kelvin);
                self.bright(light, *bright);
            }
            Scene::Flow(flow) => {
                self.flowing(light, true);
                self.text(light, Property::FlowParams, Property::BgFlowParams, &flow.to_string());
            }
            Scene::AutoOff { bright, minutes } => {
                self.bright(light, *bright);
                self.timer(*minutes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::color::Light;
    use crate::effect::Effect;
    use crate::method::Method;
    use crate::property::{Property, PropertyValue};
    use crate::state::State;

    fn text(property: Property, text: &str) -> (Property, PropertyValue) {
        let value = PropertyValue::from_text(&property, text);
        (property, value)
    }

    #[test]
    fn a_bulb_that_has_no_main_power_is_not_given_one() {
        let mut state = State::default();
        state.merge([text(Property::Power, "off"), text(Property::MainPower, "")]);
        let on =
            Method::SetPower { light: Light::Main, on: true, mode: None, effect: Effect::Sudden };
        state.merge(on.effects(&state));
        assert_eq!(state.is_on(Light::Main), Some(true));
        // What the bulb tells later counts.
        state.merge([text(Property::Power, "off")]);
        assert_eq!(state.is_on(Light::Main), Some(false));
        state.merge([text(Property::MainPower, "off")]);
        state.merge(on.effects(&state));
        assert_eq!(state.value(&Property::MainPower).unwrap().as_switch(), Some(true));
    }
}
