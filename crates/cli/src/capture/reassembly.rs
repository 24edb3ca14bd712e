//! Putting fragmented IP packets together, in bounded memory.

use std::collections::VecDeque;
use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;
use etherparse::{VlanId, ip_number};

use super::packet::Fragment;
use super::{Summary, Time, increase};

/// The most packets that may wait for fragments; the oldest makes room.
const MAX_PENDING: usize = 64;
/// The most seconds between the first and the last fragment of a packet (RFC 8200, 4.5).
const MAX_SECONDS: u64 = 60;

/// What the fragments of one packet have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Interface they were captured on: a router's capture holds the same packet twice.
    pub(super) interface: u32,
    /// VLAN tags, for the same reason.
    pub(super) vlans: [Option<VlanId>; 3],
    /// Sender.
    pub(super) src: IpAddr,
    /// Receiver.
    pub(super) dst: IpAddr,
    /// Identification.
    pub(super) id: u32,
}

/// The packets of which some fragments have been seen, the oldest first.
#[derive(Default)]
pub(super) struct Reassembly {
    pending: VecDeque<(Key, Option<Time>, IpDefragBuf)>,
}

impl Reassembly {
    /// Takes a fragment; the packet, if that was the last one missing.
    pub(super) fn add(
        &mut self,
        key: Key,
        fragment: Fragment,
        payload: &[u8],
        time: Option<Time>,
        summary: &mut Summary,
    ) -> Option<Vec<u8>> {
        let found = self.pending.iter().position(|(pending, ..)| *pending == key);
        let (started, mut buffer) = match found.and_then(|at| self.pending.remove(at)) {
            Some((_, started, buffer)) if together(started, time) => (started, buffer),
            earlier => {
                if earlier.is_some() {
                    // The identification is in use again: the earlier packet stays incomplete.
                    increase(&mut summary.incomplete);
                }
                (time, IpDefragBuf::new(ip_number::UDP, Vec::new(), Vec::new()))
            }
        };
        if payload.is_empty() || buffer.add(fragment.offset, fragment.more, payload).is_err() {
            // Fragments that contradict each other: none of them can be trusted.
            increase(&mut summary.malformed);
            return None;
        }
        if !buffer.is_complete() {
            if self.pending.len() >= MAX_PENDING && self.pending.pop_front().is_some() {
                increase(&mut summary.incomplete);
            }
            self.pending.push_back((key, started, buffer));
            return None;
        }
        let end = buffer.end();
        let (packet, sections) = buffer.take_bufs();
        if sections.first().map(|section| section.end) != end {
            // There were bytes beyond what the last fragment called the end.
            increase(&mut summary.malformed);
            return None;
        }
        Some(packet)
    }

    /// How many packets are still incomplete.
    pub(super) fn pending(&self) -> u64 {
        u64::try_from(self.pending.len()).unwrap_or(u64::MAX)
    }
}

/// Whether two fragments are close enough in time to be of one packet.
fn together(started: Option<Time>, now: Option<Time>) -> bool {
    match (started, now) {
        (Some(started), Some(now)) => started.secs.abs_diff(now.secs) <= MAX_SECONDS,
        _ => true,
    }
}
