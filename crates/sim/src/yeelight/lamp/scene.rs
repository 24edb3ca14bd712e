//! Scenes: the light comes on with what they say.

use iot_home_core::Instant;
use iot_home_yeelight::Light;

use crate::yeelight::lamp::Lamp;
use crate::yeelight::lamp::flow::Flow;
use crate::yeelight::lamp::lights::{COLORS, PERCENT};
use crate::yeelight::lamp::settings::MINUTES;
use crate::yeelight::params::Params;
use crate::yeelight::refusal::Refusal;

#[derive(Clone, Copy)]
enum Class {
    Color,
    Hsv,
    Ct,
    Flow,
    AutoDelayOff,
}

const CLASSES: [(&str, Class); 5] = [
    ("color", Class::Color),
    ("hsv", Class::Hsv),
    ("ct", Class::Ct),
    ("cf", Class::Flow),
    ("auto_delay_off", Class::AutoDelayOff),
];

impl Lamp {
    /// A class and its values.
    pub(super) fn set_scene(
        &mut self,
        now: Instant,
        light: Light,
        params: Params<'_>,
    ) -> Result<(), Refusal> {
        params.count(1..)?;
        let class = params.word(0, &CLASSES)?;
        let has_color = self.kind.has_color(light);
        match class {
            Class::Color | Class::Hsv if !has_color => return Err(Refusal::Range),
            Class::Ct if light == Light::Main && !self.kind.tunable => return Err(Refusal::Range),
            // The second light has no timer.
            Class::AutoDelayOff if light == Light::Background => return Err(Refusal::Range),
            _ => {}
        }
        let values = params.from(1);
        match class {
            Class::Color => {
                // Newer firmware takes duration and effect behind.
                if values.len() == 4 {
                    values.integer(2)?;
                    values.word(3, &[("sudden", ()), ("smooth", ())])?;
                } else {
                    values.count(2..=2)?;
                }
                let (rgb, bright) = (values.within(0, COLORS)?, values.within(1, PERCENT)?);
                self.switch(light, true);
                self.put_rgb(light, rgb);
                self.put_bright(light, bright);
            }
            Class::Hsv => {
                values.count(3..=3)?;
                let (hue, sat) = (values.within(0, 0..=359)?, values.within(1, 0..=100)?);
                let bright = values.within(2, PERCENT)?;
                self.switch(light, true);
                self.put_hsv(light, hue, sat);
                self.put_bright(light, bright);
            }
            Class::Ct => {
                values.count(2..=2)?;
                let kelvin = values.within(0, self.kind.kelvin(light))?;
                let bright = values.within(1, PERCENT)?;
                self.switch(light, true);
                self.put_ct(light, kelvin);
                self.put_bright(light, bright);
            }
            Class::Flow => {
                let flow = Flow::read(values, self.kind, light)?;
                self.begin_flow(now, light, flow);
            }
            Class::AutoDelayOff => {
                values.count(2..=2)?;
                let (bright, minutes) = (values.within(0, PERCENT)?, values.within(1, MINUTES)?);
                self.switch(light, true);
                self.end_flow(light);
                self.put_bright(light, bright);
                self.start_timer(now, minutes);
            }
        }
        Ok(())
    }
}
