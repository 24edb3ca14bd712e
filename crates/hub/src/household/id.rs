//! What a device keeps for life, and when two cannot be the same by it.

use iot_home_core::{Did, Mac};
use iot_home_lumi::Sid;

use crate::facts::Facts;

/// An id that belongs to one device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    /// A did that is a number, or a bulb's id.
    Number(u64),
    /// A did that is a name.
    Name(Did),
    Sid(Sid),
    Mac(Mac),
}

/// How much an id says: the least says most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Did,
    Sid,
    Mac,
}

impl Id {
    pub(super) fn of_did(did: &Did) -> Self {
        did.as_u64().map_or_else(|| Self::Name(did.clone()), Self::Number)
    }

    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Number(_) | Self::Name(_) => Weight::Did,
            Self::Sid(_) => Weight::Sid,
            Self::Mac(_) => Weight::Mac,
        }
    }
}

/// The did, if there is one, or else the bulb's id, which is the same.
fn did(facts: &Facts) -> Option<Id> {
    let bulb = || facts.bulb.map(|bulb| Id::Number(bulb.get()));
    facts.did.as_ref().map(Id::of_did).or_else(bulb)
}

/// All ids, those that say most first.
pub(super) fn ids(facts: &Facts) -> impl Iterator<Item = Id> {
    [did(facts), facts.sid.map(Id::Sid), facts.mac.map(Id::Mac)].into_iter().flatten()
}

/// Forgets an id.
pub(super) fn strike(facts: &mut Facts, id: &Id) {
    match id.weight() {
        Weight::Did => (facts.did, facts.bulb) = (None, None),
        Weight::Sid => facts.sid = None,
        Weight::Mac => facts.mac = None,
    }
}

/// In which of their ids two contradict each other: in the one that says most.
pub(super) fn clash(one: &Facts, other: &Facts) -> Option<Weight> {
    fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    if differ(did(one), did(other)) {
        Some(Weight::Did)
    } else if differ(one.sid, other.sid) {
        Some(Weight::Sid)
    } else if differ(one.mac, other.mac) {
        Some(Weight::Mac)
    } else {
        None
    }
}

/// Strikes out what contradicts itself or can be nobody's, and adds the sid that is part of a child's did.
pub(super) fn tidy(mut facts: Facts) -> Facts {
    let number = facts.did.as_ref().map(Did::as_u64);
    facts.bulb = facts.bulb.filter(|bulb| number.is_none_or(|did| did == Some(bulb.get())));
    facts.mac = facts.mac.filter(|mac| mac.is_unicast());
    let child = facts.did.as_ref().map(ToString::to_string);
    // `lumi.0` is every gateway's name for itself.
    let sid = child.as_deref().and_then(|did| did.strip_prefix("lumi.")).filter(|sid| *sid != "0");
    facts.sid = sid.and_then(|sid| sid.parse().ok()).or(facts.sid);
    facts
}
