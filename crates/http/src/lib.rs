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

mod body;
mod builder;
mod client;
#[cfg(feature = "download")]
#[cfg_attr(docsrs, doc(cfg(feature = "download")))]
pub mod download;
mod error;
mod place;
mod trust;

pub use bytes;
pub use http;
/// What [`Client::from_reqwest`] takes.
pub use reqwest;
/// What [`Builder::tls`] takes.
pub use rustls;

pub use body::Body;
pub use builder::{Builder, InvalidClient};
pub use client::{Answering, Client, HttpClient, Request, Response};
#[cfg(feature = "download")]
#[doc(inline)]
pub use download::{Digest, Download, DownloadError};
pub use error::{Error, ErrorKind};
