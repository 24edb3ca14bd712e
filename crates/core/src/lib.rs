#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub mod file;
#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub mod id;
#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub mod lenient;
pub mod mac;
#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub mod miot;
pub mod random;
pub mod secret;
pub mod time;

#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub use id::{ActionId, Aiid, Did, Eiid, EventId, ParseIdError, Piid, PropertyId, Siid};
#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub use lenient::Lenient;
pub use mac::{Mac, ParseMacError};
#[cfg(feature = "miot")]
#[cfg_attr(docsrs, doc(cfg(feature = "miot")))]
pub use miot::{ActionResult, MiotCode, PropertyResult};
#[cfg(feature = "std")]
pub use random::SystemRandom;
pub use random::{Random, SeededRandom};
pub use secret::Secret;
#[cfg(feature = "std")]
pub use time::SystemClock;
pub use time::{Clock, Instant};
