//! `iot-home sim`: simulated devices in the foreground.

mod cloud;
mod miio;
mod mqtt;
mod yeelight;

use std::path::Path;

use iot_home::sim::config::{Config, Device};

use super::Context;
use crate::args::SimCommand;
use crate::failure::{Failure, Outcome};
use crate::input;

pub(super) async fn run(context: &Context, command: SimCommand) -> Outcome {
    match command {
        SimCommand::Cloud(args) => cloud::run(context, args).await,
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
    let text = input::text(file, "configuration").await?;
    let config = Config::from_json(&text).map_err(|error| {
        Failure::bad_input(format!("{}: {error}", input::name(file)))
            .hint("docs/sim-config.schema.json describes what may be in it")
    })?;
    if config.devices.is_empty() {
        return Err(Failure::bad_input(format!("{} names no device", input::name(file))));
    }
    config.devices.into_iter().map(of_kind).collect()
}
