//! `iot-home sim`: simulated devices in the foreground.

mod cloud;
mod home;
mod miio;
mod mqtt;
mod yeelight;

use std::path::Path;

use iot_home::sim::config::{Config, ConfigError, Device};

use super::Context;
use crate::args::SimCommand;
use crate::failure::{Failure, Outcome};
use crate::input;

pub(super) async fn run(context: &Context, command: SimCommand) -> Outcome {
    match command {
        SimCommand::Cloud(args) => cloud::run(context, args).await,
        SimCommand::Home(args) => home::run(context, args).await,
        SimCommand::Miio(args) => miio::run(context, args).await,
        SimCommand::Mqtt(args) => mqtt::run(context, args).await,
        SimCommand::Yeelight(args) => yeelight::run(context, args).await,
    }
}

/// The devices of a file, all of one kind.
async fn configured<B>(
    file: &Path,
    of_kind: impl Fn(Device) -> Result<B, Failure>,
) -> Result<Vec<B>, Failure> {
    read(file).await?.devices.into_iter().map(of_kind).collect()
}

/// A file that names a device at least.
async fn read(file: &Path) -> Result<Config, Failure> {
    let text = input::text(file, "configuration").await?;
    let config = Config::from_json(&text).map_err(|error| wrong(file, &error))?;
    if config.devices.is_empty() {
        return Err(Failure::bad_input(format!("{} names no device", input::name(file))));
    }
    Ok(config)
}

fn wrong(file: &Path, error: &ConfigError) -> Failure {
    Failure::bad_input(format!("{}: {error}", input::name(file)))
        .hint("docs/sim-config.schema.json describes what may be in it")
}
