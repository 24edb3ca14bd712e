//! Real sockets on loopback, on free ports.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    missing_docs
)]

mod opening;
mod reading;
mod timer;
mod wire;
