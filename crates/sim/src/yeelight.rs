//! Simulated Yeelight bulbs.
//!
//! | item | is |
//! |---|---|
//! | [`SimBulb`] | a bulb on real sockets, in tasks of its own |
//! | [`MemoryBulb`] | a bulb over streams in memory, in tokio's time |
//! | [`Machine`] | the same bulb without sockets and without a clock |
//! | [`Builder`] | what a bulb is: id, model, properties, quota |
//! | [`Faults`], [`Quirk`] | what goes wrong, and what the bulb gets wrong |
//! | [`Report`] | what the bulb saw, refused and did |

#[macro_use]
mod handle;

mod builder;
mod bulb;
mod faults;
mod host;
mod lamp;
mod machine;
mod memory;
mod message;
mod model;
mod params;
mod presets;
mod properties;
mod quirk;
mod quota;
mod refusal;
mod report;
mod request;
mod search;

pub use builder::{Builder, PropertyError};
#[cfg(feature = "micloud")]
pub(crate) use bulb::Connected;
pub use bulb::{SimBulb, SpawnError};
pub use faults::{Close, Faults, Silence};
pub use machine::{ConnectionId, Machine, Output};
pub use memory::MemoryBulb;
pub use message::{AnswerForm, PushForm};
pub use model::UdpSession;
pub use quirk::{Quirk, UnknownQuirk};
pub use quota::Quota;
pub use report::{Report, Violations};
