//! One module for each command.

mod cloud;
mod completions;
mod deadline;
mod decode;
mod demo;
mod discover;
mod encode;
mod hub;
mod interfaces;
mod inventory;
mod miio;
mod mqtt;
mod results;
mod search;
mod sim;
mod spec;
mod yeelight;

use clap::CommandFactory as _;

use crate::args::{AliyunCommand, Cli, Command, MiioCommand, MqttCommand, Options, TencentCommand};
use crate::failure::Outcome;
use crate::output::Output;
use crate::record::Recorder;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) output: Output,
    pub(crate) recorder: Option<Recorder>,
}

/// Carries a command out.
pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Demo => demo::run(context).await,
        Command::Discover(args) => discover::run(context, args).await,
        Command::Get(args) => hub::get(context, *args).await,
        Command::Set(args) => hub::set(context, *args).await,
        Command::Action(args) => hub::action(context, *args).await,
        Command::Miio(args) => match args.command {
            MiioCommand::Encode(args) => encode::run(context, args).await,
            MiioCommand::Decode(args) => decode::run(context, args).await,
            MiioCommand::Token { command } => encode::token(context, command).await,
            command => miio::run(context, command).await,
        },
        Command::Yeelight(args) => yeelight::run(context, args.command).await,
        Command::Cloud(args) => cloud::run(context, args).await,
        Command::Aliyun(args) => match args.command {
            AliyunCommand::Credentials(args) => mqtt::aliyun(context, args).await,
            AliyunCommand::Connect(args) => mqtt::connect_aliyun(context, args).await,
            AliyunCommand::Register(args) => mqtt::register_aliyun(context, args).await,
        },
        Command::Tencent(args) => match args.command {
            TencentCommand::Credentials(args) => mqtt::tencent(context, args).await,
            TencentCommand::Connect(args) => mqtt::connect_tencent(context, args).await,
            TencentCommand::Register(args) => mqtt::register_tencent(context, args).await,
        },
        Command::Mqtt(args) => match args.command {
            MqttCommand::Decode(args) => mqtt::decode(context, args).await,
        },
        Command::Spec(args) => spec::run(context, args).await,
        Command::Sim(args) => sim::run(context, args.command).await,
        Command::Completions { shell } => {
            completions::run(&context.output, shell, &mut Cli::command())
        }
    }
}
