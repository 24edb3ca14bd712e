//! The spec server, and a cache of what it said.
//!
//! | item | is |
//! |---|---|
//! | [`SpecServer`] | specs by model or urn, the list of models, descriptions in other languages |
//! | [`Builder`] | what it is to be like: servers, folder, HTTP client, clock |
//! | [`Error`], [`ErrorKind`] | how something fails, and what to do |
//!
//! # What is on the disk
//!
//! A file for each answer, that begins with lines of ours: when it was fetched, how long it is, and of which address.
//! It is written beside its place and then renamed. A file that is cut off, another program's, or for another address
//! is as good as none, and so is one that says nothing readable. A folder that cannot be written to is a warning in
//! the log, and no error.

mod builder;
mod cache;
mod error;
mod fetch;
mod server;

pub use builder::Builder;
pub use error::{Error, ErrorKind};
pub use server::SpecServer;
