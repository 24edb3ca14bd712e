//! Whether a bulb can be expected to take a command.

use core::time::Duration;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Adjustable, Direction, MAX_DURATION, Method, PowerMode};
use crate::color::{Light, Rgb};
use crate::effect::Effect;
use crate::error::{InvalidInput, MAX_COMMAND, MAX_NAME, MAX_PROPERTIES};
use crate::flow::{Step, StepChange};
use crate::model::Profile;
use crate::scene::Scene;

/// What becomes of values that the bulb does not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limits {
    /// They are refused with an error that names the range; nothing is sent.
    #[default]
    Refuse,
    /// The nearest value that the bulb takes is sent in their place. Methods that it does not have are refused.
    Clamp,
    /// They are sent as they are, whatever the model and whatever the bulb lists.
    Ignore,
}

impl Method {
    /// The method as it may be sent to a bulb of this profile.
    ///
    /// # Errors
    /// When the bulb does not have the method, or a value is out of range and to be refused. With
    /// [`Limits::Ignore`] only what no bulb could read.
    pub fn checked(self, profile: &Profile, limits: Limits) -> Result<Self, InvalidInput> {
        if limits != Limits::Ignore
            && profile.supports(self.name()) == Some(false)
            && !self.is_always_there()
        {
            let method = self.name().into();
            return Err(InvalidInput::NotSupported {
                method,
                model: profile.model().map(Into::into),
            });
        }
        if limits != Limits::Ignore
            && self.colors().is_some_and(|light| profile.has_color(light) == Some(false))
        {
            return Err(InvalidInput::NoColor { model: profile.model().map(Into::into) });
        }
        let fitted = match limits {
            Limits::Clamp => self.clamped(profile),
            _ => self,
        };
        if limits == Limits::Refuse {
            fitted.check(profile)?;
        }
        fitted.check_form()?;
        Ok(fitted)
    }

    /// The light that is to show a colour by this, where the method's name does not tell.
    fn colors(&self) -> Option<Light> {
        let is_color = |step: &Step| matches!(step.change(), StepChange::Rgb(_));
        let (light, colors) = match self {
            Self::SetPower { light, mode, on: true, .. } => {
                (light, matches!(mode, Some(PowerMode::Rgb | PowerMode::Hsv)))
            }
            Self::StartFlow { light, flow } => (light, flow.steps().iter().any(is_color)),
            Self::SetScene { light, scene } => match scene {
                Scene::Rgb { .. } | Scene::Hsv { .. } => (light, true),
                Scene::Flow(flow) => (light, flow.steps().iter().any(is_color)),
                Scene::Temperature { .. } | Scene::AutoOff { .. } => (light, false),
            },
            _ => return None,
        };
        colors.then_some(*light)
    }

    /// What is asked is not held back: lists of methods leave some out that bulbs answer. Nor is what is raw.
    fn is_always_there(&self) -> bool {
        matches!(self, Self::Raw(_) | Self::GetProp(_) | Self::Timer)
    }

    /// What holds for every bulb, whatever its model.
    fn check_form(&self) -> Result<(), InvalidInput> {
        match self {
            Self::GetProp(properties) if properties.is_empty() => {
                return Err(InvalidInput::NoProperties);
            }
            Self::GetProp(properties) if properties.len() > MAX_PROPERTIES => {
                return Err(InvalidInput::TooManyProperties { count: properties.len() });
            }
            Self::SetAdjust { direction, what: Adjustable::Color, .. }
                if *direction != Direction::Circle =>
            {
                return Err(InvalidInput::ColorAdjust);
            }
            Self::SetName(name) => {
                let length = crate::name::encode(name).len();
                if length > MAX_NAME {
                    return Err(InvalidInput::NameTooLong { length });
                }
            }
            Self::StartFlow { flow, .. } | Self::SetScene { scene: Scene::Flow(flow), .. }
                if flow.steps().is_empty() =>
            {
                return Err(InvalidInput::NoSteps);
            }
            _ => {}
        }
        // The rest of the methods are of a few dozen bytes.
        let length = match self {
            Self::GetProp(_)
            | Self::StartFlow { .. }
            | Self::SetScene { .. }
            | Self::UpdateLeds(_)
            | Self::Raw(_) => {
                let mut line = Vec::new();
                self.write(u32::MAX, &mut line);
                line.len()
            }
            _ => 0,
        };
        if length > MAX_COMMAND { Err(InvalidInput::TooLong { length }) } else { Ok(()) }
    }

