//! Commands in the words of the fixtures.

use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use iot_home_yeelight::udp::Generation;
use iot_home_yeelight::{
    Adjustable, Direction, Effect, Flow, FlowEnd, Light, Method, PowerMode, Property, Rgb, Scene,
    Step,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The cases of a file of fixtures.
pub(crate) fn cases<T: DeserializeOwned>(file: &str) -> Vec<T> {
    #[derive(Deserialize)]
    struct Fixtures<T> {
        cases: Vec<T>,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/yeelight");
    let fixtures: Fixtures<T> =
        serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
    fixtures.cases
}

/// A command, or what a UDP session sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Means {
    Udp(Udp),
    Command(Command),
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum Udp {
    #[serde(rename = "udp_new")]
    New(Of),
    #[serde(rename = "udp_keep_alive")]
    KeepAlive(Of),
    /// Red at once.
    #[serde(rename = "udp_command")]
    Command(Of),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Of {
    First,
    Second,
}

impl From<Of> for Generation {
    fn from(of: Of) -> Self {
        match of {
            Of::First => Self::First,
            Of::Second => Self::Second,
        }
    }
}

/// Without `smooth` a change is sudden.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    GetProp(Vec<String>),
    SetPower { light: Which, on: bool, mode: Option<String>, smooth: Option<u64> },
    Toggle(Which),
    DevToggle,
    SetBright { light: Which, bright: u8, smooth: Option<u64> },
    SetTemperature { light: Which, kelvin: u16, smooth: Option<u64> },
    SetRgb { light: Which, rgb: u32, smooth: Option<u64> },
    SetHsv { light: Which, hue: u16, sat: u8, smooth: Option<u64> },
    StartFlow { light: Which, flow: Played },
    StopFlow(Which),
    SetScene { light: Which, scene: State },
    SetDefault(Which),
    SetAdjust { light: Which, direction: String, what: String },
    Adjust { light: Which, what: String, percent: i8, millis: u64 },
    SetName(String),
    SetTimer(u16),
    Timer,
    ClearTimer,
    SetMusic(Option<SocketAddrV4>),
    SetSegments { left: u32, right: u32 },
    ActivateDirectMode,
    UpdateLeds(Vec<u32>),
    Raw { method: String, params: String },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Which {
    Main,
    Background,
}

impl From<Which> for Light {
    fn from(which: Which) -> Self {
        match which {
            Which::Main => Self::Main,
            Which::Background => Self::Background,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Played {
    changes: u32,
    end: String,
    steps: Vec<Change>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    millis: u64,
    rgb: Option<u32>,
    ct: Option<u16>,
    #[serde(default)]
    pause: bool,
    bright: Option<u8>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    Rgb { rgb: u32, bright: u8 },
    Hsv { hue: u16, sat: u8, bright: u8 },
    Temperature { kelvin: u16, bright: u8 },
    Flow(Played),
    AutoOff { bright: u8, minutes: u16 },
}

impl From<&Played> for Flow {
    fn from(played: &Played) -> Self {
        let steps = played.steps.iter().map(|change| {
            let duration = Duration::from_millis(change.millis);
            let step = match (change.rgb, change.ct, change.pause) {
                (Some(rgb), None, false) => Step::rgb(Rgb(rgb), duration),
                (None, Some(kelvin), false) => Step::temperature(kelvin, duration),
                (None, None, true) => Step::pause(duration),
                _ => panic!("{change:?} is one of the three"),
            };
            change.bright.map_or(step, |bright| step.bright(bright))
        });
        let end = match &*played.end {
            "restore" => FlowEnd::Restore,
            "stay" => FlowEnd::Stay,
            "off" => FlowEnd::Off,
            other => panic!("{other} is no end of a flow"),
        };
        Flow::new(steps).changes(played.changes).then(end)
    }
}

impl From<&State> for Scene {
    fn from(state: &State) -> Self {
        match state {
            State::Rgb { rgb, bright } => Self::Rgb { rgb: Rgb(*rgb), bright: *bright },
            State::Hsv { hue, sat, bright } => Self::Hsv { hue: *hue, sat: *sat, bright: *bright },
            State::Temperature { kelvin, bright } => {
                Self::Temperature { kelvin: *kelvin, bright: *bright }
            }
            State::Flow(played) => Self::Flow(played.into()),
            State::AutoOff { bright, minutes } => {
                Self::AutoOff { bright: *bright, minutes: *minutes }
            }
        }
    }
}

fn effect(smooth: Option<u64>) -> Effect {
    smooth.map_or(Effect::Sudden, |millis| Effect::smooth(Duration::from_millis(millis)))
}

fn mode(name: &str) -> PowerMode {
    match name {
        "last" => PowerMode::Last,
        "temperature" => PowerMode::Temperature,
        "rgb" => PowerMode::Rgb,
        "hsv" => PowerMode::Hsv,
        "flow" => PowerMode::Flow,
        "night" => PowerMode::Night,
        other => panic!("{other} is no mode"),
    }
}

fn adjustable(name: &str) -> Adjustable {
    match name {
        "bright" => Adjustable::Bright,
        "ct" => Adjustable::Temperature,
        "color" => Adjustable::Color,
        other => panic!("{other} cannot be adjusted"),
    }
}

fn direction(name: &str) -> Direction {
    match name {
        "increase" => Direction::Increase,
        "decrease" => Direction::Decrease,
        "circle" => Direction::Circle,
        other => panic!("{other} is no direction"),
    }
}

impl From<&Command> for Method {
    fn from(command: &Command) -> Self {
        match command.clone() {
            Command::GetProp(names) => {
                Self::GetProp(names.iter().map(|name| Property::from(&**name)).collect())
            }
            Command::SetPower { light, on, mode: name, smooth } => Self::SetPower {
                light: light.into(),
                on,
                mode: name.as_deref().map(mode),
                effect: effect(smooth),
            },
            Command::Toggle(light) => Self::Toggle(light.into()),
            Command::DevToggle => Self::DevToggle,
            Command::SetBright { light, bright, smooth } => {
                Self::SetBright { light: light.into(), bright, effect: effect(smooth) }
            }
            Command::SetTemperature { light, kelvin, smooth } => {
                Self::SetTemperature { light: light.into(), kelvin, effect: effect(smooth) }
            }
            Command::SetRgb { light, rgb, smooth } => {
                Self::SetRgb { light: light.into(), rgb: Rgb(rgb), effect: effect(smooth) }
            }
            Command::SetHsv { light, hue, sat, smooth } => {
                Self::SetHsv { light: light.into(), hue, sat, effect: effect(smooth) }
            }
            Command::StartFlow { light, flow } => {
                Self::StartFlow { light: light.into(), flow: (&flow).into() }
            }
            Command::StopFlow(light) => Self::StopFlow(light.into()),
            Command::SetScene { light, scene } => {
                Self::SetScene { light: light.into(), scene: (&scene).into() }
            }
            Command::SetDefault(light) => Self::SetDefault(light.into()),
            Command::SetAdjust { light, direction: way, what } => Self::SetAdjust {
                light: light.into(),
                direction: direction(&way),
                what: adjustable(&what),
            },
            Command::Adjust { light, what, percent, millis } => Self::Adjust {
                light: light.into(),
                what: adjustable(&what),
                percent,
                duration: Duration::from_millis(millis),
            },
            Command::SetName(name) => Self::SetName(name),
            Command::SetTimer(minutes) => Self::SetTimer(minutes),
            Command::Timer => Self::Timer,
            Command::ClearTimer => Self::ClearTimer,
            Command::SetMusic(addr) => Self::SetMusic(addr),
            Command::SetSegments { left, right } => {
                Self::SetSegments { left: Rgb(left), right: Rgb(right) }
            }
            Command::ActivateDirectMode => Self::ActivateDirectMode,
            Command::UpdateLeds(leds) => Self::UpdateLeds(leds.into_iter().map(Rgb).collect()),
            Command::Raw { method, params } => Self::raw(&method, &params).unwrap(),
        }
    }
}
