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

pub mod advert;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod color;
pub mod directory;
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
pub mod search;
pub mod session;
pub mod sighting;
pub mod state;
pub mod udp;

pub use advert::{Advert, AdvertError, AdvertKind};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::{
    Bulb, Change, Changes, Discovery, Error, ErrorKind, Listener, Realtime, Transport,
};
pub use color::{Color, ColorMode, Light, Rgb};
pub use directory::Directory;
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
pub use search::Search;
pub use session::Session;
pub use sighting::Sighting;
pub use state::State;

/// The TCP port that bulbs are controlled on.
pub const PORT: u16 = 55443;
/// The UDP port that bulbs are searched on.
pub const SEARCH_PORT: u16 = 1982;
/// The UDP port of token sessions.
pub const SESSION_PORT: u16 = 55444;
