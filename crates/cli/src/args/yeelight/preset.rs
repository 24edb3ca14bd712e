//! The ready-made flows as values of an option: listed in its help, completed by shells.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use iot_home::yeelight::flow::preset::{PRESETS, Preset};
use std::ffi::OsStr;

/// Finds a preset by its name.
#[derive(Clone, Copy)]
pub(super) struct Presets;

impl TypedValueParser for Presets {
    type Value = &'static Preset;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, Error> {
        let name = value.to_string_lossy();
        Preset::find(&name).ok_or_else(|| {
            let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
            let message =
                format!("there is no preset {name:?}\n\nthere are: {}\n", names.join(", "));
            Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value =
            |preset: &'static Preset| PossibleValue::new(preset.name).help(preset.description);
        Some(Box::new(PRESETS.iter().map(value)))
    }
}
