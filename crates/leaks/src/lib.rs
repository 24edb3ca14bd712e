//! For tests: everything that can be printed or traced, searched for secrets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is for tests, which may fail loudly")]

mod printed;
mod shows;
mod traced;
mod types;

pub use self::printed::Printed;
pub use self::shows::shows;
pub use self::traced::traced;
pub use self::types::public_types;
