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
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub mod http;
mod login;
#[cfg(feature = "mac")]
#[cfg_attr(docsrs, doc(cfg(feature = "mac")))]
pub mod mac;
pub mod packet;
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub mod payload;
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub mod pending;
pub mod platform;
#[cfg(feature = "payload")]
mod publication;
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
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub use pending::Pending;
pub use platform::{Credentials, Platform};
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub use publication::{AnswerKey, Publication};
pub use rules::Rules;
pub use signer::Signer;
pub use topic::InvalidTopic;
