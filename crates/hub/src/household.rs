//! Which facts are about the same device: what several sources tell, joined into one list of devices.
//!
//! A [`Household`] is a state machine without IO, time or chance: each source's [`Facts`] go in, and an [`Update`] tells
//! what is new by them. Nobody on the LAN is authenticated, so it is careful with what it takes for one device:
//!
//! * Ids decide. A did, a sid and a MAC address belong to one device each; where they point at different ones a did
//!   weighs more than a sid, and a sid more than a MAC address. A bulb's id is its did in other digits, and the did of a
//!   gateway's child is `lumi.` and its sid. Devices whose ids contradict each other are never joined, whatever is told.
//! * An address alone joins only what contradicts in no id, and two devices that both have ids only if neither was ever
//!   heard at another address. When somebody else is heard at an address, it is theirs from then on. mDNS, the
//!   inventory and the cloud only name addresses: they take none away.
//! * What comes without an id is about whoever is at its address; of several addresses the first counts.
//! * A port of its own, as simulated devices and forwarding routers have, is an address of its own. On the protocols'
//!   usual ports, and without a port, the IP address is the device's.
//!
//! As long as nobody contradicts anybody, the order in which things are told makes no difference.
//!
//! ```
//! use iot_home_hub::{Facts, Household, Source};
//!
//! let mut household = Household::new();
//! let mut bulb = Facts::default();
//! bulb.bulb = Some("0x15243f".parse()?);
//! let seen = household.learn(Source::Yeelight, bulb).expect("there is room");
//!
//! let mut record = Facts::default();
//! record.did = Some("1385535".parse()?);
//! record.name = Some("Desk lamp".into());
//! let named = household.learn(Source::Cloud, record).expect("there is room");
//!
//! assert_eq!(named.device, seen.device);
//! assert_eq!(named.news.name.as_deref(), Some("Desk lamp"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod id;
mod known;
mod place;

use std::collections::BTreeMap;
use std::fmt;

use iot_home_core::{Did, Mac};
use iot_home_lumi::Sid;
use iot_home_yeelight::BulbId;

use self::id::{Id, clash, ids};
use self::known::{Known, news};
use self::place::{Place, places, vacate};
use crate::facts::{Facts, Source};

/// All devices of a home, as far as they are known. See the [module](self).
///
/// It holds a [limited number](Self::capacity) of them. While it is full newcomers are ignored, so that forged answers
/// cannot push out devices that are there. Texts are cut to [`MAX_TEXT`] bytes.
#[derive(Clone, Debug)]
pub struct Household {
    devices: BTreeMap<DeviceKey, Known>,
    ids: BTreeMap<Id, DeviceKey>,
    places: BTreeMap<Place, DeviceKey>,
    next: u64,
    capacity: usize,
    ignored: u64,
}

impl Household {
    /// Without devices, for up to 4096.
    pub fn new() -> Self {
        Self {
            devices: BTreeMap::new(),
            ids: BTreeMap::new(),
            places: BTreeMap::new(),
            next: 0,
            capacity: 4096,
            ignored: 0,
        }
    }

    /// Holds up to this many devices.
    #[must_use]
    pub fn capacity(mut self, devices: usize) -> Self {
        self.capacity = devices;
        self
    }

    /// Takes in what a source tells of one device. Returns whose it is and what is new by it; of facts that have
    /// neither an id nor an address, or find no room, nothing.
    pub fn learn(&mut self, source: Source, facts: Facts) -> Option<Update> {
        let mut facts = id::tidy(known::cut(facts));
        let mut joined = self.known_by_id(&mut facts);
        if ids(&facts).next().is_none() {
            place::keep_first(&mut facts);
        }
        self.known_by_place(&facts, &mut joined);
        joined.sort_unstable();
        let is_new = joined.is_empty();
        let told_who = ids(&facts).next().is_some() || places(&facts).next().is_some();
        if is_new && (!told_who || self.devices.len() >= self.capacity) {
            self.ignored = self.ignored.saturating_add(1);
            return None;
        }
        let mut joined = joined.into_iter();
        let device = joined.next().unwrap_or_else(|| self.next_key());
        let mut known = self.take(device).unwrap_or_default();
        let before = known.facts.clone();
        let absorbed: Vec<_> = joined.collect();
        for other in absorbed.iter().filter_map(|other| self.take(*other)).collect::<Vec<_>>() {
            known.absorb(other);
        }
        let displaced = if source.hears() {
            self.make_way(&facts)
        } else {
            vacate(&mut facts, |place| self.places.contains_key(&place));
            Vec::new()
        };
        known.learn(source, facts);
        let news = news(&before, &known.facts);
        self.put(device, known);
        Some(Update { device, is_new, absorbed, displaced, news })
    }

    /// All that is known of a device; of one that was absorbed by another, nothing.
    pub fn facts(&self, device: DeviceKey) -> Option<&Facts> {
        self.devices.get(&device).map(|known| &known.facts)
    }

