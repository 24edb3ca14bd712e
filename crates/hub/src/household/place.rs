//! Where a device is, as far as that tells devices apart.

use std::net::{IpAddr, SocketAddr};

use crate::facts::Facts;

/// An address that belongs to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Everything there is one device.
    Host(IpAddr),
    /// One of the protocols on a port of its own.
    Port(Protocol, SocketAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Miio,
    Yeelight,
    Lumi,
}

impl Place {
    fn of(protocol: Protocol, addr: SocketAddr) -> Self {
        let usual = match protocol {
            Protocol::Miio => iot_home_miio::PORT,
            Protocol::Yeelight => iot_home_yeelight::PORT,
            Protocol::Lumi => iot_home_lumi::PORT,
        };
        match Self::of_host(addr.ip()) {
            Some(host) if addr.port() == usual => host,
            _ => Self::Port(protocol, addr),
        }
    }

    /// What is on this machine, or may be anywhere, is no device's.
    fn of_host(ip: IpAddr) -> Option<Self> {
        let is_anybodys = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
        (!is_anybodys).then_some(Self::Host(ip))
    }

    pub(super) fn ip(self) -> IpAddr {
        match self {
            Self::Host(ip) => ip,
            Self::Port(_, addr) => addr.ip(),
        }
    }
}

/// The places of all addresses; one may come twice.
pub(super) fn places(facts: &Facts) -> impl Iterator<Item = Place> + use<> {
    let of = |protocol, addr: Option<SocketAddr>| addr.map(|addr| Place::of(protocol, addr));
    [
        of(Protocol::Miio, facts.miio),
        of(Protocol::Yeelight, facts.yeelight),
        of(Protocol::Lumi, facts.lumi),
        facts.host.and_then(Place::of_host),
    ]
    .into_iter()
    .flatten()
}

/// Forgets the addresses at these places.
pub(super) fn vacate(facts: &mut Facts, gone: impl Fn(Place) -> bool) {
    let keep = |protocol, addr: &SocketAddr| !gone(Place::of(protocol, *addr));
    facts.miio = facts.miio.filter(|addr| keep(Protocol::Miio, addr));
    facts.yeelight = facts.yeelight.filter(|addr| keep(Protocol::Yeelight, addr));
    facts.lumi = facts.lumi.filter(|addr| keep(Protocol::Lumi, addr));
    facts.host = facts.host.filter(|ip| !Place::of_host(*ip).is_some_and(&gone));
}

/// Forgets all addresses but those at the first place.
pub(super) fn keep_first(facts: &mut Facts) {
    if let Some(first) = places(facts).next() {
        vacate(facts, |place| place != first);
    }
}
