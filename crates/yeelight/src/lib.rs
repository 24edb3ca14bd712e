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
pub mod color;
pub mod effect;
pub mod error;
pub mod flow;
pub mod id;
pub mod line;
pub mod message;
pub mod method;
pub mod model;
pub mod name;
pub mod property;
pub mod quota;
pub mod scene;
pub mod session;
pub mod state;
pub mod udp;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::{Bulb, Change, Changes, Error, ErrorKind, Realtime, Transport};
pub use color::{Color, ColorMode, Light, Rgb};
pub use effect::Effect;
pub use error::{DeviceError, Failure, InvalidInput};
pub use flow::{Flow, FlowEnd, ParseFlowError, Step, StepChange};
pub use id::{BulbId, ParseBulbIdError};
pub use message::Reply;
pub use method::{Adjustable, Direction, Limits, Method, PowerMode};
pub use model::{Kind, Profile};
pub use property::{Properties, Property, PropertyValue};
pub use quota::QuotaPolicy;
pub use scene::Scene;
pub use session::Session;
pub use state::State;

/// The TCP port that bulbs are controlled on.
pub const PORT: u16 = 55443;
/// The UDP port that bulbs are searched on.
pub const SEARCH_PORT: u16 = 1982;
/// The UDP port of token sessions.
pub const SESSION_PORT: u16 = 55444;
