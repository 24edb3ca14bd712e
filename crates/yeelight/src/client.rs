//! The tokio client: thin drivers around the state machines of this crate.
//!
//! [`Discovery`] searches for bulbs and [`Listener`] hears their advertisements. Both are streams that
//! own their sockets: nothing runs beside them, and nothing is left when they are dropped.

mod discovery;
mod error;
mod notify;
mod sockets;
mod wire;

pub use self::discovery::{Discovery, DiscoveryBuilder, SearchAddr};
pub use self::error::{Error, ErrorKind};
pub use self::notify::{Listener, ListenerBuilder};
pub use self::wire::{Direction, WireEvent};
