//! Colours and the two lights of a lamp.

use core::fmt;

/// A colour of the RGB cube, `0xRRGGBB`.
///
/// Bulbs take 1 to 0xffffff; 0, which is black, many refuse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a number of 24 bits is all there is to it")]
pub struct Rgb(pub u32);

impl Rgb {
    /// The colour of these parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self(u32::from_be_bytes([0, red, green, blue]))
    }

    /// Red, green and blue.
    pub const fn parts(self) -> [u8; 3] {
        let [_, red, green, blue] = self.0.to_be_bytes();
        [red, green, blue]
    }
}

impl fmt::Debug for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rgb({:#08x})", self.0)
    }
}

/// Which light of a lamp. Nearly all have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum Light {
    /// The light itself.
    #[default]
    Main,
    /// The second, ambient light of some lamps; its methods begin with `bg_`.
    Background,
}

/// Which of a light's colours is the one that shines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum ColorMode {
    /// `rgb`, on the wire 1.
    Rgb,
    /// `ct`, the colour temperature, on the wire 2.
    Temperature,
    /// `hue` and `sat`, on the wire 3.
    Hsv,
}

impl ColorMode {
    /// The mode with this number.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Rgb),
            2 => Some(Self::Temperature),
            3 => Some(Self::Hsv),
            _ => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Rgb => 1,
            Self::Temperature => 2,
            Self::Hsv => 3,
        }
    }
}

/// The colour that shines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Color {
    /// A colour.
    Rgb(Rgb),
    /// White of this colour temperature in kelvin.
    Temperature(u16),
    /// A colour by hue, 0 to 359 degrees, and saturation, 0 to 100 percent.
    Hsv {
        /// Degrees on the colour wheel.
        hue: u16,
        /// Percent.
        sat: u8,
    },
}
