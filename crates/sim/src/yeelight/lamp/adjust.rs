//! Changes by a step, from what is there.

use iot_home_yeelight::{ColorMode, Light};

use crate::yeelight::lamp::Lamp;
use crate::yeelight::params::{Params, SHORTEST};
use crate::yeelight::properties::Names;
use crate::yeelight::refusal::Refusal;

/// What is adjusted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Bright,
    Ct,
    Color,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    /// Up, and after the highest from the lowest.
    Circle,
}

impl Lamp {
    /// `"increase"`, `"decrease"` or `"circle"`, and what; a step is a tenth of the range.
    pub(super) fn set_adjust(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(2..=2)?;
        let ways = [("increase", Way::Up), ("decrease", Way::Down), ("circle", Way::Circle)];
        let way = params.word(0, &ways)?;
        let whats = [("bright", What::Bright), ("ct", What::Ct), ("color", What::Color)];
        let what = params.word(1, &whats)?;
        if what == What::Color && way != Way::Circle {
            return Err(Refusal::Range);
        }
        self.step(light, what, if way == Way::Down { -10 } else { 10 }, way == Way::Circle)
    }

    /// Percent of the range, -100 to 100, and a duration.
    pub(super) fn adjust(
        &mut self,
        light: Light,
        what: What,
        params: Params<'_>,
    ) -> Result<(), Refusal> {
        params.count(2..=2)?;
        let percent = params.within(0, -100..=100)?;
        params.within(1, SHORTEST..=i64::from(i32::MAX))?;
        self.step(light, what, percent, what == What::Color)
    }

    fn step(
        &mut self,
        light: Light,
        what: What,
        percent: i64,
        around: bool,
    ) -> Result<(), Refusal> {
        let names = Names::of(light);
        let tunable = self.kind.tunable || light == Light::Background;
        let (property, range) = match what {
            What::Bright => (&names.bright, 1..=100),
            What::Ct if tunable => (&names.ct, self.kind.kelvin(light)),
            What::Color if self.kind.has_color(light) => (&names.hue, 0..=359),
            What::Ct | What::Color => return Err(Refusal::Range),
        };
        let (low, high) = range.into_inner();
        let span = if what == What::Color { 360 } else { high.saturating_sub(low) };
        let by = span.saturating_mul(percent) / 100;
        let wanted = self.properties.number(property).saturating_add(by);
        let value = match what {
            What::Color => wanted.rem_euclid(360),
            _ if around && wanted > high => low,
            _ => wanted.clamp(low, high),
        };
        match what {
            What::Bright => self.end_flow(light),
            What::Ct => self.shine(light, ColorMode::Temperature),
            What::Color => self.shine(light, ColorMode::Hsv),
        }
        self.properties.set(property, value);
        Ok(())
    }
}
