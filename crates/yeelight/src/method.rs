//! What can be asked of a bulb: every method of the protocol with its parameters.

mod check;
mod effects;
mod params;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddrV4;
use core::time::Duration;

pub use self::check::Limits;
use crate::color::{Light, Rgb};
use crate::effect::Effect;
use crate::error::InvalidInput;
use crate::flow::Flow;
use crate::property::Property;
use crate::scene::Scene;
use crate::state::State;

/// A method and its parameters. Ranges are checked when it is sent, against what is known of the bulb.
///
/// ```
/// use std::time::Duration;
/// use iot_home_yeelight::{Effect, Light, Method, Rgb};
///
/// let method = Method::SetRgb {
///     light: Light::Main,
///     rgb: Rgb(0xff8800),
///     effect: Effect::smooth(Duration::from_millis(500)),
/// };
/// let mut line = Vec::new();
/// method.write(1, &mut line);
/// assert_eq!(line, b"{\"id\":1,\"method\":\"set_rgb\",\"params\":[16746496,\"smooth\",500]}\r\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `get_prop`: reads properties, at least one.
    GetProp(Vec<Property>),
    /// `set_power`.
    SetPower {
        /// Which light.
        light: Light,
        /// On or off.
        on: bool,
        /// What the light goes on with; the protocol has it for "on" only.
        mode: Option<PowerMode>,
        /// How.
        effect: Effect,
    },
    /// `toggle`: on if off, off if on.
    Toggle(Light),
    /// `dev_toggle`: both lights together; the main light decides which way.
    DevToggle,
    /// `set_bright`, 1 to 100 percent. Bulbs take it only while the light is on, as all of the following that set a colour.
    SetBright {
        /// Which light.
        light: Light,
        /// 1 to 100.
        bright: u8,
        /// How.
        effect: Effect,
    },
    /// `set_ct_abx`: white of a colour temperature.
    SetTemperature {
        /// Which light.
        light: Light,
        /// Kelvin, within the model's range.
        kelvin: u16,
        /// How.
        effect: Effect,
    },
    /// `set_rgb`.
    SetRgb {
        /// Which light.
        light: Light,
        /// 1 to 0xffffff; bulbs refuse 0 or take it for a dark white.
        rgb: Rgb,
        /// How.
        effect: Effect,
    },
    /// `set_hsv`. The brightness stays; [`Scene::Hsv`] sets it along.
    SetHsv {
        /// Which light.
        light: Light,
        /// 0 to 359 degrees.
        hue: u16,
        /// 0 to 100 percent.
        sat: u8,
        /// How.
        effect: Effect,
    },
    /// `start_cf`: plays a colour flow.
    StartFlow {
        /// Which light.
        light: Light,
        /// The flow.
        flow: Flow,
    },
    /// `stop_cf`.
    StopFlow(Light),
    /// `set_scene`: takes on a state; the light goes on by itself.
    SetScene {
        /// Which light.
        light: Light,
        /// The state.
        scene: Scene,
    },
    /// `set_default`: the present state is what the light goes on with from now on.
    SetDefault(Light),
    /// `set_adjust`: one step of the bulb's own choice.
    SetAdjust {
        /// Which light.
        light: Light,
        /// Which way.
        direction: Direction,
        /// What; the colour only in a circle.
        what: Adjustable,
    },
    /// `adjust_bright`, `adjust_ct` or `adjust_color`. Whether percent are of the range or of the present value is not
    /// documented.
    Adjust {
        /// Which light.
        light: Light,
        /// What.
        what: Adjustable,
        /// -100 to 100.
        percent: i8,
        /// At least 30 ms.
        duration: Duration,
    },
    /// `set_name`: stored in the bulb, at most 64 bytes; what is not ASCII is sent as BASE64, as is the custom.
    SetName(String),
    /// `cron_add`: off after this many minutes, at least 1.
    SetTimer(u16),
    /// `cron_get`: the timer.
    Timer,
    /// `cron_del`: no timer any more.
    ClearTimer,
    /// `set_music`: connect back to this address for commands without quota and without answers, or stop that.
    SetMusic(Option<SocketAddrV4>),
    /// `set_segment_rgb`: the two halves of a lamp's rear strip. Hue and saturation count; the brightness is the second light's.
    SetSegments {
        /// 1 to 0xffffff.
        left: Rgb,
        /// 1 to 0xffffff.
        right: Rgb,
    },
    /// `activate_fx_mode` with `direct`: a matrix lamp shows what [`UpdateLeds`](Self::UpdateLeds) says.
    ActivateDirectMode,
    /// `update_leds`: the colours of a matrix lamp, LED by LED.
    UpdateLeds(Vec<Rgb>),
    /// Any other method.
    Raw(RawMethod),
}

