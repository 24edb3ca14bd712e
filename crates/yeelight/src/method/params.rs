//! Parameters as JSON.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Adjustable, Direction, Method};
use crate::effect::Effect;
use crate::flow::Flow;
use crate::scene::Scene;

impl Method {
    pub(super) fn write_params(&self, out: &mut Vec<u8>) {
        let mut params = Params::begin(out);
        match self {
            Self::GetProp(properties) => {
                properties.iter().for_each(|property| params.text(property.as_str()));
            }
            Self::SetPower { on, mode, effect, .. } => {
                params.word(if *on { "on" } else { "off" });
                params.effect(*effect);
                if let Some(mode) = mode.filter(|_| *on) {
                    params.number(mode.number());
                }
            }
            Self::SetBright { bright, effect, .. } => {
                params.number(*bright);
                params.effect(*effect);
            }
            Self::SetTemperature { kelvin, effect, .. } => {
                params.number(*kelvin);
                params.effect(*effect);
            }
            Self::SetRgb { rgb, effect, .. } => {
                params.number(rgb.0);
                params.effect(*effect);
            }
            Self::SetHsv { hue, sat, effect, .. } => {
                params.number(*hue);
                params.number(*sat);
                params.effect(*effect);
            }
            Self::StartFlow { flow, .. } => params.flow(flow),
            Self::SetScene { scene, .. } => params.scene(scene),
            Self::SetAdjust { direction, what, .. } => {
                params.word(match direction {
                    Direction::Increase => "increase",
                    Direction::Decrease => "decrease",
                    Direction::Circle => "circle",
                });
                params.word(match what {
                    Adjustable::Bright => "bright",
                    Adjustable::Temperature => "ct",
                    Adjustable::Color => "color",
                });
            }
            Self::Adjust { percent, duration, .. } => {
                params.number(*percent);
                params.number(millis(*duration));
            }
            Self::SetName(name) => params.text(&crate::name::encode(name)),
            Self::SetTimer(minutes) => {
                params.number(0_u8);
                params.number(*minutes);
            }
            Self::Timer | Self::ClearTimer => params.number(0_u8),
            Self::SetMusic(None) => params.number(0_u8),
            Self::SetMusic(Some(addr)) => {
                params.number(1_u8);
                params.text(&addr.ip().to_string());
                params.number(addr.port());
            }
            Self::SetSegments { left, right } => {
                params.number(left.0);
                params.number(right.0);
            }
            Self::ActivateDirectMode => params.value(b"{\"mode\":\"direct\"}"),
            Self::UpdateLeds(leds) => {
                let bytes: Vec<u8> = leds.iter().flat_map(|rgb| rgb.parts()).collect();
                // Three bytes make four characters, so this is each LED's own four, one after the other.
                params.word(&STANDARD.encode(bytes));
            }
            Self::Toggle(_) | Self::DevToggle | Self::StopFlow(_) | Self::SetDefault(_) => {}
            Self::Raw(raw) => {
                params.replace(raw.params.as_bytes());
                return;
            }
        }
        params.end();
    }
}

/// An array under construction.
struct Params<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Params<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.push(b'[');
        Self { out, start }
    }

    fn end(self) {
        self.out.push(b']');
    }

    /// Puts a whole array in the place of this one.
    fn replace(self, array: &[u8]) {
        self.out.truncate(self.start);
        self.out.extend_from_slice(array);
    }

    fn value(&mut self, json: &[u8]) {
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
        self.out.extend_from_slice(json);
    }

    fn number(&mut self, number: impl itoa::Integer) {
        self.value(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A text that needs no escapes.
    fn word(&mut self, word: &str) {
        self.value(b"\"");
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    fn text(&mut self, text: &str) {
        if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            return self.word(text);
        }
        // A text always serialises.
        let json = serde_json::to_string(text).unwrap_or_default();
        self.value(json.as_bytes());
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Sudden => {
                self.word("sudden");
                self.number(0_u8);
            }
            Effect::Smooth(duration) => {
                self.word("smooth");
                self.number(millis(duration));
            }
        }
    }

    fn flow(&mut self, flow: &Flow) {
        self.number(flow.change_count());
        self.number(flow.end().number());
        self.value(b"\"");
        // Writing to memory does not fail.
        let _ = flow.write_steps(&mut Text(self.out));
        self.out.push(b'"');
    }

    fn scene(&mut self, scene: &Scene) {
        match scene {
            Scene::Rgb { rgb, bright } => {
                self.word("color");
                self.number(rgb.0);
                self.number(*bright);
            }
            Scene::Hsv { hue, sat, bright } => {
                self.word("hsv");
                self.number(*hue);
                self.number(*sat);
                self.number(*bright);
            }
            Scene::Temperature { kelvin, bright } => {
                self.word("ct");
                self.number(*kelvin);
                self.number(*bright);
            }
            Scene::Flow(flow) => {
                self.word("cf");
                self.flow(flow);
            }
            Scene::AutoOff { bright, minutes } => {
                self.word("auto_delay_off");
                self.number(*bright);
                self.number(*minutes);
            }
        }
    }
}

/// The inside of a text that needs no escapes.
struct Text<'a>(&'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
