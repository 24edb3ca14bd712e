//! What devices announce by mDNS, read. Looking for it needs the feature `mdns`.
//!
//! Devices that speak miIO put model and did into the name of their `_miio._udp` instance, and the central gateways of
//! Xiaomi's own automation put theirs into the record `profile`. Everything else in [`Service`] is a neighbour: worth
//! showing, and nothing that the crates around this one talk to. Nobody who announces anything is authenticated, and the
//! addresses are those that the announcement names.

mod announcement;
#[cfg(feature = "mdns")]
pub(crate) mod browser;
mod central;
mod name;
mod service;

pub use announcement::Announcement;
pub use central::CentralProfile;
pub use name::MiioName;
pub use service::Service;

pub(crate) use name::mac_in;
