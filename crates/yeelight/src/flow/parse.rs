//! Reading a flow as bulbs write it in `flow_params`.

use alloc::vec::Vec;
use core::str::FromStr;
use core::time::Duration;

use super::{Flow, FlowEnd, Step, StepChange};
use crate::color::Rgb;

impl FromStr for Flow {
    type Err = ParseFlowError;

    /// Reads `count,action,duration,mode,value,brightness,…`, blanks allowed. The values need not lie within
    /// what a bulb takes; [`check`](Flow::check) tells.
    fn from_str(text: &str) -> Result<Self, ParseFlowError> {
        let mut numbers = text.split(',').enumerate().map(|(field, number)| {
            number.trim().parse::<i64>().map_err(|_| ParseFlowError::Number { field })
        });
        let mut next = || numbers.next().transpose();
        let changes = next()?.ok_or(ParseFlowError::Cut)?;
        let changes = u32::try_from(changes).map_err(|_| ParseFlowError::Number { field: 0 })?;
        let end = next()?.ok_or(ParseFlowError::Cut)?;
        let end = u32::try_from(end).ok().and_then(FlowEnd::from_number);
        let end = end.ok_or(ParseFlowError::Number { field: 1 })?;
        let mut steps = Vec::new();
        while let Some(duration) = next()? {
            let mut more = || next()?.ok_or(ParseFlowError::Cut);
            let (mode, value, bright) = (more()?, more()?, more()?);
            let step = steps.len();
            steps.push(read(duration, mode, value, bright).ok_or(ParseFlowError::Step { step })?);
        }
        Ok(Self { steps, changes, end })
    }
}

fn read(duration: i64, mode: i64, value: i64, bright: i64) -> Option<Step> {
    let duration = Duration::from_millis(u32::try_from(duration).ok()?.into());
    let change = match mode {
        1 => StepChange::Rgb(Rgb(u32::try_from(value).ok().filter(|rgb| *rgb <= 0xff_ffff)?)),
        2 => StepChange::Temperature(u16::try_from(value).ok()?),
        7 => StepChange::Pause,
        _ => return None,
    };
    let brightness = match (change, bright) {
        (StepChange::Pause, _) | (_, -1) => None,
        (_, bright) => Some(u8::try_from(bright).ok()?),
    };
    Some(Step { duration, change, brightness })
}

/// Why a text is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFlowError {
    /// A field is no number, or not one that may stand there.
    #[error("field {field} of the flow is not a number that may stand there")]
    Number {
        /// Counted from 0: the count, the action, then four for each step.
        field: usize,
    },
    /// It ends within the head or a step: a flow has a count, an action and four numbers for each step.
    #[error(
        "the flow ends in the middle: it has a count, an action, and four numbers for each step"
    )]
    Cut,
    /// A step has an unknown mode or an impossible value.
    #[error("step {step} of the flow has an unknown mode or an impossible value")]
    Step {
        /// Counted from 0.
        step: usize,
    },
}
