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

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod error;
pub mod key;
pub mod message;
pub mod request;
pub mod search;
pub mod session;
pub mod sid;
pub mod values;
mod version;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::{Discovery, Error, ErrorKind, Gateway, Lumi, Reports};
pub use error::{Failure, GatewayError, InvalidInput};
pub use key::{Key, KeyError, Token, WriteKey};
pub use message::{Child, Message, MessageError, State};
pub use search::Search;
pub use session::Session;
pub use sid::{ParseSidError, Sid};
pub use values::Values;
pub use version::Version;

use core::net::Ipv4Addr;

/// The group that gateways listen to for searches, and tell reports to.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 50);
/// The UDP port that gateways are searched on.
pub const SEARCH_PORT: u16 = 4321;
/// The UDP port of everything else: commands to a gateway, and reports to the group.
pub const PORT: u16 = 9898;
