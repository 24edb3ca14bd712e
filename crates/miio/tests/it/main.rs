//! What the crate promises, against vectors, the simulated device and real sockets.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod cipher;
mod client;
mod discovery;
mod discovery_search;
mod exchanges;
mod gateway;
mod greeting;
mod hostile;
#[cfg(feature = "ota")]
mod maintenance;
mod many_devices;
mod message_quirks;
mod packet;
mod provisioning;
#[cfg(feature = "provisioning-secure")]
mod provisioning_secure;
mod push;
mod responder;
mod scene;
mod secrets;
mod session;
mod token;
mod vectors;
