//! Simulated miIO devices.
//!
//! | item | is |
//! |---|---|
//! | [`SimDevice`] | a device on a real UDP socket, in a task of its own |
//! | [`Machine`] | the same device without a socket and without a clock |
//! | [`VirtualLink`] | a [`Machine`] and a client's session, joined in memory in virtual time |
//! | [`Builder`] | what a device is: did, token, model, properties, actions, faults |
//! | [`AccessPoint`] | a device that has not joined a Wi-Fi yet |
//! | [`spec`] | services, properties and actions of MIoT |
//! | [`Faults`], [`Quirk`] | what goes wrong on the way, and what the device writes wrongly |
//! | [`Report`] | what the device saw, refused and did |

mod access_point;
mod answer;
mod builder;
mod device;
mod faults;
mod fetch;
mod gateway;
mod machine;
mod methods;
mod network;
#[cfg(feature = "provisioning-secure")]
mod pairing;
mod presets;
mod properties;
mod push;
mod quirk;
mod refusals;
mod report;
mod scene;
pub mod spec;
mod station;
mod store;
mod updater;
mod virtual_link;

#[cfg(feature = "micloud")]
pub(crate) use device::Shared;

pub use access_point::{AccessPoint, Acknowledges};
pub use builder::{BuildError, Builder, DeviceClock, DidPolicy, HelloToken};
pub use device::{SimDevice, SpawnError};
pub use faults::{Beyond, Faults, Silence};
pub use gateway::{Child, ChildList};
pub use machine::Machine;
#[cfg(feature = "provisioning-secure")]
pub use pairing::{Imposter, Secure};
pub use properties::{Properties, PropertyError, PropertyName};
pub use push::LanPush;
pub use quirk::{Quirk, UnknownQuirk};
pub use refusals::Refusals;
pub use report::{Report, Violations};
pub use spec::{Action, Property, Service};
pub use updater::{Fetch, UpdateFault};
pub use virtual_link::VirtualLink;
