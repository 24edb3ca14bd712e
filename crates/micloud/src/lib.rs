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

pub mod api;
mod call;
pub mod capture;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
mod cookie;
mod envelope;
mod error;
mod form;
mod hosts;
mod identity;
mod lenient;
pub mod login;
mod method;
mod nonce;
mod open;
mod path;
mod raw;
mod region;
mod request;
mod response;
mod session;
mod signed;
mod signed_nonce;
mod ssecurity;
mod url;
mod urlencoded;

pub use call::{Call, InvalidCall};
pub use capture::Capture;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
#[doc(inline)]
pub use client::MiCloud;
pub use error::{ApiError, Expiry, ServerText};
pub use form::{Mode, SignedForm, UnknownMode};
pub use hosts::{Hosts, InvalidUrl, Service};
pub use identity::{DeviceId, Identity, InvalidDeviceId, InvalidIdentity};
pub use login::{Answer, Challenge, Login, LoginError, Step};
pub use method::{Method, UnknownMethod};
pub use nonce::{Nonce, NonceError};
pub use open::{MAX_INFLATED, OpenError};
pub use path::signing_path;
pub use raw::RawJson;
pub use region::{Region, UnknownRegion};
pub use request::Request;
pub use response::Response;
pub use session::{Credentials, ServiceKeys, Session, SessionError};
pub use signed::{Api, Signed};
pub use signed_nonce::{NotBase64, SignedNonce};
pub use ssecurity::{Ssecurity, SsecurityError};
