//! Bytes that arrive, packet by packet.

use std::time::Duration;

use bytes::BytesMut;
use iot_home_core::Instant;

use crate::mqtt::frame::{self, Broken};
use crate::mqtt::machine::{ConnectionId, Machine};
use crate::mqtt::report::count;

impl Machine {
    /// Takes in what arrived on a connection. Whatever it holds, nothing panics.
    pub fn handle_bytes(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        self.handle_timeout(now);
        let (bytes, is_cut) = self.until_cut(bytes);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.is_deaf || connection.is_closing {
            return;
        }
        connection.begun.extend_from_slice(bytes);
        while let Some(frame) = self.next_frame(id) {
            match frame {
                Ok(frame) => self.handle_frame(now, id, frame),
                Err(broken) => self.broken(now, id, broken),
            }
        }
        if is_cut {
            self.cut(now, id);
        }
    }

    /// What of the bytes arrives before the faults cut the connection.
    fn until_cut<'b>(&mut self, bytes: &'b [u8]) -> (&'b [u8], bool) {
        let Some(left) = self.builder.faults.cut_in.as_mut() else { return (bytes, false) };
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length < *left {
            *left = left.saturating_sub(length);
            return (bytes, false);
        }
        let arrived = usize::try_from(*left).ok().and_then(|left| bytes.get(..left));
        self.builder.faults.cut_in = None;
        (arrived.unwrap_or(bytes), true)
    }

    /// The next whole packet of a connection that is still read.
    fn next_frame(&mut self, id: ConnectionId) -> Option<Result<BytesMut, Broken>> {
        let connection = self.connections.get_mut(&id).filter(|one| !one.is_closing)?;
        let largest = if connection.device.is_some() { LARGEST } else { LARGEST_CONNECT };
        match frame::length(&connection.begun, largest) {
            Ok(whole) => Some(Ok(connection.begun.split_to(whole?))),
            Err(broken) => Some(Err(broken)),
        }
    }

    fn handle_frame(&mut self, now: Instant, id: ConnectionId, frame: BytesMut) {
        let Some(connection) = self.connections.get(&id) else { return };
        match (connection.device.clone(), frame::is_connect(&frame)) {
            (None, _) if connection.is_registered => self.handle_parting(now, id, frame),
            (None, true) => self.handle_connect(now, id, &frame),
            (None, false) => {
                count(&mut self.report.violations.before_connect);
                self.close(now, id);
            }
            (Some(_), true) => {
                count(&mut self.report.violations.second_connect);
                self.close(now, id);
            }
            (Some(device), false) => match frame::read(frame) {
                Ok(packet) => {
                    self.heard(now, id);
                    self.handle_packet(now, id, &device, packet);
                }
                Err(broken) => self.broken(now, id, broken),
            },
        }
    }

    fn broken(&mut self, now: Instant, id: ConnectionId, broken: Broken) {
        let is_open = self.connections.get(&id).is_some_and(|one| one.device.is_some());
        let violations = &mut self.report.violations;
        count(match broken {
            _ if !is_open => &mut violations.bad_connect,
            Broken::Malformed => &mut violations.malformed_packet,
            Broken::TooLarge => &mut violations.payload_size,
            Broken::PacketIdZero => &mut violations.packet_id_zero,
        });
        self.close(now, id);
    }

    /// The silence of a client begins anew.
    pub(super) fn heard(&mut self, now: Instant, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.deadline = (connection.keep_alive > 0)
                .then(|| now + Duration::from_millis(u64::from(connection.keep_alive) * 1500));
        }
    }
}

/// A CONNECT is hardly ever longer than a thousand bytes.
const LARGEST_CONNECT: usize = 64 << 10;
/// The largest payload of all, and room for its topic.
const LARGEST: usize = (256 << 10) + (64 << 10);
