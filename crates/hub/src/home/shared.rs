//! What the handles of a home share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::{Key, Sid};
use iot_home_micloud::{MiCloud, Region};
use iot_home_miio::{Client, Token};
use iot_home_miot::{Spec, SpecServer};
use iot_home_yeelight::{Bulb, Profile};
use tokio::sync::watch;
use tokio::time;

use super::error::{Cause, Error};
use super::inventory::Inventory;
use super::lookup::Kept;
use super::lumi::Gateways;
use super::names::Vocabulary;
use super::over::{Over, OverBulb};
use super::route::Routes;
use super::way::{Link, Way, Ways};
use crate::wire::Observer;
use crate::{DeviceKey, Facts, Household, Source, Update};

pub(super) struct Setup {
    pub(super) miio: Client,
    pub(super) cloud: Option<MiCloud>,
    pub(super) spec_server: Option<SpecServer>,
    pub(super) specs: BTreeMap<Box<str>, Arc<Spec>>,
    pub(super) inventory: Option<Inventory>,
    pub(super) deadline: Duration,
    pub(super) on_wire: Option<Observer>,
    /// Where the cloud's list is fetched; where the client is, if none is named.
    pub(super) regions: Vec<Region>,
    pub(super) keys: BTreeMap<Sid, Key>,
}

pub(super) struct Shared {
    pub(super) setup: Setup,
    state: Mutex<State>,
    /// The zero of the routes' time.
    origin: time::Instant,
    pub(super) lumi: Gateways,
    /// Told when there are other devices than before.
    pub(super) members: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) household: Household,
    slots: BTreeMap<DeviceKey, Arc<Slot>>,
    /// Devices that turned out to be others.
    moved: BTreeMap<DeviceKey, DeviceKey>,
}

/// What the home holds of a device beside what is known of it.
#[derive(Default)]
pub(super) struct Slot {
    routes: Mutex<Routes>,
    miio: Mutex<Option<(SocketAddr, Token, iot_home_miio::Device)>>,
    pub(super) bulb: tokio::sync::Mutex<Option<(SocketAddr, Bulb)>>,
    pub(super) vocabulary: tokio::sync::Mutex<Option<Kept>>,
    /// When the device was asked what it is.
    pub(super) asked: tokio::sync::Mutex<Option<Instant>>,
    /// Whoever fetches the token; the others wait for it.
    pub(super) renewing: tokio::sync::Mutex<()>,
}

