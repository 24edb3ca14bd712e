#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg(any(feature = "miio", feature = "mqtt", feature = "yeelight"))]
pub mod config;
#[cfg(feature = "home")]
pub mod home;
#[cfg(any(feature = "miio", feature = "yeelight"))]
mod lane;
#[cfg(feature = "lumi")]
pub mod lumi;
#[cfg(feature = "micloud")]
pub mod micloud;
#[cfg(feature = "miio")]
pub mod miio;
#[cfg(feature = "miot")]
pub mod miot;
#[cfg(feature = "mqtt")]
pub mod mqtt;
#[cfg(any(feature = "lumi", feature = "miio", feature = "mqtt", feature = "yeelight"))]
mod race;
#[cfg(any(feature = "micloud", feature = "miot", feature = "mqtt"))]
mod web;
#[cfg(feature = "yeelight")]
pub mod yeelight;

#[cfg(any(feature = "miio", feature = "mqtt", feature = "yeelight"))]
pub use config::Config;
#[cfg(feature = "home")]
pub use home::SimHome;
#[cfg(feature = "lumi")]
pub use lumi::SimGateway;
#[cfg(feature = "micloud")]
pub use micloud::SimCloud;
#[cfg(feature = "miio")]
pub use miio::{Faults, Machine, Quirk, Report, SimDevice, SpawnError, VirtualLink};
#[cfg(feature = "miot")]
pub use miot::SimSpecServer;
#[cfg(feature = "mqtt")]
pub use mqtt::SimPlatform;
#[cfg(feature = "yeelight")]
pub use yeelight::SimBulb;
