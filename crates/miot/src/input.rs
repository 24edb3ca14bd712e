//! What an action is given, checked before it is sent.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use iot_home_core::{ActionId, Piid, PropertyId};
use serde_json::Value;

use crate::{Action, Spec, ValueError};

impl Spec {
    /// Names values that are given in the action's order, once they are checked: what nearly all devices take.
    ///
    /// # Errors
    /// When there are too few or too many, or one of them cannot be used.
    pub fn name_input(
        &self,
        action: &Action,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<(Piid, Value)>, InputError> {
        let values: Vec<_> = values.into_iter().collect();
        if values.len() != action.inputs.len() {
            return Err(self.input_error(action, InputFault::Count { given: values.len() }));
        }
        let named: Vec<_> = action.inputs.iter().copied().zip(values).collect();
        self.check_values(action, &named)?;
        Ok(named)
    }

    /// Checks values that are named already, in whatever order: each input once, and with a value that its property may
    /// have. An input that the instance does not describe takes any value.
    ///
    /// # Errors
    /// When one is missing, given twice, unknown, or cannot be used.
    pub fn check_input(&self, action: &Action, given: &[(Piid, Value)]) -> Result<(), InputError> {
        for (index, (piid, _)) in given.iter().enumerate() {
            if !action.inputs.contains(piid) {
                return Err(self.input_error(action, InputFault::Unknown(*piid)));
            }
            if given.iter().take(index).any(|(earlier, _)| earlier == piid) {
                return Err(self.input_error(action, InputFault::Twice(*piid)));
            }
        }
        for piid in &action.inputs {
            if !given.iter().any(|(given, _)| given == piid) {
                return Err(self.input_error(action, InputFault::Missing(*piid)));
            }
        }
        self.check_values(action, given)
    }

    fn check_values(&self, action: &Action, named: &[(Piid, Value)]) -> Result<(), InputError> {
        for (piid, value) in named {
            let id = PropertyId::new(action.id.siid.get(), piid.get());
            let Some(property) = self.property_by_id(id) else { continue };
            // The arguments of an action need not be writable.
            property
                .check(value)
                .map_err(|error| self.input_error(action, InputFault::Value(error)))?;
        }
        Ok(())
    }

    fn input_error(&self, action: &Action, fault: InputFault) -> InputError {
        let input = |piid: &Piid| {
            let property = self.property_by_id(PropertyId::new(action.id.siid.get(), piid.get()));
            let name = property.and_then(|property| property.name.rsplit(':').next());
            match name {
                Some(name) => alloc::format!("{name} ({piid})"),
                None => alloc::format!("{piid}"),
            }
        };
        InputError {
            id: action.id,
            name: action.name.as_str().into(),
            fault,
            inputs: action.inputs.iter().map(input).collect(),
        }
    }
}

/// Why an action cannot be run with some values. `Display` says which action, what was wrong, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputError {
    /// The action's number.
    pub id: ActionId,
    /// The action's name.
    pub name: Box<str>,
    /// What was wrong.
    pub fault: InputFault,
    /// What it takes, in its order.
    pub inputs: Vec<String>,
}

/// What is wrong with an action's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputFault {
    /// There are too few or too many.
    Count {
        /// How many were given.
        given: usize,
    },
    /// The action does not take this one.
    Unknown(Piid),
    /// This one is missing.
    Missing(Piid),
    /// This one is there twice.
    Twice(Piid),
    /// A value cannot be used.
    Value(ValueError),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        // No device has a service 0: these numbers are somebody's own.
        if self.id.siid.get() != 0 {
            write!(f, " ({})", self.id)?;
        }
        f.write_str(": ")?;
        match &self.fault {
            InputFault::Count { given: 1 } => f.write_str("1 value was given")?,
            InputFault::Count { given } => write!(f, "{given} values were given")?,
            InputFault::Unknown(piid) => write!(f, "there is no input {piid}")?,
            InputFault::Missing(piid) => write!(f, "the input {piid} is missing")?,
            InputFault::Twice(piid) => write!(f, "the input {piid} is there twice")?,
            InputFault::Value(error) => return error.fmt(f),
        }
        if self.inputs.is_empty() {
            f.write_str("; it takes none")
        } else {
            write!(f, "; it takes {}", self.inputs.join(", "))
        }
    }
}

impl core::error::Error for InputError {}
