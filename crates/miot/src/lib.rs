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

pub mod action;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
pub mod event;
mod fields;
pub mod format;
pub mod input;
pub mod instance;
pub mod language;
pub mod list;
pub mod lookup;
pub mod models;
mod names;
pub mod property;
pub mod range;
#[cfg(feature = "samples")]
#[cfg_attr(docsrs, doc(cfg(feature = "samples")))]
pub mod samples;
pub mod service;
pub mod shown;
pub mod spec;
pub mod urn;
pub mod value;

pub use action::Action;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::SpecServer;
pub use event::Event;
pub use format::Format;
pub use input::InputError;
pub use instance::{Instance, ParseError};
pub use language::{Language, Languages};
pub use list::ListItem;
pub use lookup::LookupError;
pub use models::{Models, Release};
pub use property::{Access, Property};
pub use range::ValueRange;
pub use service::Service;
pub use shown::Shown;
pub use spec::Spec;
pub use urn::{Kind, Urn, UrnError};
pub use value::{Fault, ValueError};
