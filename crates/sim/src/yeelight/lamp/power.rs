//! On, off, and the modes that a light comes on in.

use iot_home_core::Instant;
use iot_home_yeelight::{ColorMode, Light, Property};

use crate::yeelight::lamp::Lamp;
use crate::yeelight::params::Params;
use crate::yeelight::properties::Names;
use crate::yeelight::refusal::Refusal;

const SWITCH: [(&str, bool); 2] = [("on", true), ("off", false)];

impl Lamp {
    /// `"on"`, effect, duration and perhaps a mode; or `"off"`, effect, duration.
    pub(super) fn set_power(
        &mut self,
        now: Instant,
        light: Light,
        params: Params<'_>,
        short: bool,
    ) -> Result<(), Refusal> {
        if !(short && params.len() == 1) {
            params.count(3..=4)?;
        }
        let on = params.word(0, &SWITCH)?;
        if params.len() > 1 {
            params.effect(1)?;
        }
        let mode = if params.len() > 3 { Some(params.within(3, 0..=5)?) } else { None };
        match mode {
            Some(_) if !on => return Err(Refusal::Count),
            Some(2..=4) if !self.kind.has_color(light) => return Err(Refusal::Range),
            Some(5) if light == Light::Background || !self.kind.night => {
                return Err(Refusal::Range);
            }
            _ => {}
        }
        self.switch(light, on);
        match mode {
            Some(1) => self.shine(light, ColorMode::Temperature),
            Some(2) => self.shine(light, ColorMode::Rgb),
            Some(3) => self.shine(light, ColorMode::Hsv),
            Some(4) => self.last_flow(now, light),
            Some(5) => {
                self.end_flow(light);
                self.properties.set(&Property::ActiveMode, 1);
                self.properties.set(&Property::NlBr, self.night_bright);
            }
            _ => {}
        }
        Ok(())
    }

    /// Without parameters; some clients send effect and duration, which bulbs take.
    pub(super) fn toggle(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        check_toggle(params)?;
        self.switch(light, !self.is_on(light));
        Ok(())
    }

    /// Both lights become what the main one was not.
    pub(super) fn toggle_both(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        check_toggle(params)?;
        let on = !self.is_on(Light::Main);
        self.switch(Light::Main, on);
        self.switch(Light::Background, on);
        Ok(())
    }

    pub(crate) fn switch(&mut self, light: Light, on: bool) {
        if !on {
            self.end_flow(light);
        }
        let power = self.power(light);
        self.properties.switch(&power, on);
    }

    /// Everything goes off or the main light comes on, as by a hand on the lamp.
    pub(crate) fn switch_by_hand(&mut self, on: bool) {
        self.switch(Light::Main, on);
        if !on && self.kind.background {
            self.switch(Light::Background, false);
        }
    }

    /// This one of its colours shines, in place of a flow or the night light.
    pub(super) fn shine(&mut self, light: Light, mode: ColorMode) {
        self.end_flow(light);
        self.leave_night(light);
        self.properties.set(&Names::of(light).mode, i64::from(mode.number()));
    }

    pub(super) fn leave_night(&mut self, light: Light) {
        if light == Light::Main {
            self.properties.set(&Property::ActiveMode, 0);
            self.properties.set(&Property::NlBr, 0);
        }
    }
}

fn check_toggle(params: Params<'_>) -> Result<(), Refusal> {
    match params.len() {
        0 => Ok(()),
        2 => params.effect(0),
        _ => Err(Refusal::Count),
    }
}