    fn check(&self, profile: &Profile) -> Result<(), InvalidInput> {
        let own = |what, value: i64, (low, high): (u16, u16)| {
            let model = profile.model().map(Box::from);
            within(what, value, low.into(), high.into(), model)
        };
        let kelvin =
            |light, kelvin: u16| own("colour temperature", kelvin.into(), profile.ct_range(light));
        match self {
            Self::SetPower { effect, .. } => check_effect(*effect),
            Self::SetBright { bright, effect, .. } => {
                check_bright(*bright)?;
                check_effect(*effect)
            }
            Self::SetTemperature { light, kelvin: value, effect } => {
                kelvin(*light, *value)?;
                check_effect(*effect)
            }
            Self::SetRgb { rgb, effect, .. } => {
                check_rgb(*rgb)?;
                check_effect(*effect)
            }
            Self::SetHsv { hue, sat, effect, .. } => {
                check_hsv(*hue, *sat)?;
                check_effect(*effect)
            }
            Self::StartFlow { light, flow } => flow.check(profile.ct_range(*light)),
            Self::SetScene { light, scene } => match scene {
                Scene::Rgb { rgb, bright } => {
                    check_rgb(*rgb)?;
                    check_bright(*bright)
                }
                Scene::Hsv { hue, sat, bright } => {
                    check_hsv(*hue, *sat)?;
                    check_bright(*bright)
                }
                Scene::Temperature { kelvin: value, bright } => {
                    kelvin(*light, *value)?;
                    check_bright(*bright)
                }
                Scene::Flow(flow) => flow.check(profile.ct_range(*light)),
                Scene::AutoOff { bright, minutes } => {
                    check_bright(*bright)?;
                    check_minutes(*minutes)
                }
            },
            Self::Adjust { percent, duration, .. } => {
                within("percent", (*percent).into(), -100, 100, None)?;
                check_duration(*duration)
            }
            Self::SetTimer(minutes) => check_minutes(*minutes),
            Self::SetSegments { left, right } => {
                check_rgb(*left)?;
                check_rgb(*right)
            }
            // A lamp of a matrix may well be dark.
            Self::UpdateLeds(leds) => {
                leds.iter().try_for_each(|rgb| within("rgb", rgb.0.into(), 0, 0xff_ffff, None))
            }
            _ => Ok(()),
        }
    }

    fn clamped(mut self, profile: &Profile) -> Self {
        let kelvin = |light: Light, kelvin: &mut u16| {
            let (low, high) = profile.ct_range(light);
            *kelvin = (*kelvin).clamp(low, high);
        };
        let percent = |bright: &mut u8| *bright = (*bright).clamp(1, 100);
        let color = |rgb: &mut Rgb| rgb.0 = rgb.0.clamp(1, 0xff_ffff);
        let smooth = |effect: &mut Effect| {
            if let Effect::Smooth(duration) = effect {
                *duration = (*duration).clamp(Effect::MIN_DURATION, MAX_DURATION);
            }
        };
        match &mut self {
            Self::SetPower { effect, .. } => smooth(effect),
            Self::SetBright { bright, effect, .. } => {
                percent(bright);
                smooth(effect);
            }
            Self::SetTemperature { light, kelvin: value, effect } => {
                kelvin(*light, value);
                smooth(effect);
            }
            Self::SetRgb { rgb, effect, .. } => {
                color(rgb);
                smooth(effect);
            }
            Self::SetHsv { hue, sat, effect, .. } => {
                (*hue, *sat) = ((*hue).min(359), (*sat).min(100));
                smooth(effect);
            }
            Self::StartFlow { light, flow } => {
                *flow = flow.clone().clamped(profile.ct_range(*light));
            }
            Self::SetScene { light, scene } => match scene {
                Scene::Rgb { rgb, bright } => {
                    color(rgb);
                    percent(bright);
                }
                Scene::Hsv { hue, sat, bright } => {
                    (*hue, *sat) = ((*hue).min(359), (*sat).min(100));
                    percent(bright);
                }
                Scene::Temperature { kelvin: value, bright } => {
                    kelvin(*light, value);
                    percent(bright);
                }
                Scene::Flow(flow) => *flow = flow.clone().clamped(profile.ct_range(*light)),
                Scene::AutoOff { bright, minutes } => {
                    percent(bright);
                    *minutes = (*minutes).max(1);
                }
            },
            Self::Adjust { percent, duration, .. } => {
                *percent = (*percent).clamp(-100, 100);
                *duration = (*duration).clamp(Effect::MIN_DURATION, MAX_DURATION);
            }
            Self::SetTimer(minutes) => *minutes = (*minutes).max(1),
            Self::SetSegments { left, right } => {
                color(left);
                color(right);
            }
            Self::UpdateLeds(leds) => leds.iter_mut().for_each(|rgb| rgb.0 = rgb.0.min(0xff_ffff)),
            _ => {}
        }
        self
    }
}

fn within(
    what: &'static str,
    value: i64,
    low: i64,
    high: i64,
    model: Option<Box<str>>,
) -> Result<(), InvalidInput> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(InvalidInput::OutOfRange { what, value, low, high, model })
    }
}

fn check_bright(bright: u8) -> Result<(), InvalidInput> {
    within("brightness", bright.into(), 1, 100, None)
}

fn check_rgb(rgb: Rgb) -> Result<(), InvalidInput> {
    within("rgb", rgb.0.into(), 1, 0xff_ffff, None)
}

fn check_hsv(hue: u16, sat: u8) -> Result<(), InvalidInput> {
    within("hue", hue.into(), 0, 359, None)?;
    within("saturation", sat.into(), 0, 100, None)
}

fn check_minutes(minutes: u16) -> Result<(), InvalidInput> {
    within("minutes", minutes.into(), 1, u16::MAX.into(), None)
}

fn check_effect(effect: Effect) -> Result<(), InvalidInput> {
    match effect {
        Effect::Sudden => Ok(()),
        Effect::Smooth(duration) => check_duration(duration),
    }
}

fn check_duration(duration: Duration) -> Result<(), InvalidInput> {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    within(
        "duration in ms",
        millis(duration),
        millis(Effect::MIN_DURATION),
        millis(MAX_DURATION),
        None,
    )
}
