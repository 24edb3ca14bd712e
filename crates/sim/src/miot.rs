//! A stand-in for the server of MIoT-Spec: the list of models, and their instances.
//!
//! | item | is |
//! |---|---|
//! | [`SimSpecServer`] | a server on a real socket, in tasks of its own |
//! | [`Builder`] | which models it knows |
//! | [`Faults`], [`Outage`] | what goes wrong |
//! | [`Report`] | what was asked |

mod builder;
mod faults;
mod machine;
mod report;
mod server;

pub use crate::web::Outage;
pub use builder::{BuildError, Builder};
pub use faults::Faults;
pub use report::Report;
pub use server::{SimSpecServer, SpawnError};
