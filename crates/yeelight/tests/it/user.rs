//! A user who looks at the lamp and asks for what it can do.

use std::time::Duration;

use iot_home_core::{Random, SeededRandom};
use iot_home_sim::yeelight::{Close, Faults, Machine, Quirk, Silence};
use iot_home_yeelight::{
    Adjustable, Direction, Effect, Flow, FlowEnd, Kind, Light, Method, PowerMode, Profile,
    Property, Rgb, Scene, Step,
};

use crate::link::Link;

/// A user, by a seed.
pub(crate) struct User {
    random: SeededRandom,
}

impl User {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { random: SeededRandom::new(seed) }
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random.between(0, end - 1)
    }

    pub(crate) fn within<T: TryFrom<u64>>(&mut self, low: u64, high: u64) -> T {
        T::try_from(self.random.between(low, high)).ok().expect("it fits")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn effect(&mut self) -> Effect {
        match self.below(2) {
            0 => Effect::Sudden,
            _ => Effect::smooth(Duration::from_millis(self.within(30, 5_000))),
        }
    }

    fn flow(&mut self, light: Light, lamp: &Lamp<'_>) -> Flow {
        let steps = self.within::<usize>(1, 6);
        let steps = (0..steps).map(|_| {
            let duration = Duration::from_millis(self.within(50, 20_000));
            let step = match self.below(3) {
                0 if lamp.has_color(light) => Step::rgb(Rgb(self.within(1, 0xff_ffff)), duration),
                1 => Step::temperature(self.kelvin(light, lamp), duration),
                _ => return Step::pause(duration),
            };
            if self.below(2) == 0 { step } else { step.bright(self.within(1, 100)) }
        });
        let flow = Flow::new(steps.collect::<Vec<_>>());
        let end = self.one(&[FlowEnd::Restore, FlowEnd::Stay, FlowEnd::Off]);
        match self.below(4) {
            0 => flow.forever(),
            _ => flow.rounds(self.within(1, 20)).then(end),
        }
    }

    fn kelvin(&mut self, light: Light, lamp: &Lamp<'_>) -> u16 {
        let (low, high) = match (light, lamp.profile.kind()) {
            // Of no model that is known; what every bulb takes.
            (Light::Main, Kind::Unknown) => (2_700, 6_500),
            _ => lamp.profile.ct_range(light),
        };
        self.within(low.into(), high.into())
    }

    fn scene(&mut self, light: Light, lamp: &Lamp<'_>) -> Scene {
        let bright = self.within(1, 100);
        match self.below(5) {
            0 if lamp.has_color(light) => {
                Scene::Rgb { rgb: Rgb(self.within(1, 0xff_ffff)), bright }
            }
            1 if lamp.has_color(light) => {
                Scene::Hsv { hue: self.within(0, 359), sat: self.within(0, 100), bright }
            }
            2 if lamp.is_tunable(light) => {
                Scene::Temperature { kelvin: self.kelvin(light, lamp), bright }
            }
            3 if light == Light::Main => Scene::AutoOff { bright, minutes: self.within(1, 90) },
            _ => Scene::Flow(self.flow(light, lamp)),
        }
    }

    /// Something that works whether the light is on or off.
    pub(crate) fn any_time(&mut self, light: Light, lamp: &Lamp<'_>) -> Method {
        let effect = self.effect();
        match self.below(8) {
            0 => {
                let mut modes = vec![None, Some(PowerMode::Last)];
                if lamp.is_tunable(light) {
                    modes.push(Some(PowerMode::Temperature));
                }
                if lamp.has_color(light) {
                    modes.extend([PowerMode::Rgb, PowerMode::Hsv, PowerMode::Flow].map(Some));
                }
                if lamp.has_night() && light == Light::Main {
                    modes.push(Some(PowerMode::Night));
                }
                let mode = self.one(&modes);
                Method::SetPower { light, on: mode.is_some() || self.below(2) == 0, mode, effect }
            }
            1 if lamp.has_background() => Method::DevToggle,
            2 => Method::SetScene { light, scene: self.scene(light, lamp) },
            3 => Method::StopFlow(light),
            4 => Method::SetName(self.one(&["desk", "Küche", "中文", "", "a \"b\"\\"]).into()),
            5 if self.below(2) == 0 => Method::ClearTimer,
            5 => Method::Timer,
            6 => {
                let properties: Vec<_> = Property::known().collect();
                let some = (0..self.within(1, 9)).map(|_: u8| {
                    let at = usize::try_from(self.random.next_u64() % 27).unwrap();
                    properties[at].clone()
                });
                Method::GetProp(some.collect())
            }
            _ => Method::Toggle(light),
        }
    }

    /// Something that works while the light is on.
    fn while_on(&mut self, light: Light, lamp: &Lamp<'_>) -> Method {
        let effect = self.effect();
        let mut what = vec![Adjustable::Bright];
        if lamp.is_tunable(light) {
            what.push(Adjustable::Temperature);
        }
        if lamp.has_color(light) {
            what.push(Adjustable::Color);
        }
        let what = self.one(&what);
        match self.below(10) {
            0 if lamp.is_tunable(light) => {
                Method::SetTemperature { light, kelvin: self.kelvin(light, lamp), effect }
            }
            1 if lamp.has_color(light) => {
                Method::SetRgb { light, rgb: Rgb(self.within(1, 0xff_ffff)), effect }
            }
            2 if lamp.has_color(light) => {
                let (hue, sat) = (self.within(0, 359), self.within(0, 100));
                Method::SetHsv { light, hue, sat, effect }
            }
            3 => Method::StartFlow { light, flow: self.flow(light, lamp) },
            4 => Method::SetDefault(light),
            5 => {
                let any = [Direction::Increase, Direction::Decrease, Direction::Circle];
                let color = what == Adjustable::Color;
                let direction = if color { Direction::Circle } else { self.one(&any) };
                Method::SetAdjust { light, direction, what }
            }
            6 => {
                let percent = self.within::<u8>(0, 200);
                let percent = i8::try_from(i16::from(percent) - 100).unwrap();
                let duration = Duration::from_millis(self.within(30, 1_000));
                Method::Adjust { light, what, percent, duration }
            }
            7 if light == Light::Main => Method::SetTimer(self.within(1, 60)),
            8 if lamp.has("segment_rgb") => Method::SetSegments {
                left: Rgb(self.within(1, 0xff_ffff)),
                right: Rgb(self.within(1, 0xff_ffff)),
            },
            8 if lamp.machine.model() == "CubeLite" => {
                let leds = (0..self.within(1, 200)).map(|_: u8| Rgb(self.within(0, 0xff_ffff)));
                let leds = leds.collect();
                if self.below(2) == 0 {
                    Method::ActivateDirectMode
                } else {
                    Method::UpdateLeds(leds)
                }
            }
            _ => Method::SetBright { light, bright: self.within(1, 100), effect },
        }
    }

    pub(crate) fn command(&mut self, machine: &Machine) -> Method {
        let lamp = Lamp::new(machine);
        let background = lamp.has_background() && self.below(3) == 0;
        let light = if background { Light::Background } else { Light::Main };
        if lamp.is_on(light) && self.below(3) > 0 {
            self.while_on(light, &lamp)
        } else {
            self.any_time(light, &lamp)
        }
    }

    /// Somebody's hand on the lamp itself, or another program.
    pub(crate) fn hand(&mut self, link: &mut Link, kinds: u64) {
        let (name, value) = match self.below(kinds) {
            0 => ("bright", serde_json::Value::from(self.within::<u8>(1, 100))),
            1 => ("name", "by another".into()),
            2 => ("power", self.one(&["on", "off"]).into()),
            _ => ("made_up", self.within::<u8>(0, 9).into()),
        };
        link.touch(|machine, now| machine.set_property(now, name, value).unwrap());
    }

    /// Anything that may go wrong on a control connection.
    pub(crate) fn faults(&mut self) -> Faults {
        let millis = |user: &mut Self| Duration::from_millis(user.within(0, 4_000));
        let (one, two) = (millis(self), millis(self));
        let mut faults = Faults::seed(self.random.next_u64()).delay(one.min(two)..=one.max(two));
        for _ in 0..self.below(3) {
            faults = faults.quirk(self.one(Quirk::ALL));
        }
        let nth = self.within(1, 6);
        faults = match self.below(6) {
            0 => faults.close(self.one(&[
                Close::Before(nth),
                Close::Unanswered(nth),
                Close::After(nth),
                Close::Between(nth),
                Close::AtByte(nth * 97),
            ])),
            1 => faults.silence(self.one(&[Silence::Answers, Silence::Commands, Silence::Total])),
            2 => faults.quota_error(nth),
            3 => faults.error(self.one(&[-1, -5000, -5001, -9]), "strange"),
            _ => faults,
        };
        faults
    }
}

/// What the user sees of the lamp.
pub(crate) struct Lamp<'a> {
    machine: &'a Machine,
    profile: Profile,
}

impl<'a> Lamp<'a> {
    pub(crate) fn new(machine: &'a Machine) -> Self {
        Self { machine, profile: Profile::of_model(machine.model()) }
    }

    fn has(&self, property: &str) -> bool {
        self.machine.property(property).is_some()
    }

    fn has_background(&self) -> bool {
        self.has("bg_power")
    }

    fn has_color(&self, light: Light) -> bool {
        self.has(if light == Light::Main { "rgb" } else { "bg_rgb" })
    }

    fn is_tunable(&self, light: Light) -> bool {
        self.has(if light == Light::Main { "ct" } else { "bg_ct" })
    }

    fn has_night(&self) -> bool {
        self.has("active_mode")
    }

    fn is_on(&self, light: Light) -> bool {
        let power = match light {
            Light::Main if self.has("main_power") => "main_power",
            Light::Main => "power",
            Light::Background => "bg_power",
        };
        self.machine.property(power) == Some("on".into())
    }
}
