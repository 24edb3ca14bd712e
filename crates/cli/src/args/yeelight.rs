//! `iot-home yeelight …`.

mod play;
mod preset;
mod values;

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use iot_home::yeelight::{Effect, Light, PowerMode, Rgb};

pub(crate) use self::play::{FlowArgs, Play, SceneArgs, SceneKind};
use super::{Address, Search};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Yeelight {
    #[command(subcommand)]
    pub(crate) command: YeelightCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum YeelightCommand {
    /// Search the local network for bulbs and print each as it answers
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Read properties
    #[command(after_help = GET_EXAMPLES)]
    Get(Get),
    /// Switch on
    #[command(after_help = ON_EXAMPLES)]
    On(On),
    /// Switch off
    Off(Switch),
    /// Switch on if off, and off if on
    Toggle(Switch),
    /// Set brightness and colour; most bulbs take it only while they are on
    #[command(after_help = SET_EXAMPLES)]
    Set(SetArgs),
    /// Play a colour flow, or stop the one that plays
    #[command(after_help = FLOW_EXAMPLES)]
    Flow(FlowArgs),
    /// List the ready-made flows
    Presets,
    /// Switch on with a colour, a flow or a timer, all in one
    #[command(after_help = SCENE_EXAMPLES)]
    Scene(SceneArgs),
    /// Switch off after some minutes; without MINUTES: show the timer
    #[command(after_help = TIMER_EXAMPLES)]
    Timer(Timer),
    /// Store a name in the bulb
    Name {
        #[arg(help = ADDRESS)]
        addr: Address,
        /// The name, at most 64 bytes; what is not ASCII is stored as BASE64 and counts so
        text: String,
    },
    /// Call any method
    #[command(after_help = CALL_EXAMPLES)]
    Call(Call),
    /// Print what changes, whoever changes it, until interrupted
    Watch {
        #[arg(help = ADDRESS)]
        addr: Address,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) search: Search,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    /// Which properties, such as power or bright [default: all that are known]
    #[arg(value_name = "NAME", value_parser = values::property)]
    pub(crate) names: Vec<String>,
}

/// A bulb, and how it is to change.
#[derive(Debug, Args)]
pub(crate) struct Switch {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

#[derive(Debug, Args)]
pub(crate) struct On {
    /// What to go on with
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    #[command(flatten)]
    pub(crate) switch: Switch,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// As it was
    Last,
    /// White; on ceiling lamps daylight
    Ct,
    /// The colour last set by --rgb
    Rgb,
    /// The colour last set by --hsv
    Hsv,
    /// The colour flow
    Flow,
    /// The night light, on lamps that have one
    Night,
}

impl Mode {
    /// Nothing is said for the last mode: it means the same, and old firmware knows no other way.
    pub(crate) fn power_mode(self) -> Option<PowerMode> {
        Some(match self {
            Self::Last => return None,
            Self::Ct => PowerMode::Temperature,
            Self::Rgb => PowerMode::Rgb,
            Self::Hsv => PowerMode::Hsv,
            Self::Flow => PowerMode::Flow,
            Self::Night => PowerMode::Night,
        })
    }
}

/// How a change comes about, and to which light.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Manner {
    /// At once or gradually [default: sudden; smooth where there is a --duration]
    #[arg(long, value_enum)]
    effect: Option<EffectName>,
    /// How long a smooth change takes: 500ms, 2s; 30ms at least [default: 500ms]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    duration: Option<Duration>,
    /// Change the lamp's second light
    #[arg(long)]
    background: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EffectName {
    /// At once
    Sudden,
    /// Gradually
    Smooth,
}

impl Manner {
    pub(crate) fn light(&self) -> Light {
        light(self.background)
    }

    /// The effect, if anything was said of it.
    pub(crate) fn effect(&self) -> Result<Option<Effect>, Failure> {
        match (self.effect, self.duration) {
            (None, None) => Ok(None),
            (Some(EffectName::Sudden), None) => Ok(Some(Effect::Sudden)),
            (Some(EffectName::Sudden), Some(_)) => {
                Err(Failure::usage("a sudden change has no --duration")
                    .hint("leave --duration out, or say --effect smooth"))
            }
            (_, duration) => Ok(Some(Effect::Smooth(duration.unwrap_or(SMOOTH)))),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) values: Values,
    #[command(flatten)]
    pub(crate) switch: Switch,
}

/// What to set: at least one, and one colour at most.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Values {
    /// Brightness, 1 to 100 percent
    #[arg(long, value_name = "PERCENT", value_parser = values::bright)]
    pub(crate) bright: Option<u8>,
    /// White of this colour temperature, 1700 to 6500 kelvin; many models have less
    #[arg(long, value_name = "KELVIN", value_parser = values::kelvin, conflicts_with_all = ["rgb", "hsv"])]
    pub(crate) ct: Option<u16>,
    /// A colour, such as ff8800
    #[arg(long, value_name = "RRGGBB", value_parser = values::rgb, conflicts_with = "hsv")]
    pub(crate) rgb: Option<Rgb>,
    /// A colour by hue, 0 to 359 degrees, and saturation, 0 to 100 percent; the brightness stays
    #[arg(long, value_name = "HUE,SAT", value_parser = values::hsv)]
    pub(crate) hsv: Option<(u16, u8)>,
}

#[derive(Debug, Args)]
pub(crate) struct Timer {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    /// Minutes until the light goes off, 1 or more
    #[arg(value_parser = values::minutes)]
    pub(crate) minutes: Option<u16>,
    /// Take the timer back
    #[arg(long, conflicts_with = "minutes")]
    pub(crate) clear: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    /// The method's name, such as get_prop
    pub(crate) method: String,
    /// Its parameters, an array
    #[arg(value_name = "PARAMS_JSON", default_value = "[]", allow_negative_numbers = true)]
    pub(crate) params: String,
}

fn light(background: bool) -> Light {
    if background { Light::Background } else { Light::Main }
}

const SMOOTH: Duration = Duration::from_millis(500);
const ADDRESS: &str = "IP, HOST, IP:PORT, HOST:PORT or [v6]:PORT; the port is 55443 unless given";

const LIST_EXAMPLES: &str = "\
Examples:
  iot-home yeelight list
  iot-home yeelight list --target 192.168.1.20 --count 1";
const GET_EXAMPLES: &str = "\
Examples:
  iot-home yeelight get 192.168.1.20
  iot-home yeelight get 192.168.1.20 power bright --json";
const ON_EXAMPLES: &str = "\
Examples:
  iot-home yeelight on 192.168.1.20 --duration 2s
  iot-home yeelight on 192.168.1.20 --mode night";
const SET_EXAMPLES: &str = "\
Examples:
  iot-home yeelight set 192.168.1.20 --ct 4000 --bright 40
  iot-home yeelight set 192.168.1.20 --rgb ff8800 --duration 1s
  iot-home yeelight set 192.168.1.20 --hsv 300,70 --background";
const FLOW_EXAMPLES: &str = "\
Examples:
  iot-home yeelight flow 192.168.1.20 --preset sunrise
  iot-home yeelight flow 192.168.1.20 --step 1s:rgb=ff0000@100 --step 500ms:pause --step 1s:ct=2700@10 \\
      --rounds 3 --then off
  iot-home yeelight flow 192.168.1.20 --stop";
const SCENE_EXAMPLES: &str = "\
Examples:
  iot-home yeelight scene 192.168.1.20 color ff8800 70
  iot-home yeelight scene 192.168.1.20 hsv 300 70 100
  iot-home yeelight scene 192.168.1.20 ct 5400 100
  iot-home yeelight scene 192.168.1.20 auto-off 50 15
  iot-home yeelight scene 192.168.1.20 flow --preset candle";
const TIMER_EXAMPLES: &str = "\
Examples:
  iot-home yeelight timer 192.168.1.20 15
  iot-home yeelight timer 192.168.1.20
  iot-home yeelight timer 192.168.1.20 --clear";
const CALL_EXAMPLES: &str = "\
Examples:
  iot-home yeelight call 192.168.1.20 set_adjust '[\"increase\",\"bright\"]'
  iot-home yeelight call 192.168.1.20 dev_toggle";
