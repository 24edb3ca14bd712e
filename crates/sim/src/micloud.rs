//! A stand-in for the Mi cloud: the account's server, the exchange of tickets, and the API.
//!
//! | item | is |
//! |---|---|
//! | [`SimCloud`] | a cloud on real sockets, in tasks of its own |
//! | [`Builder`] | whose accounts, homes and devices it knows, and how strictly |
//! | [`Account`] | who may log in, and what is asked of them |
//! | [`CloudDevice`], [`Home`], [`Scene`] | what an account has |
//! | [`Expiry`], [`Faults`], [`Outage`] | how logins end, and what goes wrong |
//! | [`Report`], [`Violations`] | what the cloud saw, refused and did |

mod account;
mod api;
mod asked;
mod builder;
mod cloud;
mod device;
mod faults;
mod home;
mod machine;
mod remote;
mod report;
mod said;

pub use crate::web::Outage;
pub use account::{Account, Verification};
pub use builder::{BuildError, Builder};
pub use cloud::{SimCloud, SpawnError};
pub use device::CloudDevice;
pub use faults::{Expiry, Faults};
pub use home::{Home, Scene};
pub use report::{Report, Violations};
