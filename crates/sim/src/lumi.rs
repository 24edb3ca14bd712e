//! Simulated Lumi gateways, as their LAN protocol shows them.
//!
//! | item | is |
//! |---|---|
//! | [`SimGateway`] | a gateway on real sockets, in a task of its own |
//! | [`Machine`] | the same gateway without sockets and without a clock |
//! | [`Builder`] | what a gateway is: id, model, key, version, children |
//! | [`Child`] | what a child is: id, model, values |
//! | [`Report`] | what the gateway saw, refused and did |

mod builder;
mod child;
mod command;
mod gateway;
mod machine;
mod report;

pub use builder::Builder;
pub use child::Child;
#[cfg(feature = "micloud")]
pub(crate) use gateway::Shared;
pub use gateway::{SimGateway, SpawnError};
pub use machine::{Machine, Port};
pub use report::{Report, Violations};
