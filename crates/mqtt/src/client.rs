//! The session: connected to a broker, and connected again.

#[cfg(feature = "payload")]
mod call_error;
mod driver;
mod error;
mod event;
#[cfg(feature = "payload")]
mod exchange;
mod machine;
mod message;
mod options;
mod session;
mod shared;
pub mod tls;
mod transport;
mod wire;

#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub use call_error::{CallError, CallErrorKind};
pub use error::{Error, ErrorKind};
pub use event::Event;
#[cfg(feature = "payload")]
#[cfg_attr(docsrs, doc(cfg(feature = "payload")))]
pub use exchange::{Exchange, Sorted};
pub use message::{Message, Qos};
pub use options::{Options, Wire};
pub use session::{Handle, Messages, Session};
pub use tls::Tls;
pub use wire::{Direction, WireEvent};
