//! Ready-made flows, by name.

use core::time::Duration;

use super::{Flow, FlowEnd, Step};
use crate::color::Rgb;

/// A ready-made flow: its name, what it looks like, and how it is made.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Preset {
    /// Its name, in small letters, words joined by `-`.
    pub name: &'static str,
    /// What one sees.
    pub description: &'static str,
    /// Whether it needs coloured light.
    pub is_colored: bool,
    make: fn() -> Flow,
}

impl Preset {
    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The flow.
    pub fn flow(&self) -> Flow {
        (self.make)()
    }
}

impl core::fmt::Debug for Preset {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Preset").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All of them.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "alarm",
        description: "red, bright and dark in turn, until it is stopped",
        is_colored: true,
        make: || {
            let step = |bright| Step::rgb(Rgb(0xff_0000), millis(250)).bright(bright);
            Flow::new([step(100), step(1)]).forever()
        },
    },
    Preset {
        name: "aurora",
        description: "green, teal and violet, slowly one into the other",
        is_colored: true,
        make: || {
            let colors = [0x00_ff66, 0x00_c8a0, 0x30_60ff, 0x90_30ff, 0x30_60ff, 0x00_c8a0];
            Flow::new(colors.map(|rgb| Step::rgb(Rgb(rgb), millis(4_000)).bright(60))).forever()
        },
    },
    Preset {
        name: "blink",
        description: "three short flashes of white, then as before",
        is_colored: false,
        make: || {
            let step = |bright| Step::temperature(4_000, millis(200)).bright(bright);
            Flow::new([step(100), step(1)]).rounds(3)
        },
    },
    Preset {
        name: "breathe",
        description: "warm white that swells and sinks",
        is_colored: false,
        make: || {
            let step = |bright| Step::temperature(2_700, millis(2_500)).bright(bright);
            Flow::new([step(80), step(5)]).forever()
        },
    },
    Preset {
        name: "candle",
        description: "the unsteady light of a candle",
        is_colored: false,
        make: || {
            let step = |kelvin, bright, duration| {
                Step::temperature(kelvin, millis(duration)).bright(bright)
            };
            Flow::new([
                step(2_700, 50, 800),
                step(2_700, 30, 600),
                step(2_750, 45, 1_200),
                step(2_700, 25, 400),
                step(2_700, 55, 1_000),
                step(2_800, 35, 500),
                step(2_700, 48, 900),
            ])
            .forever()
        },
    },
    Preset {
        name: "disco",
        description: "colours in quick succession",
        is_colored: true,
        make: || {
            let colors = [0xff_0000, 0x80_ff00, 0x00_ffff, 0x80_00ff, 0xff_00a0, 0xff_c000];
            Flow::new(colors.map(|rgb| Step::rgb(Rgb(rgb), millis(500)).bright(100))).forever()
        },
    },
    Preset {
        name: "fireplace",
        description: "orange and red that flicker",
        is_colored: true,
        make: || {
            let step = |rgb, bright, duration| Step::rgb(Rgb(rgb), millis(duration)).bright(bright);
            Flow::new([
                step(0xff_6a00, 70, 500),
                step(0xff_3c00, 45, 350),
                step(0xff_8000, 60, 700),
                step(0xe0_3000, 35, 300),
                step(0xff_5a00, 65, 600),
                step(0xff_4600, 50, 450),
            ])
            .forever()
        },
    },
    Preset {
        name: "notify",
        description: "two soft pulses of blue, then as before",
        is_colored: true,
        make: || {
            let step = |bright| Step::rgb(Rgb(0x20_60ff), millis(600)).bright(bright);
            Flow::new([step(80), step(1)]).rounds(2)
        },
    },
    Preset {
        name: "police",
        description: "red and blue in turn, until it is stopped",
        is_colored: true,
        make: || {
            let step = |rgb| Step::rgb(Rgb(rgb), millis(300)).bright(100);
            Flow::new([step(0xff_0000), step(0x00_00ff)]).forever()
        },
    },
    Preset {
        name: "rainbow",
        description: "once around the colour wheel and on",
        is_colored: true,
        make: || {
            let colors = [0xff_0000, 0xff_ff00, 0x00_ff00, 0x00_ffff, 0x00_00ff, 0xff_00ff];
            Flow::new(colors.map(|rgb| Step::rgb(Rgb(rgb), millis(3_000)).bright(100))).forever()
        },
    },
    Preset {
        name: "sleep",
        description: "warm light that fades within fifteen minutes and goes off",
        is_colored: false,
        make: || {
            let step = |bright| Step::temperature(2_700, millis(300_000)).bright(bright);
            Flow::new([step(40), step(15), step(1)]).then(FlowEnd::Off)
        },
    },
    Preset {
        name: "sunrise",
        description: "from a dark warm glow to daylight within fifteen minutes, and stays",
        is_colored: false,
        make: || {
            let step = |kelvin, bright, duration| {
                Step::temperature(kelvin, millis(duration)).bright(bright)
            };
            let steps = [
                step(2_700, 1, 50),
                step(2_700, 30, 300_000),
                step(3_500, 65, 300_000),
                step(5_000, 100, 300_000),
            ];
            Flow::new(steps).then(FlowEnd::Stay)
        },
    },
    Preset {
        name: "sunset",
        description: "from daylight to a dark red within ten minutes, then off",
        is_colored: true,
        make: || {
            Flow::new([
                Step::temperature(4_500, millis(50)).bright(80),
                Step::temperature(2_700, millis(240_000)).bright(50),
                Step::rgb(Rgb(0xff_6000), millis(180_000)).bright(25),
                Step::rgb(Rgb(0xa0_1800), millis(180_000)).bright(1),
            ])
            .then(FlowEnd::Off)
        },
    },
];

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
