//! The hub against simulated homes, on loopback.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod batch;
mod bulb;
mod classic;
mod discovery;
mod home;
mod list;
mod lumi;
mod rig;
mod routes;
mod secrets;
mod watch;
mod watch_loss;
mod watch_members;
mod whole_home;
