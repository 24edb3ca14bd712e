#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::unwrap_used)
)]

mod form;
mod method;
mod nonce;
mod path;
mod signed_nonce;
mod ssecurity;
mod urlencoded;

pub use form::{Mode, SignedForm, UnknownMode};
pub use method::{Method, UnknownMethod};
pub use nonce::{Nonce, NonceError};
pub use path::signing_path;
pub use signed_nonce::{NotBase64, SignedNonce};
pub use ssecurity::{Ssecurity, SsecurityError};
