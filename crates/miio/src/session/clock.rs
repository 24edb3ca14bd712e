//! What a device believes the time is, and who said so.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Instant;

use crate::packet::{Header, is_unknown_did};

/// The device's id and clock, as a sealed reply has confirmed them or hello replies claim them.
///
/// A hello reply can be forged, so its claim is only tried, and forgotten once a sealed reply
/// shows the truth. That way one forged hello costs a retransmission and not the device.
#[derive(Debug, Default)]
pub(super) struct DeviceClock {
    confirmed: Option<Claim>,
    claims: Vec<Claim>,
    /// Which one is in use: 0 the confirmed one, then the claims.
    turn: usize,
}

impl DeviceClock {
    /// The header to send with now, or nothing while no device has answered.
    pub(super) fn header(&self, now: Instant) -> Option<Header> {
        let choices = self.len();
        self.choices().nth(self.turn.checked_rem(choices)?).map(|claim| claim.header(now))
    }

    /// The did and the clock that a sealed reply has confirmed.
    pub(super) fn confirmed(&self, now: Instant) -> Option<Header> {
        self.confirmed.as_ref().map(|claim| claim.header(now))
    }

    /// The did, as far as it is known.
    pub(super) fn did(&self) -> Option<u64> {
        self.choices().next().map(|claim| claim.did)
    }

    /// Whether a sealed reply has confirmed the did and the clock.
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed.is_some()
    }

    /// The header in use did not help: try the next one.
    pub(super) fn rotate(&mut self) {
        self.turn = self.turn.wrapping_add(1).checked_rem(self.len()).unwrap_or(0);
    }

    /// A hello reply says this. Returns whether it is news, which is then in use.
    pub(super) fn claim(&mut self, now: Instant, did: u64, stamp: u32) -> bool {
        let did = self.known_or(did);
        let claim = Claim { did, clock: Reading::new(now, stamp) };
        let is_other_device = self.confirmed.as_ref().is_some_and(|known| known.did != did);
        if is_other_device || self.choices().any(|known| known.agrees(&claim, now)) {
            return false;
        }
        if self.claims.len() >= MAX_CLAIMS {
            self.claims.remove(0);
        }
        self.claims.push(claim);
        self.turn = self.len().saturating_sub(1);
        true
    }

    /// A sealed reply to a request of ours says this.
    pub(super) fn confirm(&mut self, now: Instant, did: u64, stamp: u32) {
        let clock = match (Reading::new(now, stamp), &self.confirmed) {
            // A device that has lost its clock shows 0; what worked a moment ago still does.
            // Unless it was 0 that worked: then it wants that until it shows a clock again.
            (Reading::None, Some(known)) if !self.uses_zero() => known.clock,
            (reading, _) => reading,
        };
        self.confirmed = Some(Claim { did: self.known_or(did), clock });
        // Claims are rare after this, and their room is worth more than the next allocation.
        self.claims = Vec::new();
        self.turn = 0;
    }

    fn uses_zero(&self) -> bool {
        let turn = self.turn.checked_rem(self.len()).unwrap_or(0);
        self.choices().nth(turn).is_some_and(|claim| matches!(claim.clock, Reading::None))
    }

    /// Some robots' internal sockets do not tell their did: the known one stays.
    fn known_or(&self, did: u64) -> u64 {
        self.did().filter(|_| is_unknown_did(did)).unwrap_or(did)
    }

    fn choices(&self) -> impl Iterator<Item = &Claim> {
        self.confirmed.iter().chain(&self.claims)
    }

    fn len(&self) -> usize {
        self.claims.len().saturating_add(usize::from(self.confirmed.is_some()))
    }
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    did: u64,
    clock: Reading,
}

impl Claim {
    fn header(&self, now: Instant) -> Header {
        Header { did: self.did, stamp: self.clock.stamp(now) }
    }

    /// Whether both say the same, up to the second by which a stamp is cut off.
    fn agrees(&self, other: &Self, now: Instant) -> bool {
        let kinds = matches!(self.clock, Reading::None) == matches!(other.clock, Reading::None);
        self.did == other.did
            && kinds
            && self.clock.stamp(now).abs_diff(other.clock.stamp(now)) <= 1
    }
}

/// One look at the device's clock.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// The device shows 0: it does not know the time, and wants 0 back.
    None,
    At {
        stamp: u32,
        seen: Instant,
    },
}

impl Reading {
    fn new(seen: Instant, stamp: u32) -> Self {
        if stamp == 0 { Self::None } else { Self::At { stamp, seen } }
    }

    /// What the device's clock shows now: whole seconds, at most one behind.
    fn stamp(self, now: Instant) -> u32 {
        match self {
            Self::None => 0,
            Self::At { stamp, seen } => {
                let passed: Duration = now.saturating_since(seen);
                stamp.wrapping_add(u32::try_from(passed.as_secs()).unwrap_or(u32::MAX))
            }
        }
    }
}

/// How many unconfirmed claims are kept, so that a flood of forged hellos costs nothing.
const MAX_CLAIMS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn the_stamp_follows_the_clock() {
        let mut clock = DeviceClock::default();
        assert_eq!(clock.header(at(0)), None);
        assert!(clock.claim(at(10), 7, 1000));
        assert_eq!(clock.header(at(35)), Some(Header { did: 7, stamp: 1025 }));
        assert!(!clock.claim(at(35), 7, 1024), "a second off is the same clock");
    }

    #[test]
    fn a_forged_claim_is_tried_and_forgotten() {
        let mut clock = DeviceClock::default();
        clock.claim(at(0), 7, 1000);
        clock.confirm(at(0), 7, 1000);
        assert!(clock.claim(at(1), 7, 5), "a reboot looks like this");
        assert_eq!(clock.header(at(1)).unwrap().stamp, 5);
        clock.rotate();
        assert_eq!(clock.header(at(1)).unwrap().stamp, 1001);
        clock.confirm(at(2), 7, 1002);
        clock.rotate();
        assert_eq!(
            (clock.header(at(2)).unwrap().stamp, clock.len()),
            (1002, 1),
            "the claim is gone"
        );
        assert!(!clock.claim(at(2), 8, 1), "another did cannot replace a confirmed one");
    }

    #[test]
    fn claims_are_bounded() {
        let mut clock = DeviceClock::default();
        for forged in 0..1000 {
            clock.claim(at(0), forged, 100);
        }
        assert_eq!(clock.len(), MAX_CLAIMS);
    }

    #[test]
    fn a_device_without_a_clock_gets_zero_back() {
        let mut clock = DeviceClock::default();
        clock.claim(at(0), 7, 0);
        assert_eq!(clock.header(at(500)).unwrap().stamp, 0);
        clock.confirm(at(500), 7, 0);
        assert_eq!(clock.header(at(900)).unwrap().stamp, 0);
        clock.confirm(at(900), 7, 77);
        clock.confirm(at(901), 7, 0);
        assert_eq!(clock.header(at(902)).unwrap().stamp, 79, "a clock once seen outlives a zero");
    }

    #[test]
    fn an_unknown_did_keeps_the_known_one() {
        let mut clock = DeviceClock::default();
        clock.claim(at(0), 7, 100);
        clock.claim(at(0), 0xffff_ffff, 900);
        assert_eq!(clock.header(at(0)), Some(Header { did: 7, stamp: 900 }));
    }
}
