//! `iot-home get|set|action`: a device of the home, whichever way it is reached.

use std::path::PathBuf;

use clap::Args;

use super::{CloudHosts, Stored, TokenSource};

#[derive(Debug, Args)]
pub(crate) struct HubGet {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    /// Which properties: light:brightness, or 2.2
    #[arg(value_name = "PROPERTY", required = true)]
    pub(crate) properties: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HubSet {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    /// Which properties and what to write: light:brightness=40; VALUE is JSON, a bare word is a string
    #[arg(value_name = "PROPERTY=VALUE", required = true)]
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HubAction {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    /// Which action: light:toggle, or 2.1
    #[arg(value_name = "ACTION")]
    pub(crate) action: String,
    /// Its arguments in order; VALUE is JSON, a bare word is a string
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,
}

/// The device, and what the home is to know and use.
#[derive(Debug, Args)]
pub(crate) struct HomeArgs {
    /// The device's name, did, MAC address or address
    #[arg(value_name = "NAME|DID|ADDR")]
    pub(crate) device: String,
    /// The file of what is known of the home, for its owner alone [default: iot-home/inventory.json in
    /// the user's configuration folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,
    /// Fetch the cloud's list of devices first
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Ask this server for what models can do, instead of Xiaomi's
    #[arg(long, value_name = "URL")]
    pub(crate) spec_url: Option<String>,
    /// Keep what it answers in this folder [default: iot-home/specs in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) spec_cache: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: TokenSource,
    #[command(flatten)]
    pub(crate) stored: Stored,
    #[command(flatten)]
    pub(crate) hosts: CloudHosts,
}
