//! Scenes: a state that is set at once, whether the light is on or off.

use crate::color::Rgb;
use crate::flow::Flow;

/// A state that a bulb takes on at once; it goes on by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// A colour, class `color`.
    Rgb {
        /// 1 to 0xffffff.
        rgb: Rgb,
        /// 1 to 100 percent.
        bright: u8,
    },
    /// A colour by hue and saturation, class `hsv`.
    Hsv {
        /// 0 to 359 degrees.
        hue: u16,
        /// 0 to 100 percent.
        sat: u8,
        /// 1 to 100 percent.
        bright: u8,
    },
    /// White, class `ct`.
    Temperature {
        /// Kelvin, within the model's range.
        kelvin: u16,
        /// 1 to 100 percent.
        bright: u8,
    },
    /// A colour flow, class `cf`.
    Flow(Flow),
    /// On with this brightness, and off after some minutes; class `auto_delay_off`.
    AutoOff {
        /// 1 to 100 percent.
        bright: u8,
        /// At least 1.
        minutes: u16,
    },
}
