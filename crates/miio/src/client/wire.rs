//! Watching what goes over the wire.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_lan::Direction;

use crate::cipher::{Cipher, OpenError};
use crate::packet::{Packet, PacketKind};

/// One datagram, as [`ClientBuilder::on_wire`](super::ClientBuilder::on_wire) and
/// [`DiscoveryBuilder::on_wire`](super::DiscoveryBuilder::on_wire) see it.
#[derive(Clone)]
#[non_exhaustive]
pub struct WireEvent<'a> {
    /// Which way it went.
    pub direction: Direction,
    /// The device's address, or a stranger's.
    pub peer: SocketAddr,
    /// The time since the client was bound, or the search began.
    pub at: Duration,
    /// The datagram's size.
    pub len: usize,
    /// The did in the header, if it is a packet.
    pub did: Option<u64>,
    /// The stamp in the header, if it is a packet.
    pub stamp: Option<u32>,
    /// What kind of packet it is, if it is one.
    pub kind: Option<PacketKind>,
    /// The message's text as it was sent, where it could be opened. It may hold secrets.
    pub payload: Option<&'a str>,
    /// What is wrong with the datagram.
    pub problem: Option<&'a str>,
}

impl fmt::Debug for WireEvent<'_> {
    /// Leaves out the payload, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireEvent")
            .field("direction", &self.direction)
            .field("peer", &self.peer)
            .field("at", &self.at)
            .field("len", &self.len)
            .field("did", &self.did)
            .field("stamp", &self.stamp)
            .field("kind", &self.kind)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

pub(super) type Observer = Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>;

/// Tells the observer of a datagram. It is opened in a copy, since the session needs the original.
pub(super) fn observe(
    observer: &Observer,
    direction: Direction,
    peer: SocketAddr,
    at: Duration,
    datagram: &[u8],
    ciphers: impl IntoIterator<Item = Cipher>,
) {
    let packet = Packet::parse(datagram);
    let mut copy = datagram.to_vec();
    let mut problem = packet.as_ref().err().map(ToString::to_string);
    let mut payload = None;
    if packet.as_ref().is_ok_and(|packet| packet.kind() == PacketKind::Message) {
        problem = Some(String::from("comes from no device of this client"));
        for cipher in ciphers {
            match cipher.open(&mut copy) {
                Ok(text) => {
                    payload = Some(String::from_utf8_lossy(text).into_owned());
                    problem = None;
                    break;
                }
                // Unless the checksum was wrong, the copy is spoilt for another try.
                Err(error) => {
                    let stop = error != OpenError::Checksum;
                    problem = Some(error.to_string());
                    if stop {
                        break;
                    }
                }
            }
        }
    }
    let packet = packet.ok();
    observer(&WireEvent {
        direction,
        peer,
        at,
        len: datagram.len(),
        did: packet.map(|packet| packet.did()),
        stamp: packet.map(|packet| packet.stamp()),
        kind: packet.map(|packet| packet.kind()),
        payload: payload.as_deref(),
        problem: problem.as_deref(),
    });
}
