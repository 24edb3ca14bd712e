//! Colour flows: a list of steps that the bulb plays by itself.

mod parse;
pub mod preset;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::time::Duration;

pub use self::parse::ParseFlowError;
use crate::color::Rgb;
use crate::error::InvalidInput;

/// A colour flow: steps, how often they are played, and what happens then.
///
/// ```
/// use std::time::Duration;
/// use iot_home_yeelight::{Flow, FlowEnd, Rgb, Step};
///
/// let second = Duration::from_secs(1);
/// let flow = Flow::new([
///     Step::rgb(Rgb(0xff0000), second).bright(100),
///     Step::temperature(2700, second).bright(20),
///     Step::pause(second),
/// ])
/// .rounds(3)
/// .then(FlowEnd::Off);
/// assert_eq!(flow.to_string(), "9,2,1000,1,16711680,100,1000,2,2700,20,1000,7,0,0");
/// assert_eq!(flow.to_string().parse(), Ok(flow));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    steps: Vec<Step>,
    changes: u32,
    end: FlowEnd,
}

impl Flow {
    /// These steps, played once; then the bulb returns to what it showed before.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<_> = steps.into_iter().collect();
        let changes = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        Self { steps, changes, end: FlowEnd::Restore }
    }

    /// How often all steps are played; 0 is without end, like [`forever`](Self::forever).
    #[must_use]
    pub fn rounds(self, rounds: u32) -> Self {
        let steps = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        self.changes(rounds.saturating_mul(steps))
    }

    /// How many steps are played altogether, which is what goes over the wire; 0 is without end.
    #[must_use]
    pub fn changes(mut self, changes: u32) -> Self {
        self.changes = changes;
        self
    }

    /// Plays the steps until something else is asked of the bulb.
    #[must_use]
    pub fn forever(self) -> Self {
        self.changes(0)
    }

    /// What the bulb does at the end.
    #[must_use]
    pub fn then(mut self, end: FlowEnd) -> Self {
        self.end = end;
        self
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many steps are played altogether; 0 is without end.
    pub fn change_count(&self) -> u32 {
        self.changes
    }

    /// What the bulb does at the end.
    pub fn end(&self) -> FlowEnd {
        self.end
    }

    /// How long it plays, unless it is without end.
    pub fn duration(&self) -> Option<Duration> {
        if self.changes == 0 || self.steps.is_empty() {
            return None;
        }
        let all = |steps: &[Step]| {
            steps.iter().fold(Duration::ZERO, |sum, step| sum.saturating_add(step.duration))
        };
        let changes = usize::try_from(self.changes).unwrap_or(usize::MAX);
        let rest = changes.checked_rem(self.steps.len())?;
        let rounds = u32::try_from(changes.checked_div(self.steps.len())?).unwrap_or(u32::MAX);
        let whole = all(&self.steps).saturating_mul(rounds);
        Some(whole.saturating_add(all(self.steps.get(..rest)?)))
    }

    /// Whether every bulb that knows flows can play it; `ct` is the light's range in kelvin.
    ///
    /// # Errors
    /// With the step that is to blame and its range, or with the count. Some models refuse the colour 0, so it is
    /// refused here: [`Rgb(1)`](Rgb) at 1 percent is as dark.
    pub fn check(&self, ct: (u16, u16)) -> Result<(), InvalidInput> {
        if self.steps.is_empty() {
            return Err(InvalidInput::NoSteps);
        }
        if self.changes > MAX_CHANGES {
            return Err(InvalidInput::OutOfRange {
                what: "count",
                value: self.changes.into(),
                low: 0,
                high: MAX_CHANGES.into(),
                model: None,
            });
        }
        self.steps.iter().enumerate().try_for_each(|(at, step)| {
            step.check(ct).map_err(|(what, value, low, high)| InvalidInput::Step {
                step: at,
                what,
                value,
                low,
                high,
            })
        })
    }

    /// The nearest flow that a bulb with this range of colour temperatures in kelvin can play.
    #[must_use]
    pub fn clamped(mut self, (low, high): (u16, u16)) -> Self {
        self.changes = self.changes.min(MAX_CHANGES);
        for step in &mut self.steps {
            step.duration = step.duration.clamp(Step::MIN_DURATION, crate::method::MAX_DURATION);
            step.brightness = step.brightness.map(|bright| bright.clamp(1, 100));
            match &mut step.change {
                StepChange::Rgb(rgb) => rgb.0 = rgb.0.clamp(1, 0xff_ffff),
                StepChange::Temperature(kelvin) => *kelvin = (*kelvin).clamp(low, high),
                StepChange::Pause => {}
            }
        }
        self
    }

    /// The steps as `start_cf` has them: `duration,mode,value,brightness` for each.
    pub(crate) fn write_steps(&self, out: &mut impl fmt::Write) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                out.write_char(',')?;
            }
            step.write(out)?;
        }
        Ok(())
    }

    /// The steps as text.
    pub fn expression(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_steps(&mut text);
        text
    }
}

