//! Bulbs to begin with.

use crate::yeelight::builder::Builder;
use crate::yeelight::bulb::SimBulb;

impl SimBulb {
    /// A colour bulb, `color4`: 1700 to 6500 K, music, UDP session.
    pub fn color() -> Builder {
        Builder::new("color4")
    }

    /// A white bulb, `mono`: brightness only.
    pub fn white() -> Builder {
        Builder::new("mono")
    }

    /// A tunable white bulb, `ct_bulb`: 2700 to 6500 K, music.
    pub fn tunable() -> Builder {
        Builder::new("ct_bulb")
    }

    /// A ceiling lamp, `ceiling4`: 2700 to 6500 K, night light, and a second light in colour.
    pub fn ceiling() -> Builder {
        Builder::new("ceiling4")
    }

    /// A light strip, `strip6`: colour, 2700 to 6500 K, music, UDP session.
    pub fn strip() -> Builder {
        Builder::new("strip6")
    }

    /// A monitor lamp, `lamp15`: 2700 to 6500 K, a second light in colour with a left and a right part,
    /// UDP session.
    pub fn lamp15() -> Builder {
        Builder::new("lamp15")
    }

    /// A matrix lamp, `CubeLite`: colour, 200 LEDs that can be set one by one, music, UDP session.
    pub fn cube() -> Builder {
        Builder::new("CubeLite")
    }

    /// A bulb of any model; a name that is not known makes a colour bulb.
    pub fn of_model(model: &str) -> Builder {
        Builder::new(model)
    }
}
