#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "client"), no_std)]
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

pub mod authorities;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod device;
pub mod expiry;
pub mod gateway;
pub mod login;
mod method;
pub mod name;
pub mod platform;
pub mod presented;
pub mod problem;
pub mod psk;
pub mod refusal;
pub mod region;
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
pub mod registration;
mod signature;
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub mod thing;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::Thing;
pub use device::{CertificateDevice, Device};
pub use expiry::Expiry;
pub use gateway::BindProof;
pub use iot_home_mqtt::{InvalidField, MqttLogin, Signer};
pub use login::Login;
pub use method::SignMethod;
pub use name::{ConnId, DeviceName, ProductId, SdkAppId};
pub use platform::{RULES, Tencent};
pub use presented::{Kind, Presented};
pub use problem::Problem;
pub use psk::Psk;
pub use refusal::Refusal;
pub use region::Region;
