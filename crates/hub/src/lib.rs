#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

#[cfg(feature = "home")]
#[cfg_attr(docsrs, doc(cfg(feature = "home")))]
pub mod classic;
pub mod discovery;
pub mod facts;
#[cfg(feature = "home")]
#[cfg_attr(docsrs, doc(cfg(feature = "home")))]
pub mod home;
pub mod household;
pub mod mdns;
mod wire;

#[cfg(feature = "home")]
#[cfg_attr(docsrs, doc(cfg(feature = "home")))]
pub use classic::Classic;
pub use discovery::{Discovery, DiscoveryBuilder, DiscoveryError, Sighting, discover};
pub use facts::{CloudFacts, Facts, Parent, Source};
#[cfg(feature = "home")]
#[cfg_attr(docsrs, doc(cfg(feature = "home")))]
pub use home::Home;
pub use household::{DeviceKey, Household, Update};
pub use wire::WireEvent;
