//! What lies between a client and the device's antenna.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::{Instant, Random, SeededRandom};

use crate::lane::Lane;
use crate::miio::faults::Faults;
use crate::miio::report::{Report, count};

/// Both directions of the way, and the chance that rules over them.
#[derive(Debug)]
pub(crate) struct Network {
    random: SeededRandom,
    arrivals: Lane<Arrival>,
    departures: Lane<(SocketAddr, Vec<u8>)>,
}

/// A datagram on its way to the device.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) from: SocketAddr,
    pub(crate) datagram: Vec<u8>,
    pub(crate) travel: Travel,
}

/// Whether the network made two datagrams of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Travel {
    Single,
    Original,
    Copy,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        Self { random, arrivals: Lane::default(), departures: Lane::default() }
    }

    /// Begins with another seed; what is on its way arrives as it would have.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.random = SeededRandom::new(seed);
    }

    /// Takes a datagram for the device. `Some` when it arrives at once; otherwise it comes out of
    /// [`arrive`](Self::arrive) later, or never.
    pub(crate) fn admit(
        &mut self,
        faults: &Faults,
        report: &mut Report,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Option<Travel> {
        if self.random.chance(faults.loss_in) {
            count(&mut report.dropped_in);
            return None;
        }
        let due = self.travel(faults, report, now);
        let mut travel = Travel::Single;
        if self.random.chance(faults.duplicate) {
            count(&mut report.duplicated);
            travel = Travel::Original;
            let due = self.travel(faults, report, now);
            let copy = Arrival { from, datagram: datagram.to_vec(), travel: Travel::Copy };
            self.arrivals.push(due, copy);
        }
        if due <= now {
            return Some(travel);
        }
        if !self.arrivals.push(due, Arrival { from, datagram: datagram.to_vec(), travel }) {
            count(&mut report.dropped_in);
        }
        None
    }

    /// The next datagram that has reached the device by now, and when it did.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<(Instant, Arrival)> {
        self.arrivals.pop(now)
    }

    /// Takes a datagram from the device.
    pub(crate) fn send(
        &mut self,
        faults: &Faults,
        report: &mut Report,
        now: Instant,
        to: SocketAddr,
        datagram: Vec<u8>,
    ) {
        if self.random.chance(faults.loss_out) {
            return count(&mut report.dropped_out);
        }
        if self.random.chance(faults.duplicate) {
            count(&mut report.duplicated);
            let due = self.travel(faults, report, now);
            self.departures.push(due, (to, datagram.clone()));
        }
        let due = self.travel(faults, report, now);
        if !self.departures.push(due, (to, datagram)) {
            count(&mut report.dropped_out);
        }
    }

    /// The next datagram that has reached its client by now.
    pub(crate) fn depart(&mut self, now: Instant) -> Option<(SocketAddr, Vec<u8>)> {
        self.departures.pop(now).map(|(_, departure)| departure)
    }

    /// When something arrives next, at either end.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.arrivals.next().into_iter().chain(self.departures.next()).min()
    }

    /// Loses everything that is on its way.
    pub(crate) fn clear(&mut self) {
        self.arrivals.clear();
        self.departures.clear();
    }

    /// Random bytes, where chance wants some; every other time they begin like a packet.
    pub(crate) fn garbage(&mut self, faults: &Faults) -> Option<Vec<u8>> {
        if !self.random.chance(faults.garbage) {
            return None;
        }
        let length = usize::try_from(self.random.between(1, 96)).unwrap_or(1);
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        if self.random.chance(0.5) {
            bytes.iter_mut().zip([0x21, 0x31, 0x00]).for_each(|(to, from)| *to = from);
        }
        Some(bytes)
    }

    /// When a datagram that leaves now arrives.
    fn travel(&mut self, faults: &Faults, report: &mut Report, now: Instant) -> Instant {
        let (low, high) = (*faults.delay.start(), *faults.delay.end());
        let mut due = now + low;
        if high > low {
            let span = u64::try_from((high - low).as_micros()).unwrap_or(u64::MAX);
            due = due + Duration::from_micros(self.random.between(0, span));
        }
        if self.random.chance(faults.reorder) {
            count(&mut report.reordered);
            due = due + Duration::from_millis(self.random.between(5, 50));
        }
        due
    }
}
