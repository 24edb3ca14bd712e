//! What the crate promises, against packets of official SDKs and against itself from the other side.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

#[cfg(feature = "payload")]
mod payload;
mod problems;
mod properties;
mod rules;
#[cfg(feature = "rumqttc")]
mod rumqttc;
mod secrets;
#[cfg(feature = "client")]
mod session;
#[cfg(feature = "client")]
mod tls;
mod topics;
mod vectors;
