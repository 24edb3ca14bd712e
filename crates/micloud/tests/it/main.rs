//! What the crate promises: against vectors of other implementations, against itself, against hostile answers.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod account;
mod answers;
mod calls;
mod captures;
mod logins;
mod secrets;
mod sessions;
mod vectors;