impl Method {
    /// A method by name with its parameters as JSON, which has to be an array.
    ///
    /// # Errors
    /// [`InvalidInput::MethodName`] and [`InvalidInput::Params`].
    pub fn raw(method: &str, params: &str) -> Result<Self, InvalidInput> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if method.is_empty() || method.len() > 64 || !method.bytes().all(is_name) {
            return Err(InvalidInput::MethodName);
        }
        serde_json::from_str::<Vec<serde::de::IgnoredAny>>(params)
            .map_err(|_| InvalidInput::Params)?;
        let params = without_blanks(params);
        Ok(Self::Raw(RawMethod { method: method.into(), params: params.into() }))
    }

    /// Its name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Raw(raw) => &raw.method,
            known => known.known_name(),
        }
    }

    /// Its name, for whoever outlives the method; only that of a raw one is copied.
    #[cfg(feature = "client")]
    pub(crate) fn shared_name(&self) -> alloc::borrow::Cow<'static, str> {
        match self {
            Self::Raw(raw) => String::from(&*raw.method).into(),
            known => known.known_name().into(),
        }
    }

    fn known_name(&self) -> &'static str {
        let by = |light: &Light, main: &'static str, background: &'static str| match light {
            Light::Main => main,
            Light::Background => background,
        };
        match self {
            Self::GetProp(_) => "get_prop",
            Self::SetPower { light, .. } => by(light, "set_power", "bg_set_power"),
            Self::Toggle(light) => by(light, "toggle", "bg_toggle"),
            Self::DevToggle => "dev_toggle",
            Self::SetBright { light, .. } => by(light, "set_bright", "bg_set_bright"),
            Self::SetTemperature { light, .. } => by(light, "set_ct_abx", "bg_set_ct_abx"),
            Self::SetRgb { light, .. } => by(light, "set_rgb", "bg_set_rgb"),
            Self::SetHsv { light, .. } => by(light, "set_hsv", "bg_set_hsv"),
            Self::StartFlow { light, .. } => by(light, "start_cf", "bg_start_cf"),
            Self::StopFlow(light) => by(light, "stop_cf", "bg_stop_cf"),
            Self::SetScene { light, .. } => by(light, "set_scene", "bg_set_scene"),
            Self::SetDefault(light) => by(light, "set_default", "bg_set_default"),
            Self::SetAdjust { light, .. } => by(light, "set_adjust", "bg_set_adjust"),
            Self::Adjust { light, what, .. } => match what {
                Adjustable::Bright => by(light, "adjust_bright", "bg_adjust_bright"),
                Adjustable::Temperature => by(light, "adjust_ct", "bg_adjust_ct"),
                Adjustable::Color => by(light, "adjust_color", "bg_adjust_color"),
            },
            Self::SetName(_) => "set_name",
            Self::SetTimer(_) => "cron_add",
            Self::Timer => "cron_get",
            Self::ClearTimer => "cron_del",
            Self::SetMusic(_) => "set_music",
            Self::SetSegments { .. } => "set_segment_rgb",
            Self::ActivateDirectMode => "activate_fx_mode",
            Self::UpdateLeds(_) => "update_leds",
            Self::Raw(_) => "",
        }
    }

    /// Whether doing it twice does no harm. Of raw ones that is believed of those that read or set something, by
    /// their names.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Toggle(_) | Self::DevToggle | Self::SetAdjust { .. } | Self::Adjust { .. } => {
                false
            }
            Self::Raw(raw) => {
                raw.method.starts_with("get_")
                    || raw.method.starts_with("cron_get")
                    || raw.method.starts_with("set_") && &*raw.method != "set_adjust"
            }
            _ => true,
        }
    }

    /// Whether it asks for something, so that it makes no sense without an answer.
    pub fn is_question(&self) -> bool {
        match self {
            Self::GetProp(_) | Self::Timer => true,
            Self::Raw(raw) => raw.method.starts_with("get_") || &*raw.method == "cron_get",
            _ => false,
        }
    }

    /// Whether a light goes on or off by it, in this state; where that is not known, it does.
    pub(crate) fn changes_power(&self, state: &State) -> bool {
        match self {
            Self::SetPower { light, on, .. } => state.is_on(*light) != Some(*on),
            Self::SetScene { light, .. } => state.is_on(*light) != Some(true),
            Self::Toggle(_) | Self::DevToggle => true,
            _ => false,
        }
    }

    /// Appends the command as it is sent: one line of JSON without blanks, and CR LF.
    pub fn write(&self, id: u32, out: &mut Vec<u8>) {
        self.write_object(id, out);
        out.extend_from_slice(b"}\r\n");
    }

    /// The same with the token of a UDP session.
    pub(crate) fn write_with_token(&self, id: u32, token: &str, out: &mut Vec<u8>) {
        self.write_object(id, out);
        out.extend_from_slice(b",\"token\":\"");
        out.extend_from_slice(token.as_bytes());
        out.extend_from_slice(b"\"}\r\n");
    }

    fn write_object(&self, id: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
        out.extend_from_slice(b",\"method\":\"");
        out.extend_from_slice(self.name().as_bytes());
        out.extend_from_slice(b"\",\"params\":");
        self.write_params(out);
    }

    /// The parameters alone, as JSON.
    pub fn params(&self) -> String {
        let mut params = Vec::new();
        self.write_params(&mut params);
        String::from_utf8(params).unwrap_or_default()
    }
}

