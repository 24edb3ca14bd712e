//! The simulated platforms Aliyun IoT and Tencent Cloud IoT: a strict MQTT 3.1.1 broker.
//!
//! | item | is |
//! |---|---|
//! | [`SimPlatform`] | a platform on real sockets, TCP and TLS, in tasks of its own |
//! | [`MemoryPlatform`] | a platform over streams in memory, in tokio's time |
//! | [`Machine`] | the same platform without sockets and without a clock |
//! | [`Builder`] | who is let in, and how strictly |
//! | [`Faults`] | what goes wrong |
//! | [`Report`], [`Message`] | what the platform saw, refused and did, and what was said |
//! | [`ThingState`] | what it keeps of a device |

#[macro_use]
mod handle;

mod builder;
mod device;
mod faults;
mod filter;
mod frame;
mod host;
mod listen;
mod login;
mod machine;
mod memory;
mod message;
mod platform;
mod product;
mod refusal;
mod report;
mod session;
mod thing;
mod tls;
mod topics;

pub use builder::Builder;
pub use device::DeviceId;
pub use faults::{AnswerFault, Faults, Silence};
pub use machine::{
    CallId, ConnectionId, CutAfter, Link, Machine, Output, RrpcError, UnknownDevice,
};
pub use memory::MemoryPlatform;
pub use message::Message;
pub use platform::{SimPlatform, SpawnError};
pub use product::Product;
pub use refusal::LoginRefusal;
pub use report::{Report, Violations};
pub use thing::{ShadowDocument, ThingState};
pub use tls::{CertificateError, ClientCertificates, ClientIdentity};
