#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

pub mod discovery;
pub mod facts;
pub mod household;
pub mod mdns;

pub use discovery::{Discovery, DiscoveryBuilder, DiscoveryError, Sighting, discover};
pub use facts::{CloudFacts, Facts, Parent, Source};
pub use household::{DeviceKey, Household, Update};
