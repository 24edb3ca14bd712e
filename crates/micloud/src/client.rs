//! The client: it logs in, calls, and recovers by itself.
//!
//! | item | is |
//! |---|---|
//! | [`MiCloud`] | the handle: calls, and a method for each family of them |
//! | [`Builder`] | which region, which servers, whose session |
//! | [`LoginFlow`], [`Event`] | a login, whose challenges are data |
//! | [`Error`], [`ErrorKind`] | what went wrong, to act on |

mod builder;
mod cloud;
mod error;
mod families;
mod file;
mod flow;
mod gather;
mod policy;
mod renewal;
mod transport;

pub use builder::Builder;
pub use cloud::MiCloud;
pub use error::{Error, ErrorKind};
pub use flow::{Event, LoginFlow};
