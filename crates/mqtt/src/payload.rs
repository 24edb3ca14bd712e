//! JSON as clouds send it and want it: for the crates that make payloads and read them.
//!
//! What is read keeps its values where they lie ([`Json`]), takes numbers for texts and texts for numbers where platforms
//! mix them up ([`Text`], [`lenient`]), and never shows a value in `Debug` or in an error.

mod code;
mod ids;
mod json;
pub mod lenient;
mod link;
mod text;
mod unreadable;
mod unwritable;

pub use ids::Ids;
pub use json::{Json, Members};
pub use link::Link;
pub use text::Text;
pub use unreadable::{Unreadable, read};
pub use unwritable::{Unwritable, object, value};