/// Valid JSON without the blanks between its tokens, so that it is one line.
fn without_blanks(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    json.chars()
        .filter(|char| {
            let keep = in_text || !char.is_ascii_whitespace();
            if escaped {
                escaped = false;
            } else if in_text && *char == '\\' {
                escaped = true;
            } else if *char == '"' {
                in_text = !in_text;
            }
            keep
        })
        .collect()
}

/// A method that has no variant of its own; see [`Method::raw`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMethod {
    method: Box<str>,
    params: Box<str>,
}

/// What a light goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PowerMode {
    /// As it was, on the wire 0. Leaving the mode out says the same, and old firmware knows only that.
    Last,
    /// White; on lamps with a night light the way back to daylight. On the wire 1.
    Temperature,
    /// The RGB colour, on the wire 2.
    Rgb,
    /// The colour by hue and saturation, on the wire 3.
    Hsv,
    /// The flow, on the wire 4.
    Flow,
    /// The night light, on the wire 5.
    Night,
}

impl PowerMode {
    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Last => 0,
            Self::Temperature => 1,
            Self::Rgb => 2,
            Self::Hsv => 3,
            Self::Flow => 4,
            Self::Night => 5,
        }
    }
}

/// Which way `set_adjust` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum Direction {
    /// More.
    Increase,
    /// Less.
    Decrease,
    /// More, and from the highest back to the lowest.
    Circle,
}

/// What can be adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum Adjustable {
    /// The brightness.
    Bright,
    /// The colour temperature.
    Temperature,
    /// The colour.
    Color,
}

/// The longest duration sent, 24 days: more does not fit the integers of bulbs.
pub const MAX_DURATION: Duration = Duration::from_millis(0x7fff_ffff);

/// The highest id: bulbs read them as signed numbers of 32 bits.
pub(crate) const MAX_ID: u32 = 0x7fff_ffff;

/// The id this many after another, at most once around. After the highest they begin anew, without 0, which
/// errors about unreadable commands carry.
pub(crate) const fn id_after(id: u32, distance: u32) -> u32 {
    let id = id.saturating_add(distance);
    if id > MAX_ID { id.saturating_sub(MAX_ID) } else { id }
}

#[cfg(test)]
mod tests;
