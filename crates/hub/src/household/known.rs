//! What is known of one device, and who told it.

use std::net::{IpAddr, SocketAddr};

use super::MAX_TEXT;
use super::place::places;
use crate::facts::{Facts, Source};

/// A device.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) facts: Facts,
    ranks: Ranks,
    /// It was heard at more than one address.
    roams: bool,
}

/// How much each fact is believed.
#[derive(Clone, Copy, Debug, Default)]
struct Ranks {
    did: u8,
    bulb: u8,
    sid: u8,
    mac: u8,
    model: u8,
    name: u8,
    token: u8,
    token_visible: u8,
    miio: u8,
    yeelight: u8,
    lumi: u8,
    host: u8,
    parent: u8,
    cloud: u8,
}

impl Ranks {
    fn of(source: Source) -> Self {
        let told = source as u8;
        let addr = match source {
            _ if source.hears() => HEARD,
            Source::Mdns => 1,
            _ => 0,
        };
        Self {
            did: told,
            bulb: told,
            sid: told,
            mac: told,
            model: told,
            name: told,
            token: told,
            token_visible: told,
            miio: addr,
            yeelight: addr,
            lumi: addr,
            host: addr,
            parent: told,
            cloud: told,
        }
    }
}

/// The rank of an address that a datagram came from.
const HEARD: u8 = 2;

/// Does the same with each of the facts.
macro_rules! for_each_fact {
    ($do:ident) => {
        $do!(did);
        $do!(bulb);
        $do!(sid);
        $do!(mac);
        $do!(model);
        $do!(name);
        $do!(token);
        $do!(token_visible);
        $do!(miio);
        $do!(yeelight);
        $do!(lumi);
        $do!(host);
        $do!(parent);
        $do!(cloud);
    };
}

impl Known {
    /// Takes in what a source tells. Of two that are believed alike the last word counts.
    pub(super) fn learn(&mut self, source: Source, facts: Facts) {
        if source.hears() {
            self.roams |= self.is_elsewhere_than(&facts);
        }
        self.believe(facts, &Ranks::of(source), |new, old| new >= old);
    }

    /// Takes in what is known of a device that turned out to be this one.
    pub(super) fn absorb(&mut self, other: Self) {
        self.roams |= other.roams || other.heard().any(|ip| !self.is_heard_at_most_at(ip));
        self.believe(other.facts, &other.ranks, |new, old| new > old);
    }

    fn believe(&mut self, told: Facts, by: &Ranks, is_better: impl Fn(u8, u8) -> bool) {
        let Self { facts, ranks, .. } = self;
        macro_rules! believe {
            ($fact:ident) => {
                if told.$fact.is_some()
                    && (facts.$fact.is_none() || is_better(by.$fact, ranks.$fact))
                {
                    facts.$fact = told.$fact;
                    ranks.$fact = by.$fact;
                }
            };
        }
        for_each_fact!(believe);
    }

    /// Whether it was heard at no other address than this one.
    pub(super) fn stays_at(&self, ip: IpAddr) -> bool {
        !self.roams && self.is_heard_at_most_at(ip)
    }

    fn is_heard_at_most_at(&self, ip: IpAddr) -> bool {
        self.heard().all(|heard| heard == ip)
    }

    fn is_elsewhere_than(&self, facts: &Facts) -> bool {
        places(facts).any(|place| !self.is_heard_at_most_at(place.ip()))
    }

    /// The IP addresses at which it was heard.
    fn heard(&self) -> impl Iterator<Item = IpAddr> {
        let Self { facts, ranks, .. } = self;
        let ip =
            |addr: Option<SocketAddr>, rank| addr.filter(|_| rank == HEARD).map(|addr| addr.ip());
        [
            ip(facts.miio, ranks.miio),
            ip(facts.yeelight, ranks.yeelight),
            ip(facts.lumi, ranks.lumi),
            facts.host.filter(|_| ranks.host == HEARD),
        ]
        .into_iter()
        .flatten()
    }
}

/// What is known now that was not known before.
pub(super) fn news(before: &Facts, after: &Facts) -> Facts {
    let mut news = Facts::default();
    macro_rules! compare {
        ($fact:ident) => {
            if before.$fact != after.$fact {
                news.$fact.clone_from(&after.$fact);
            }
        };
    }
    for_each_fact!(compare);
    news
}

/// Cuts texts that are longer than anybody's.
pub(super) fn cut(mut facts: Facts) -> Facts {
    facts.model = facts.model.map(shorten);
    facts.name = facts.name.map(shorten);
    if let Some(cloud) = &mut facts.cloud {
        cloud.region = shorten(std::mem::take(&mut cloud.region));
        cloud.home = cloud.home.take().map(shorten);
        cloud.room = cloud.room.take().map(shorten);
        cloud.spec = cloud.spec.take().map(shorten);
    }
    facts
}

fn shorten(text: Box<str>) -> Box<str> {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default().into()
}
