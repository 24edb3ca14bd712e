//! CONNECT and CONNACK, written and read by the specification of MQTT 3.1.1; 3.1 is read as well.
//!
//! [`parse`] takes what is right and nothing else. [`inspect`] is for a person with a packet that a broker
//! refuses: it reads on where it can, and names everything that is wrong. Both read from the given bytes
//! and nothing is allocated by a length that the packet claims.
//!
//! ```
//! use iot_home_mqtt::packet::{Packet, inspect, parse};
//!
//! let packet = [&b"\x10\x15\0\x04MQTT\x04\xc2\0\x3c\0\x01a\0\x02me\0\x02pw"[..], b"\r\n"].concat();
//! let inspection = inspect(&packet)?;
//! let Packet::Connect(connect) = inspection.packet else { panic!("it is one") };
//! assert_eq!((&*connect.client_id, connect.keep_alive), ("a", 60));
//! let problems: Vec<_> = inspection.problems.iter().map(ToString::to_string).collect();
//! assert_eq!(problems, ["2 bytes follow the packet"]);
//! assert!(parse(&packet).is_err());
//! # Ok::<(), iot_home_mqtt::Problem>(())
//! ```

mod connack;
mod connect;
mod problem;
mod read;

use alloc::vec::Vec;

pub use self::connack::{Connack, ConnectCode};
pub use self::connect::{Connect, Protocol, Will};
pub use self::problem::{PacketField, Problem};

/// A packet of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// The client's first packet.
    Connect(Connect<'a>),
    /// The broker's answer to it.
    Connack(Connack),
}

/// A packet as far as it could be read, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection<'a> {
    /// What could be read. Fields that are cut off, and those behind them, are missing.
    pub packet: Packet<'a>,
    /// In the order in which they were found; none for a packet that is right.
    pub problems: Vec<Problem>,
}

/// Reads exactly one packet.
///
/// # Errors
/// The first thing that is wrong with it, bytes behind it included.
pub fn parse(bytes: &[u8]) -> Result<Packet<'_>, Problem> {
    let mut first = None;
    let packet = read::packet(bytes, &mut |problem| {
        first.get_or_insert(problem);
    })?;
    first.map_or(Ok(packet), Err)
}

/// Reads a packet as far as that is possible.
///
/// # Errors
/// What keeps it from being a CONNECT or CONNACK at all.
pub fn inspect(bytes: &[u8]) -> Result<Inspection<'_>, Problem> {
    let mut problems = Vec::new();
    let packet = read::packet(bytes, &mut |problem| problems.push(problem))?;
    Ok(Inspection { packet, problems })
}
