#![doc = include_str!("../README.md")]
#![no_std]
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
#[cfg(feature = "std")]
extern crate std;

pub mod cipher;
pub mod error;
pub mod json;
mod message;
pub mod packet;
pub mod responder;
pub mod session;
pub mod token;

pub use cipher::Cipher;
pub use error::{DeviceError, Failure, MessageError};
pub use message::{DeviceRequest, FormError, Reply, Request, RequestError};
pub use packet::Packet;
pub use responder::Responder;
pub use session::Session;
pub use token::{Token, TokenError};

/// The UDP port that devices listen on.
pub const PORT: u16 = 54321;
