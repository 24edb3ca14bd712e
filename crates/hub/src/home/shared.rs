//! What the handles of a home share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_micloud::MiCloud;
use iot_home_miio::{Client, Token};
use iot_home_miot::{Spec, SpecServer};
use iot_home_yeelight::{Bulb, Profile};
use tokio::time;

use super::error::{Cause, Error};
use super::inventory::Inventory;
use super::names::Vocabulary;
use super::route::Routes;
use super::way::{Link, Way, Ways};
use crate::wire::Observer;
use crate::{Classic, DeviceKey, Facts, Household, Source, Update};

pub(super) struct Setup {
    pub(super) miio: Client,
    pub(super) cloud: Option<MiCloud>,
    pub(super) spec_server: Option<SpecServer>,
    pub(super) specs: BTreeMap<Box<str>, Arc<Spec>>,
    pub(super) inventory: Option<Inventory>,
    pub(super) deadline: Duration,
    pub(super) on_wire: Option<Observer>,
}

pub(super) struct Shared {
    pub(super) setup: Setup,
    state: Mutex<State>,
    /// The zero of the routes' time.
    origin: time::Instant,
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
    vocabulary: tokio::sync::Mutex<Option<Kept>>,
    /// Whoever fetches the token; the others wait for it.
    pub(super) renewing: tokio::sync::Mutex<()>,
}

struct Kept {
    model: Option<Box<str>>,
    is_bulb: bool,
    since: Instant,
    vocabulary: Arc<Vocabulary>,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        Self { setup, state: Mutex::default(), origin: time::Instant::now() }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
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
            match source {
                Source::Miio | Source::Device => routes.heard(Link::Miio),
                Source::Yeelight => routes.heard(Link::Yeelight),
                _ => {}
            }
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
        let miio = miio_addr(facts).is_some() && facts.token.is_some();
        let is_there = |way: &Way| match way {
            Way::Miot => miio,
            Way::Classic => miio && vocabulary.classic.is_some(),
            Way::Yeelight => facts.yeelight.is_some() && vocabulary.bulb.is_some(),
            Way::YeelightOverMiio => miio && vocabulary.bulb.is_some(),
            Way::Cloud => facts.did.is_some() && self.cloud_of(facts).is_some(),
        };
        Ways::all().iter().filter(is_there).collect()
    }

    /// What the device is called by name of. A spec that could not be had is asked for again after a minute.
    pub(super) async fn vocabulary(&self, facts: &Facts, slot: &Slot) -> Arc<Vocabulary> {
        let mut kept = slot.vocabulary.lock().await;
        let now = self.now();
        let is_bulb = facts.bulb.is_some() || facts.yeelight.is_some();
        if let Some(kept) = &*kept
            && (&kept.model, kept.is_bulb) == (&facts.model, is_bulb)
            && (kept.vocabulary.missing.is_none() || now.saturating_since(kept.since) < ASK_AGAIN)
        {
            return Arc::clone(&kept.vocabulary);
        }
        let model = facts.model.as_deref();
        let mut vocabulary = Vocabulary::default();
        match model.map(|model| (model, self.setup.specs.get(model))) {
            Some((_, Some(spec))) => vocabulary.spec = Some(Arc::clone(spec)),
            Some((model, None)) => {
                if let Some(server) = &self.setup.spec_server {
                    match server.spec(model).await {
                        Ok(spec) => vocabulary.spec = Some(Arc::new(spec)),
                        Err(error) => {
                            tracing::debug!(%error, model, "no spec");
                            vocabulary.missing = Some(Error::new(Cause::Spec(error)));
                        }
                    }
                }
            }
            None => {}
        }
        if is_bulb || model.is_some_and(|model| model.starts_with("yeelink.light.")) {
            let profile = model.map_or_else(Profile::unknown, Profile::of_model);
            vocabulary.bulb = Classic::of_bulb(&profile).map(Arc::new);
        } else {
            vocabulary.classic = model.and_then(Classic::of_model).map(Arc::new);
        }
        let vocabulary = Arc::new(vocabulary);
        let model = facts.model.clone();
        *kept = Some(Kept { model, is_bulb, since: now, vocabulary: Arc::clone(&vocabulary) });
        vocabulary
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
fn miio_addr(facts: &Facts) -> Option<SocketAddr> {
    facts.miio.or_else(|| Some(SocketAddr::new(facts.host?, iot_home_miio::PORT)))
}

const ASK_AGAIN: Duration = Duration::from_secs(60);
/// How many devices that turned out to be others are remembered: handles for them lead on.
const MOST_MOVED: usize = 4096;
