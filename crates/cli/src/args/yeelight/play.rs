//! Flows and scenes.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use iot_home::yeelight::flow::preset::Preset;
use iot_home::yeelight::{FlowEnd, Light, Rgb, Step};

use super::preset::Presets;
use super::{ADDRESS, light, values};
use crate::args::Address;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("flow").required(true))]
pub(crate) struct FlowArgs {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    #[command(flatten)]
    pub(crate) play: Play,
    /// Stop the flow that plays
    #[arg(long, group = "flow", conflicts_with_all = ["rounds", "then"])]
    pub(crate) stop: bool,
    /// Play it on the lamp's second light
    #[arg(long)]
    background: bool,
}

impl FlowArgs {
    pub(crate) fn light(&self) -> Light {
        light(self.background)
    }
}

/// A flow: steps of one's own, or a ready-made one.
#[derive(Debug, Args)]
pub(crate) struct Play {
    /// One step, as often as wanted: DURATION:rgb=RRGGBB@BRIGHT, DURATION:ct=KELVIN@BRIGHT or
    /// DURATION:pause; without @BRIGHT the brightness stays, DURATION is 50ms at least
    #[arg(long = "step", value_name = "STEP", group = "flow", value_parser = values::step)]
    pub(crate) steps: Vec<Step>,
    /// A ready-made flow
    #[arg(long, value_name = "NAME", group = "flow", value_parser = Presets)]
    pub(crate) preset: Option<&'static Preset>,
    /// How often all steps are played; 0 is without end [default: 1, a preset has its own]
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u32>,
    /// What follows the last step [default: restore, a preset has its own]
    #[arg(long, value_enum)]
    pub(crate) then: Option<Then>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Then {
    /// The light stays as it is
    Stay,
    /// The light is again as it was before
    Restore,
    /// The light goes off
    Off,
}

impl From<Then> for FlowEnd {
    fn from(then: Then) -> Self {
        match then {
            Then::Stay => Self::Stay,
            Then::Restore => Self::Restore,
            Then::Off => Self::Off,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SceneArgs {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    /// Set the lamp's second light
    #[arg(long, global = true)]
    background: bool,
    #[command(subcommand)]
    pub(crate) scene: SceneKind,
}

impl SceneArgs {
    pub(crate) fn light(&self) -> Light {
        light(self.background)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SceneKind {
    /// A colour
    Color {
        /// Such as ff8800
        #[arg(value_name = "RRGGBB", value_parser = values::rgb)]
        rgb: Rgb,
        #[arg(help = BRIGHT, value_parser = values::bright)]
        bright: u8,
    },
    /// A colour by hue and saturation
    Hsv {
        /// 0 to 359 degrees
        #[arg(value_parser = values::hue)]
        hue: u16,
        /// 0 to 100 percent
        #[arg(value_parser = values::saturation)]
        sat: u8,
        #[arg(help = BRIGHT, value_parser = values::bright)]
        bright: u8,
    },
    /// White of a colour temperature
    Ct {
        /// 1700 to 6500; many models have less
        #[arg(value_parser = values::kelvin)]
        kelvin: u16,
        #[arg(help = BRIGHT, value_parser = values::bright)]
        bright: u8,
    },
    /// On, and off again after some minutes
    AutoOff {
        #[arg(help = BRIGHT, value_parser = values::bright)]
        bright: u8,
        /// 1 or more
        #[arg(value_parser = values::minutes)]
        minutes: u16,
    },
    /// A colour flow
    #[command(group = ArgGroup::new("flow").required(true))]
    Flow(Play),
}

const BRIGHT: &str = "1 to 100 percent";
