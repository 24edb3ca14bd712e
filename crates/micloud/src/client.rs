//! The tokio client: it sends what the other half makes, and recovers by itself.
//!
//! | item | is |
//! |---|---|
//! | [`MiCloud`] | an account at a region, with a method for each call |
//! | [`Builder`] | what it is to be like: region, language, servers, HTTP client, clock, session |
//! | [`Dialog`] | a login under way: what a person is asked comes out as data |
//! | [`SessionFile`] | where a session is kept, for its owner alone |
//! | [`Error`], [`ErrorKind`], [`LoginReason`] | how something fails, what to do, and why a person must log in |

mod backoff;
mod builder;
mod calling;
mod cloud;
mod control;
mod devices;
mod dialog;
mod error;
mod file;
mod files;
mod history;
mod properties;
mod renewal;
mod scenes;
mod shared;
mod wire;

pub use builder::Builder;
pub use cloud::MiCloud;
pub use dialog::Dialog;
pub use error::{Error, ErrorKind, LoginReason};
pub use file::SessionFile;
