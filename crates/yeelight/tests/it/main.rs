//! What the crate promises, against fixtures, the simulated bulb and real sockets.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod advert;
mod answers;
mod any_flow;
mod any_message;
mod any_method;
mod any_session;
mod any_state;
mod client;
mod day;
mod directory;
mod discovery;
mod exchanges;
mod faults;
mod hostile;
mod link;
mod listener;
mod means;
mod over_miio;
mod quota;
mod realtime;
mod reread;
mod rig;
mod search;
mod secrets;
mod session;
mod session_model;
mod strategies;
mod user;
mod writes;
