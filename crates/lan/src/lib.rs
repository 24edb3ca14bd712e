#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod error;
mod interface;
mod open;
mod sockets;
mod timer;
pub mod wire;

pub use self::error::{Error, is_of_a_peer};
pub use self::interface::{Interface, chosen, interfaces, is_on_link};
pub use self::open::{group_sockets, open_each, socket, unspecified};
pub use self::sockets::Sockets;
pub use self::timer::Timer;
pub use self::wire::{Direction, WireEvent};
