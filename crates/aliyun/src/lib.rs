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
mod content;
pub mod device;
pub mod endpoint;
pub mod login;
mod method;
pub mod name;
pub mod params;
pub mod platform;
pub mod presented;
pub mod problem;
mod psk;
pub mod refusal;
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
pub mod registration;
pub mod secret;
pub mod sub_device;
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub mod thing;
mod timestamp;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::Thing;
pub use device::{CertificateDevice, Device, TokenDevice};
pub use endpoint::{Endpoint, Region};
pub use iot_home_mqtt::{InvalidField, MqttLogin, Signer};
pub use login::Login;
pub use method::SignMethod;
pub use name::{ClientId, DeviceName, InstanceId, ProductKey};
pub use params::Params;
pub use platform::{Aliyun, RULES};
pub use presented::{Kind, Presented};
pub use problem::Problem;
pub use psk::TlsPsk;
pub use refusal::Refusal;
pub use secret::{DeviceSecret, DeviceToken, ProductSecret};
pub use sub_device::{SubDevice, SubDeviceProof};
pub use timestamp::Timestamp;