    /// All devices, those that are known longest first.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = (DeviceKey, &Facts)> + Clone {
        self.devices.iter().map(|(key, known)| (*key, &known.facts))
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The device with this did.
    pub fn by_did(&self, did: &Did) -> Option<DeviceKey> {
        self.ids.get(&Id::of_did(did)).copied()
    }

    /// The bulb with this id.
    pub fn by_bulb(&self, bulb: BulbId) -> Option<DeviceKey> {
        self.ids.get(&Id::Number(bulb.get())).copied()
    }

    /// The Lumi gateway, or the child of one, with this sid.
    pub fn by_sid(&self, sid: Sid) -> Option<DeviceKey> {
        self.ids.get(&Id::Sid(sid)).copied()
    }

    /// The device with this MAC address.
    pub fn by_mac(&self, mac: Mac) -> Option<DeviceKey> {
        self.ids.get(&Id::Mac(mac)).copied()
    }

    /// How many facts told of nobody in particular, or of a device for which there was no room.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The devices that the facts' ids point at, if they may be one. Ids that point elsewhere are struck out.
    fn known_by_id(&self, facts: &mut Facts) -> Vec<DeviceKey> {
        let mut joined: Vec<DeviceKey> = Vec::new();
        let told: Vec<_> = ids(facts).collect();
        for id in told {
            let Some((key, known)) = self.ids.get(&id).and_then(|key| self.known(*key)) else {
                continue;
            };
            if joined.contains(&key) {
                continue;
            }
            let of_facts = clash(facts, &known.facts);
            let fits = of_facts.is_none_or(|weight| weight > id.weight())
                && self.clash_with_none(&joined, known);
            if fits {
                joined.push(key);
            } else {
                id::strike(facts, &id);
            }
        }
        joined
    }

    /// Adds the devices at the facts' addresses that may be the same one.
    fn known_by_place(&self, facts: &Facts, joined: &mut Vec<DeviceKey>) {
        for place in places(facts) {
            let Some((key, known)) = self.places.get(&place).and_then(|key| self.known(*key))
            else {
                continue;
            };
            let clashes =
                clash(facts, &known.facts).is_some() || !self.clash_with_none(joined, known);
            if joined.contains(&key) || clashes {
                continue;
            }
            // Whoever has no id is whoever is there.
            let nobody = joined.is_empty() && ids(facts).next().is_none();
            let stays = |key| self.known(key).is_some_and(|(_, known)| known.stays_at(place.ip()));
            if nobody
                || ids(&known.facts).next().is_none()
                || stays(key) && joined.iter().all(|key| stays(*key))
            {
                joined.push(key);
            }
        }
    }

    fn clash_with_none(&self, joined: &[DeviceKey], known: &Known) -> bool {
        let mut others = joined.iter().filter_map(|key| self.devices.get(key));
        others.all(|other| clash(&other.facts, &known.facts).is_none())
    }

    /// Whoever else has an address of these facts has it no longer.
    fn make_way(&mut self, facts: &Facts) -> Vec<DeviceKey> {
        let mut displaced = Vec::new();
        for place in places(facts) {
            let Some(key) = self.places.remove(&place) else { continue };
            if let Some(known) = self.devices.get_mut(&key) {
                vacate(&mut known.facts, |of| of == place);
                displaced.push(key);
            }
        }
        displaced
    }

    fn known(&self, key: DeviceKey) -> Option<(DeviceKey, &Known)> {
        self.devices.get(&key).map(|known| (key, known))
    }

    fn next_key(&mut self) -> DeviceKey {
        let key = DeviceKey(self.next);
        self.next = self.next.wrapping_add(1);
        key
    }

    fn take(&mut self, key: DeviceKey) -> Option<Known> {
        let known = self.devices.remove(&key)?;
        for id in ids(&known.facts) {
            self.ids.remove(&id);
        }
        for place in places(&known.facts) {
            self.places.remove(&place);
        }
        Some(known)
    }

    fn put(&mut self, key: DeviceKey, known: Known) {
        self.ids.extend(ids(&known.facts).map(|id| (id, key)));
        self.places.extend(places(&known.facts).map(|place| (place, key)));
        self.devices.insert(key, known);
    }
}

impl Default for Household {
    fn default() -> Self {
        Self::new()
    }
}

/// A device of a [`Household`]. It stays when ids and addresses change, until the device turns out to be one that was
/// known longer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(u64);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.0)
    }
}

/// What has become of a device by something that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// The device.
    pub device: DeviceKey,
    /// Whether nothing was known of it before.
    pub is_new: bool,
    /// Devices that turned out to be this one. They are no more.
    pub absorbed: Vec<DeviceKey>,
    /// Devices that had an address that is this one's now.
    pub displaced: Vec<DeviceKey>,
    /// What was not known before, or was different.
    pub news: Facts,
}

impl Update {
    /// Whether anything is new.
    pub fn is_news(&self) -> bool {
        self.is_new
            || !self.absorbed.is_empty()
            || !self.displaced.is_empty()
            || !self.news.is_empty()
    }
}

/// The most bytes that are kept of a model or a name.
pub const MAX_TEXT: usize = 256;

#[cfg(test)]
mod tests;
