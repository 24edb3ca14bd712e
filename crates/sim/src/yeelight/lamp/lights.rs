//! Brightness and colour.

use iot_home_yeelight::{ColorMode, Light, Property};

use crate::yeelight::lamp::Lamp;
use crate::yeelight::params::Params;
use crate::yeelight::properties::Names;
use crate::yeelight::refusal::Refusal;

/// What bulbs take as a colour; 0, which is black, many refuse.
pub(super) const COLORS: std::ops::RangeInclusive<i64> = 1..=0xff_ff_ff;
pub(super) const PERCENT: std::ops::RangeInclusive<i64> = 1..=100;

impl Lamp {
    /// Percent, effect, duration. In night mode it is the night light's.
    pub(super) fn set_bright(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(3..=3)?;
        let bright = params.within(0, PERCENT)?;
        params.effect(1)?;
        self.need_on(light)?;
        self.end_flow(light);
        self.put_bright(light, bright);
        Ok(())
    }

    pub(super) fn put_bright(&mut self, light: Light, bright: i64) {
        if light == Light::Main && self.properties.number(&Property::ActiveMode) == 1 {
            self.night_bright = bright;
            self.properties.set(&Property::NlBr, bright);
        } else {
            self.properties.set(&Names::of(light).bright, bright);
        }
    }

    /// Kelvin, effect, duration.
    pub(super) fn set_ct(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(3..=3)?;
        let kelvin = params.within(0, self.kind.kelvin(light))?;
        params.effect(1)?;
        self.need_on(light)?;
        self.put_ct(light, kelvin);
        Ok(())
    }

    pub(super) fn put_ct(&mut self, light: Light, kelvin: i64) {
        self.shine(light, ColorMode::Temperature);
        self.properties.set(&Names::of(light).ct, kelvin);
    }

    /// 0xRRGGBB, effect, duration.
    pub(super) fn set_rgb(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(3..=3)?;
        let rgb = params.within(0, COLORS)?;
        params.effect(1)?;
        self.need_on(light)?;
        self.put_rgb(light, rgb);
        Ok(())
    }

    pub(super) fn put_rgb(&mut self, light: Light, rgb: i64) {
        self.shine(light, ColorMode::Rgb);
        self.properties.set(&Names::of(light).rgb, rgb);
    }

    /// Degrees, percent, effect, duration.
    pub(super) fn set_hsv(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(4..=4)?;
        let (hue, sat) = (params.within(0, 0..=359)?, params.within(1, 0..=100)?);
        params.effect(2)?;
        self.need_on(light)?;
        self.put_hsv(light, hue, sat);
        Ok(())
    }

    pub(super) fn put_hsv(&mut self, light: Light, hue: i64, sat: i64) {
        self.shine(light, ColorMode::Hsv);
        let names = Names::of(light);
        self.properties.set(&names.hue, hue);
        self.properties.set(&names.sat, sat);
    }
}
