//! The tokio client: a thin driver around [`Session`](crate::session::Session).
//!
//! A [`Bulb`] is one connection for commands and notifications alike. Handles are cheap to clone,
//! their calls may run at the same time, and dropping a call half-way is safe. When the last handle is
//! dropped, the task and the connection end.
//!
//! [`Discovery`] searches for bulbs and [`Listener`] hears their advertisements. Both are streams that
//! own their sockets: nothing runs beside them, and nothing is left when they are dropped.

mod builder;
mod bulb;
mod changes;
mod discovery;
mod driver;
mod error;
mod lan;
mod notify;
mod queue;
mod quota;
mod realtime;
mod shared;
mod transport;

pub use iot_home_lan::{Direction, WireEvent};

pub use self::builder::{BulbBuilder, Wire};
pub use self::bulb::{Bulb, BulbAddr};
pub use self::changes::{Change, Changes};
pub use self::discovery::{Discovery, DiscoveryBuilder, SearchAddr};
pub use self::error::{Error, ErrorKind};
pub use self::lan::Lan;
pub use self::notify::{Listener, ListenerBuilder};
pub use self::realtime::{Realtime, RealtimeKind, RealtimeOptions};
pub use self::transport::{Miio, OverMiio, Transport};
