//! Bringing a device into a Wi-Fi: what it is told, and what it answers.
//!
//! After a reset a device opens an access point of its own and shows its token to whoever says hello. There it takes
//! [`Network`], the name and the password of the Wi-Fi it is to join, and leaves. The token stays the same, and from
//! then on the device hides it: this is the way to a token without the cloud.
//!
//! The acknowledgement is easily lost, since the radio changes over while it is sent. Silence means that the device
//! may have taken the settings: look for its did in the network that it was to join.
//!
//! | item | is |
//! |---|---|
//! | [`Network`] | the settings, checked before anything is sent |
//! | [`Acknowledgement`] | what a device says to them, in one of six forms |
//! | [`Association`] | how joining goes, and why it fails |
//! | [`KNOWN_ADDRESSES`] | where devices are while they are an access point |
//! | `secure` | the variant with a key exchange, behind the feature `provisioning-secure`; experimental |

mod acknowledgement;
mod association;
mod network;
#[cfg(feature = "provisioning-secure")]
#[cfg_attr(docsrs, doc(cfg(feature = "provisioning-secure")))]
pub mod secure;

use core::net::Ipv4Addr;

pub use self::acknowledgement::Acknowledgement;
pub use self::association::{Association, JoinFailure};
pub use self::network::{Network, NetworkError, Setting};
use crate::message::Request;

/// Where devices are while they are an access point, by the chip inside: Marvell and Yeelight, ESP, vacuums, one
/// air purifier.
pub const KNOWN_ADDRESSES: [Ipv4Addr; 4] = [
    Ipv4Addr::new(192, 168, 13, 1),
    Ipv4Addr::new(192, 168, 4, 1),
    Ipv4Addr::new(192, 168, 8, 1),
    Ipv4Addr::new(10, 0, 2, 2),
];

/// `miIO.stop_diag_mode`, with which the vendor's app ends a provisioning.
pub fn stop_diag_mode() -> Request {
    Request::fixed("miIO.stop_diag_mode", "\"\"").idempotent(true)
}
