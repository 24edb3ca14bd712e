//! The client against servers that behave, and others.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

mod client;
#[cfg(feature = "download")]
mod download;
mod server;
mod tls;