impl Shared {
    pub(super) fn new(setup: Setup, lumi: Gateways) -> Self {
        let (state, origin) = (Mutex::default(), time::Instant::now());
        Self { setup, state, origin, lumi, members: watch::Sender::new(()) }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// A moment of the routes' time on the runtime's clock; of one that the clock cannot count to, nothing.
    pub(super) fn instant(&self, at: Instant) -> Option<time::Instant> {
        self.origin.checked_add(at.since_origin())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn(&self, source: Source, facts: Facts) -> Option<Update> {
        let mut state = self.state();
        let update = state.household.learn(source, facts)?;
        for absorbed in &update.absorbed {
            state.slots.remove(absorbed);
            state.moved.insert(*absorbed, update.device);
        }
        while state.moved.len() > MOST_MOVED {
            state.moved.pop_first();
        }
        if let Some(slot) = state.slots.get(&update.device) {
            let mut routes = slot.routes();
            if update.news.token.is_some() || update.news.miio.is_some() {
                routes.changed(Link::Miio);
            }
            if update.news.yeelight.is_some() {
                routes.changed(Link::Yeelight);
            }
            if update.news.lumi.is_some() || update.news.parent.is_some() {
                routes.changed(Link::Lumi);
            }
            match source {
                Source::Miio | Source::Device => routes.heard(Link::Miio),
                Source::Yeelight => routes.heard(Link::Yeelight),
                Source::Lumi => routes.heard(Link::Lumi),
                _ => {}
            }
        }
        drop(state);
        if update.is_new || !update.absorbed.is_empty() {
            self.members.send_replace(());
        }
        Some(update)
    }

    /// What is known of a device, under whatever key it is known by now.
    pub(super) fn known(&self, key: DeviceKey) -> Result<(Facts, Arc<Slot>), Error> {
        let mut state = self.state();
        let mut key = key;
        // Each step leads to one that is known longer.
        while let Some(moved) = state.moved.get(&key) {
            key = *moved;
        }
        let facts = state.household.facts(key).cloned();
        let facts = facts.ok_or_else(|| Error::new(Cause::Forgotten))?;
        let slot = Arc::clone(state.slots.entry(key).or_default());
        Ok((facts, slot))
    }

    /// The cloud that knows a device, if one does.
    pub(super) fn cloud_of(&self, facts: &Facts) -> Option<MiCloud> {
        let (cloud, known) = (self.setup.cloud.as_ref()?, facts.cloud.as_ref()?);
        let region = known.region.parse().ok().filter(|region| *region != cloud.region());
        Some(region.map_or_else(|| cloud.clone(), |region| cloud.in_region(region)))
    }

    /// The ways there are to a device.
    pub(super) fn ways(&self, facts: &Facts, vocabulary: &Vocabulary) -> Ways {
        let miio = self.miio_of(facts);
        let is_there = |way: &Way| match way {
            Way::Miot => miio,
            Way::Classic => miio && vocabulary.classic.is_some(),
            Way::Yeelight => facts.yeelight.is_some() && vocabulary.bulb.is_some(),
            Way::YeelightOverMiio => miio && vocabulary.bulb.is_some(),
            Way::Lumi => vocabulary.lumi.is_some() && self.gateway_of(facts).is_some(),
            Way::Cloud => facts.did.is_some() && self.cloud_of(facts).is_some(),
        };
        Ways::all().iter().filter(is_there).collect()
    }

    /// Whether there may be a way to a device on the LAN.
    pub(super) fn is_near(&self, facts: &Facts) -> bool {
        self.miio_of(facts) || facts.yeelight.is_some() || self.gateway_of(facts).is_some()
    }

    /// Whether it can be spoken to by miIO.
    pub(super) fn miio_of(&self, facts: &Facts) -> bool {
        miio_addr(facts).is_some() && facts.token.is_some()
    }

    /// The bulb, connected to. The connection is kept, and mends itself.
    pub(super) async fn bulb(&self, facts: &Facts, slot: &Slot) -> Over<Option<Bulb>> {
        let Some(addr) = facts.yeelight else { return Ok(None) };
        let mut held = slot.bulb.lock().await;
        if let Some((at, bulb)) = &*held
            && *at == addr
        {
            return Ok(Some(bulb.clone()));
        }
        let profile = facts.model.as_deref().map_or_else(Profile::unknown, Profile::of_model);
        let OverBulb(bulb) = OverBulb::connect(addr, profile, self.setup.on_wire.as_ref()).await?;
        *held = Some((addr, bulb.clone()));
        Ok(Some(bulb))
    }

    /// The device as the miIO client knows it. The handle is kept, and with it what the client learns of the device.
    pub(super) fn miio(&self, facts: &Facts, slot: &Slot) -> Option<iot_home_miio::Device> {
        let (addr, token) = (miio_addr(facts)?, facts.token.as_ref()?);
        let mut held = slot.miio.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, by, device)) = &*held
            && *at == addr
            && by == token
        {
            return Some(device.clone());
        }
        let device = self.setup.miio.device(addr, token.clone());
        *held = Some((addr, token.clone(), device.clone()));
        Some(device)
    }

    pub(super) fn save(&self) -> Result<(), Error> {
        let Some(inventory) = &self.setup.inventory else { return Ok(()) };
        // The file is written without the lock; of two writers the last one has it.
        let known: Vec<Facts> =
            self.state().household.devices().map(|(_, facts)| facts.clone()).collect();
        inventory.save(&known)
    }
}

impl Slot {
    pub(super) fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a device speaks miIO: where it was heard, or else on the usual port of the address that it is known by.
pub(super) fn miio_addr(facts: &Facts) -> Option<SocketAddr> {
    facts.miio.or_else(|| Some(SocketAddr::new(facts.host?, iot_home_miio::PORT)))
}

/// How many devices that turned out to be others are remembered: handles for them lead on.
const MOST_MOVED: usize = 4096;
