//! `iot-home spec`, and what commands are told about the spec server.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Spec {
    /// A model such as yeelink.light.lamp1, or the URN of an instance
    #[arg(value_name = "MODEL|URN")]
    pub(crate) what: String,
    /// Ask the server even for what is kept
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Ask this server: https://HOST, or http:// on this machine [default: Xiaomi's, and a mirror of it]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Keep what the server tells in DIR [default: iot-home/specs in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}
