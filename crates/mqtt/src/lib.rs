#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(feature = "client", feature = "rumqttc")), no_std)]
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
    allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::unwrap_used)
)]

extern crate alloc;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod field;
mod host;
mod login;
#[cfg(feature = "mac")]
#[cfg_attr(docsrs, doc(cfg(feature = "mac")))]
pub mod mac;
pub mod packet;
pub mod platform;
mod rules;
#[cfg(feature = "rumqttc")]
#[cfg_attr(docsrs, doc(cfg(feature = "rumqttc")))]
pub mod rumqttc;
mod signer;
pub mod topic;

pub use field::InvalidField;
pub use host::Host;
pub use login::MqttLogin;
pub use packet::{Connack, Connect, ConnectCode, Packet, Problem};
pub use platform::{Credentials, Platform};
pub use rules::Rules;
pub use signer::Signer;
pub use topic::InvalidTopic;
