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

pub mod cipher;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod discovery;
pub mod error;
pub mod gateway;
mod info;
pub mod json;
mod message;
pub mod miot;
pub mod ota;
pub mod packet;
pub mod provisioning;
pub mod push;
pub mod redact;
pub mod responder;
pub mod scene;
pub mod session;
pub mod token;

pub use cipher::Cipher;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::{Client, Device, Discovery, Error, ErrorKind};
pub use error::{DeviceError, Failure, MessageError};
pub use info::Info;
pub use message::{DeviceRequest, FormError, Reply, Request, RequestError};
pub use miot::ActionInput;
pub use packet::Packet;
pub use responder::Responder;
pub use session::Session;
pub use token::{Token, TokenError};

/// The UDP port that devices listen on.
pub const PORT: u16 = 54321;
