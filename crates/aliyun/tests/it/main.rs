//! What the crate promises, against vectors of official SDKs, and against itself from the other side.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod authorities;
mod changes;
mod logins;
mod mistakes;
mod names;
mod presented;
#[cfg(feature = "registration")]
mod registration;
mod secrets;
mod shapes;
#[cfg(feature = "payload")]
mod thing;
mod vectors;