impl fmt::Display for Flow {
    /// As in the property `flow_params`: count, action, steps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.changes, self.end.number())?;
        if !self.steps.is_empty() {
            f.write_char(',')?;
        }
        self.write_steps(f)
    }
}

/// What a bulb does when a flow ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum FlowEnd {
    /// Returns to what it showed before, on the wire 0.
    #[default]
    Restore,
    /// Stays as the last step left it, on the wire 1.
    Stay,
    /// Goes off, on the wire 2.
    Off,
}

impl FlowEnd {
    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Restore => 0,
            Self::Stay => 1,
            Self::Off => 2,
        }
    }

    /// The end with this number.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Restore),
            1 => Some(Self::Stay),
            2 => Some(Self::Off),
            _ => None,
        }
    }
}

/// One step of a flow: a change that takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    duration: Duration,
    change: StepChange,
    brightness: Option<u8>,
}

impl Step {
    /// The shortest step.
    pub const MIN_DURATION: Duration = Duration::from_millis(50);

    /// Goes over to this colour, 1 to 0xffffff.
    pub const fn rgb(rgb: Rgb, duration: Duration) -> Self {
        Self { duration, change: StepChange::Rgb(rgb), brightness: None }
    }

    /// Goes over to white of this colour temperature in kelvin.
    pub const fn temperature(kelvin: u16, duration: Duration) -> Self {
        Self { duration, change: StepChange::Temperature(kelvin), brightness: None }
    }

    /// Stays as it is.
    pub const fn pause(duration: Duration) -> Self {
        Self { duration, change: StepChange::Pause, brightness: None }
    }

    /// The brightness at the end of the step, 1 to 100 percent. Without it, and in a pause, the
    /// brightness stays.
    #[must_use]
    pub const fn bright(mut self, percent: u8) -> Self {
        if !matches!(self.change, StepChange::Pause) {
            self.brightness = Some(percent);
        }
        self
    }

    /// How long the step takes.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// What changes.
    pub const fn change(&self) -> StepChange {
        self.change
    }

    /// The brightness at its end, if it changes.
    pub const fn brightness(&self) -> Option<u8> {
        self.brightness
    }

    /// What is out of its range: its name, the value, and the range.
    fn check(&self, (low, high): (u16, u16)) -> Result<(), (&'static str, i64, i64, i64)> {
        let within = |what, value: i64, low: i64, high: i64| {
            if (low..=high).contains(&value) { Ok(()) } else { Err((what, value, low, high)) }
        };
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let longest = millis(crate::method::MAX_DURATION);
        within("duration", millis(self.duration), millis(Self::MIN_DURATION), longest)?;
        match self.change {
            StepChange::Rgb(rgb) => within("rgb", rgb.0.into(), 1, 0xff_ffff)?,
            StepChange::Temperature(kelvin) => {
                within("ct", kelvin.into(), low.into(), high.into())?;
            }
            StepChange::Pause => {}
        }
        self.brightness().map_or(Ok(()), |bright| within("bright", bright.into(), 1, 100))
    }

    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let (mode, value) = match self.change {
            StepChange::Rgb(rgb) => (1, rgb.0),
            StepChange::Temperature(kelvin) => (2, kelvin.into()),
            StepChange::Pause => (7, 0),
        };
        let millis = self.duration.as_millis();
        // Bulbs ignore the brightness of a pause; -1 is "leave it" elsewhere.
        match (self.change, self.brightness) {
            (StepChange::Pause, _) => write!(out, "{millis},{mode},{value},0"),
            (_, Some(bright)) => write!(out, "{millis},{mode},{value},{bright}"),
            (_, None) => write!(out, "{millis},{mode},{value},-1"),
        }
    }
}

/// What a step of a flow changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum StepChange {
    /// The colour, mode 1.
    Rgb(Rgb),
    /// The colour temperature in kelvin, mode 2.
    Temperature(u16),
    /// Nothing, mode 7.
    Pause,
}

/// Bulbs read the count as a signed number of 32 bits.
const MAX_CHANGES: u32 = 0x7fff_ffff;
