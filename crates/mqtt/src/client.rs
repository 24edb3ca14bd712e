//! The session: connected to a broker, and connected again.

mod driver;
mod error;
mod event;
mod machine;
mod message;
mod options;
mod session;
mod shared;
pub mod tls;
mod transport;
mod wire;

pub use error::{Error, ErrorKind};
pub use event::Event;
pub use message::{Message, Qos};
pub use options::{Options, Wire};
pub use session::{Handle, Messages, Session};
pub use tls::Tls;
pub use wire::{Direction, WireEvent};
