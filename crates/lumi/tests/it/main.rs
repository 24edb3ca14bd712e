//! What the crate promises, against fixtures, the simulated gateway and real sockets.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod any_datagram;
mod client;
mod fixtures;
mod rig;
mod search;
mod secrets;
mod session;
mod trust;
