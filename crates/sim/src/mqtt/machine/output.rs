//! Bytes that leave, with what the faults make of them.

use std::time::Duration;

use bytes::BytesMut;
use iot_home_core::Instant;
use rumqttc::mqttbytes::v4::Packet;

use crate::mqtt::faults::Silence;
use crate::mqtt::machine::{ConnectionId, Machine};

impl Machine {
    /// Sends a packet to a connection.
    pub(super) fn send(&mut self, now: Instant, id: ConnectionId, packet: &Packet) {
        let mut bytes = BytesMut::new();
        // Nothing that is sent is larger than what is received.
        if packet.write(&mut bytes, usize::MAX).is_ok() {
            self.send_bytes(now, id, &bytes);
        }
    }

    pub(super) fn send_bytes(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        if self.builder.faults.silence != Silence::Never {
            return;
        }
        let delay = &self.builder.faults.delay;
        let nanos = |duration: &Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let delay = match (nanos(delay.start()), nanos(delay.end())) {
            (0, 0) => 0,
            (low, high) => self.random.between(low, high),
        };
        let due = now + Duration::from_nanos(delay);
        let mut bytes = bytes;
        let mut is_cut = false;
        if let Some(left) = self.builder.faults.cut_out.as_mut() {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if length < *left {
                *left = left.saturating_sub(length);
            } else {
                let most = usize::try_from(*left).ok().and_then(|left| bytes.get(..left));
                (bytes, is_cut) = (most.unwrap_or(bytes), true);
                self.builder.faults.cut_out = None;
            }
        }
        if !self.outbox.write(now, due, &mut self.connections, id, bytes) {
            self.overflowed(now, id);
        } else if is_cut {
            self.close(now, id);
        }
    }
}
