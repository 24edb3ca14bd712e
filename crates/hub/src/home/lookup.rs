//! What devices are, and what they are called by name of.

use std::sync::Arc;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::{Info, Request};
use iot_home_miot::Spec;
use iot_home_yeelight::Profile;
use tokio::time::timeout;

use super::error::{Cause, Error};
use super::names::Vocabulary;
use super::shared::{Shared, Slot};
use crate::{Classic, DeviceKey, Facts, Source};

/// A vocabulary, and what it was made from.
pub(super) struct Kept {
    of: Origin,
    since: Instant,
    vocabulary: Arc<Vocabulary>,
}

#[derive(PartialEq)]
struct Origin {
    model: Option<Box<str>>,
    spec: Option<Box<str>>,
    is_bulb: bool,
    is_lumi: bool,
}

impl Shared {
    /// What the device is called by name of. A spec that could not be had is asked for again after a minute.
    pub(super) async fn vocabulary(&self, facts: &Facts, slot: &Slot) -> Arc<Vocabulary> {
        let mut kept = slot.vocabulary.lock().await;
        let now = self.now();
        let of = Origin {
            model: facts.model.clone(),
            spec: facts.cloud.as_ref().and_then(|cloud| cloud.spec.clone()),
            is_bulb: facts.bulb.is_some() || facts.yeelight.is_some(),
            is_lumi: facts.sid.is_some(),
        };
        if let Some(kept) = &*kept
            && kept.of == of
            && (kept.vocabulary.missing.is_none() || now.saturating_since(kept.since) < ASK_AGAIN)
        {
            return Arc::clone(&kept.vocabulary);
        }
        let model = of.model.as_deref();
        let mut vocabulary = Vocabulary::default();
        // Who is cut off from the internet has a LAN all the same, and needs time for it.
        let patience = self.setup.deadline.checked_div(2).unwrap_or_default();
        let spec = timeout(patience, self.spec(model, of.spec.as_deref())).await;
        match spec.unwrap_or_else(|_| Err(Error::new(Cause::SpecLate(patience)))) {
            Ok(spec) => vocabulary.spec = spec,
            Err(error) => {
                tracing::debug!(%error, model, "no spec");
                vocabulary.missing = Some(error);
            }
        }
        if of.is_bulb || model.is_some_and(|model| model.starts_with("yeelink.light.")) {
            let profile = model.map_or_else(Profile::unknown, Profile::of_model);
            vocabulary.bulb = Classic::of_bulb(&profile).map(Arc::new);
        } else {
            vocabulary.classic = model.and_then(Classic::of_model).map(Arc::new);
        }
        if of.is_lumi {
            vocabulary.lumi = Classic::of_lumi(model.unwrap_or_default()).map(Arc::new);
        }
        let vocabulary = Arc::new(vocabulary);
        *kept = Some(Kept { of, since: now, vocabulary: Arc::clone(&vocabulary) });
        vocabulary
    }

    /// The spec that was handed in for the model, the one that the device's record names, or the model's newest.
    async fn spec(
        &self,
        model: Option<&str>,
        urn: Option<&str>,
    ) -> Result<Option<Arc<Spec>>, Error> {
        if let Some(spec) = model.and_then(|model| self.setup.specs.get(model)) {
            return Ok(Some(Arc::clone(spec)));
        }
        let Some(server) = &self.setup.spec_server else { return Ok(None) };
        let urn = urn.and_then(|urn| urn.parse().ok());
        if let Some(urn) = urn {
            match server.instance(&urn).await {
                Ok(spec) => return Ok(Some(Arc::new(spec))),
                Err(error) => tracing::debug!(%error, %urn, "not the spec that the record names"),
            }
        }
        let Some(model) = model else { return Ok(None) };
        let spec = server.spec(model).await;
        spec.map(|spec| Some(Arc::new(spec))).map_err(|error| Error::new(Cause::Spec(error)))
    }

    /// Asks a device what it is, where its model is not known and its token is: once, and where it does not say,
    /// not again for ten minutes.
    pub(super) async fn introduce(&self, key: DeviceKey, facts: Facts, slot: &Slot) -> Facts {
        let is_known = |facts: &Facts| facts.model.is_some();
        let Some(device) = self.miio(&facts, slot).filter(|_| !is_known(&facts)) else {
            return facts;
        };
        let mut asked = slot.asked.lock().await;
        let now = self.now();
        let is_early = asked.is_some_and(|at| now.saturating_since(at) < INTRODUCED);
        // Somebody else may have asked while this one waited.
        let facts = self.known(key).map_or(facts, |(facts, _)| facts);
        if is_early || is_known(&facts) {
            return facts;
        }
        *asked = Some(now);
        let Ok(request) = Request::new("miIO.info", ()) else { return facts };
        let info = match device.request(request.timeout(PATIENCE)).await {
            Ok(reply) => reply.value().map(Info::from_value),
            Err(error) => {
                tracing::debug!(%error, "the device does not say what it is");
                return facts;
            }
        };
        let Ok(Info { model: Some(model), mac, .. }) = info else { return facts };
        let told = Facts {
            did: facts.did.clone(),
            miio: facts.miio,
            host: facts.host,
            model: Some(model.into()),
            mac: mac.and_then(|mac| mac.parse().ok()),
            ..Facts::default()
        };
        self.learn(Source::Device, told);
        self.known(key).map_or(facts, |(facts, _)| facts)
    }
}

const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A device that does not say what it is is not asked again before.
const INTRODUCED: Duration = Duration::from_secs(600);
/// How long it may take to say it.
const PATIENCE: Duration = Duration::from_millis(1500);
