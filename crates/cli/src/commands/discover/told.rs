//! Which lines were printed.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use iot_home::hub::DeviceKey;
use iot_home::hub::discovery::Protocol;

/// Each device has a line for each protocol that it answers in, and for each address: whoever answers first may be a forger.
#[derive(Default)]
pub(super) struct Told(BTreeSet<(DeviceKey, Protocol, SocketAddr)>);

impl Told {
    /// Whether there is a line to print.
    pub(super) fn is_new(&mut self, device: DeviceKey, by: Protocol, addr: SocketAddr) -> bool {
        self.0.len() < MOST && self.0.insert((device, by, addr))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// More than a home has, so that a flood of forged answers ends.
const MOST: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use iot_home::hub::{Facts, Household, Source};

    use super::*;

    #[test]
    fn a_line_for_each_device_protocol_and_address() {
        let mut household = Household::new();
        let mut key = |did: u64| {
            let mut facts = Facts::default();
            facts.did = Some(did.into());
            household.learn(Source::Miio, facts).unwrap().device
        };
        let (one, other) = (key(1), key(2));
        let at = |port| SocketAddr::from(([10, 0, 0, 1], port));
        let mut told = Told::default();
        assert!(told.is_empty() && told.is_new(one, Protocol::Yeelight, at(1)));
        assert!(!told.is_new(one, Protocol::Yeelight, at(1)), "an advertisement is no news");
        assert!(
            told.is_new(one, Protocol::Miio, at(1)) && told.is_new(other, Protocol::Miio, at(1))
        );
        assert!(told.is_new(one, Protocol::Miio, at(2)) && !told.is_empty());
        let lines =
            (0..40_000).filter(|port| told.is_new(other, Protocol::Lumi, at(*port))).count();
        assert_eq!(lines, MOST - 4, "a flood ends");
    }
}
