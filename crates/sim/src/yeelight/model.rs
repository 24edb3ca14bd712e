//! What each model can do.

use std::ops::RangeInclusive;

use iot_home_yeelight::Light;

/// What a model can do. Its methods and its properties follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The main light shows colours.
    pub(crate) color: bool,
    /// The main light's white can be warmer and colder.
    pub(crate) tunable: bool,
    /// Lowest and highest kelvin of the main light.
    pub(crate) kelvin: (u16, u16),
    pub(crate) night: bool,
    pub(crate) background: bool,
    /// The background light has a left and a right part.
    pub(crate) segments: bool,
    /// How many LEDs can be set one by one.
    pub(crate) leds: usize,
    pub(crate) music: bool,
    pub(crate) session: UdpSession,
}

/// The UDP session that a bulb offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UdpSession {
    /// None.
    #[default]
    None,
    /// `udp_new` and `udp_keep_alive`.
    First,
    /// `udp_sess_new` and `udp_sess_keep_alive`.
    Second,
}

impl Kind {
    /// What a bulb of an unknown model is.
    pub(crate) const COLOR: Self = Self::color(1700, 6500);

    const fn white(kelvin: u16) -> Self {
        Self {
            color: false,
            tunable: false,
            kelvin: (kelvin, kelvin),
            night: false,
            background: false,
            segments: false,
            leds: 0,
            music: false,
            session: UdpSession::None,
        }
    }

    const fn tunable(low: u16, high: u16) -> Self {
        Self { tunable: true, kelvin: (low, high), ..Self::white(low) }
    }

    const fn color(low: u16, high: u16) -> Self {
        Self { color: true, music: true, ..Self::tunable(low, high) }
    }

    const fn night(self) -> Self {
        Self { night: true, ..self }
    }

    const fn background(self) -> Self {
        Self { background: true, ..self }
    }

    const fn music(self) -> Self {
        Self { music: true, ..self }
    }

    const fn session(self) -> Self {
        Self { session: UdpSession::Second, ..self }
    }

    /// What the model with this name can do, if it is one of the known ones.
    pub(crate) fn of(model: &str) -> Option<Self> {
        Some(match model {
            "mono" | "mono1" | "mono5" | "mono6" | "monob" => Self::white(2700),
            "lamp3" => Self::white(4000),
            "color4" => Self::color(1700, 6500).session(),
            "color" | "color1" | "color2" | "color3" | "color5" | "color7" | "colora"
            | "colorb" | "strip1" | "bslamp1" => Self::color(1700, 6500),
            "bslamp2" | "bslamp3" => Self::color(1700, 6500).night(),
            "colorc" | "strip6" => Self::color(2700, 6500).session(),
            "strip2" | "strip4" | "lamp22" => Self::color(2700, 6500),
            "CubeLite" => Self { leds: 200, ..Self::color(2700, 6500).session() },
            "ct_bulb" | "ct2" => Self::tunable(2700, 6500).music(),
            "lamp1" => Self::tunable(2700, 5000),
            "lamp2" => Self::tunable(2500, 4800),
            "lamp4" => Self::tunable(2600, 5000),
            "lamp15" => {
                Self { segments: true, ..Self::tunable(2700, 6500).background().music().session() }
            }
            "ceiling1" | "ceiling2" | "ceiling3" | "ceiling6" | "ceiling13" | "ceiling15"
            | "ceiling18" | "ceiling24" | "ceila" | "ceil26" => Self::tunable(2700, 6500).night(),
            "ceild" => Self::tunable(3000, 6500).night(),
            "ceiling5" => Self::tunable(2700, 5700).night(),
            "ceiling17" => Self::tunable(3000, 5700),
            "ceiling22" => Self::tunable(2600, 6100).night(),
            "ceiling4" | "ceiling10" | "ceiling19" | "ceiling20" | "ceilc" => {
                Self::tunable(2700, 6500).night().background()
            }
            _ => return None,
        })
    }

    /// Whether this light shows colours.
    pub(crate) fn has_color(self, light: Light) -> bool {
        self.color || light == Light::Background
    }

    /// The colour temperatures of this light.
    pub(crate) fn kelvin(self, light: Light) -> RangeInclusive<i64> {
        let (low, high) = match light {
            Light::Main => self.kelvin,
            Light::Background => (1700, 6500),
        };
        low.into()..=high.into()
    }

    /// The names of its methods, in the order in which bulbs list them.
    pub(crate) fn support(self) -> Vec<String> {
        let mut names: Vec<String> = ["get_prop", "set_default", "set_power", "toggle"]
            .into_iter()
            .chain(["set_bright", "start_cf", "stop_cf", "set_scene"])
            .chain(["cron_add", "cron_get", "cron_del"])
            .map(String::from)
            .collect();
        let mut add = |on: bool, more: &[&str]| {
            names.extend(more.iter().filter(|_| on).map(|name| (*name).to_owned()));
        };
        add(self.tunable, &["set_ct_abx"]);
        add(true, &["set_adjust", "adjust_bright"]);
        add(self.tunable, &["adjust_ct"]);
        add(self.color, &["set_rgb", "set_hsv", "adjust_color"]);
        add(self.music, &["set_music"]);
        add(true, &["set_name"]);
        let [basic, color, adjust] = BACKGROUND;
        add(self.background, basic);
        add(self.background, color);
        add(self.background, adjust);
        add(self.background, &["dev_toggle"]);
        add(self.segments, &["set_segment_rgb"]);
        add(self.leds > 0, &["activate_fx_mode", "update_leds"]);
        match self.session {
            UdpSession::None => {}
            UdpSession::First => add(true, &["udp_new", "udp_keep_alive"]),
            UdpSession::Second => {
                add(
                    true,
                    &["udp_sess_new", "udp_sess_keep_alive", "udp_chroma_sess_new", "chroma"],
                );
            }
        }
        names
    }
}

const BACKGROUND: [&[&str]; 3] = [
    &["bg_set_power", "bg_toggle", "bg_set_bright", "bg_start_cf", "bg_stop_cf", "bg_set_scene"],
    &["bg_set_default", "bg_set_rgb", "bg_set_hsv", "bg_set_ct_abx"],
    &["bg_set_adjust", "bg_adjust_bright", "bg_adjust_ct", "bg_adjust_color"],
];
