//! Lumi gateways of a home, and the client that speaks to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use iot_home_lumi::{Gateway, Lumi, Sid};
use tokio::sync::OnceCell;

use super::error::{Cause, Error};
use super::over::{Miss, Over, OverLumi};
use super::route::Outcome;
use super::shared::Shared;
use crate::wire::Observer;
use crate::{Facts, Parent};

/// The handles of gateways, kept with what the client learns of each.
#[derive(Default)]
pub(super) struct Gateways {
    client: OnceCell<Lumi>,
    known: Mutex<BTreeMap<Sid, (SocketAddr, Gateway)>>,
}

/// Where a child is reached, or a gateway itself.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The gateway's id.
    pub(super) gateway: Sid,
    addr: SocketAddr,
    /// The child's, or the gateway's once more.
    pub(super) sid: Sid,
}

impl Shared {
    /// The gateway that tells of a device: itself, or the one that it hangs below.
    pub(super) fn gateway_of(&self, facts: &Facts) -> Option<Place> {
        let sid = facts.sid?;
        if let Some(addr) = facts.lumi {
            return Some(Place { gateway: sid, addr, sid });
        }
        let state = self.state();
        let key = match facts.parent.as_ref()? {
            Parent::Sid(sid) => state.household.by_sid(*sid),
            Parent::Did(did) => state.household.by_did(did),
        };
        let gateway = state.household.facts(key?)?;
        Some(Place { gateway: gateway.sid?, addr: gateway.lumi?, sid })
    }

    /// Whether the gateway is still where it was.
    pub(super) fn is_at(&self, place: Place) -> bool {
        let state = self.state();
        let key = state.household.by_sid(place.gateway);
        let facts = key.and_then(|key| state.household.facts(key));
        facts.is_some_and(|facts| facts.lumi == Some(place.addr))
    }

    /// A child as its gateway knows it.
    pub(super) async fn lumi_child(&self, facts: &Facts) -> Over<Option<OverLumi>> {
        let Some(place) = self.gateway_of(facts) else { return Ok(None) };
        let gateway = self.gateway(place).await;
        let gateway = gateway.map_err(|error| Miss { outcome: Outcome::Unreachable, error })?;
        Ok(Some(OverLumi { gateway, sid: place.sid }))
    }

    /// The handle of a gateway. The first one opens the client's sockets, where the home was given none; where reports
    /// cannot be heard the client does without.
    pub(super) async fn gateway(&self, place: Place) -> Result<Gateway, Error> {
        let lumi = match &self.setup.lumi {
            Some(lumi) => lumi,
            None => self.lumi.client.get_or_try_init(|| open(self.setup.on_wire.as_ref())).await?,
        };
        let mut known = self.lumi.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((addr, gateway)) = known.get(&place.gateway)
            && *addr == place.addr
        {
            return Ok(gateway.clone());
        }
        let key = self.setup.keys.get(&place.gateway).cloned();
        let gateway = lumi.gateway(place.addr, key);
        known.insert(place.gateway, (place.addr, gateway.clone()));
        while known.len() > MOST_GATEWAYS {
            known.pop_first();
        }
        Ok(gateway)
    }
}

async fn open(on_wire: Option<&Observer>) -> Result<Lumi, Error> {
    let builder = match on_wire {
        Some(observer) => Lumi::builder().on_wire(observer.lumi()),
        None => Lumi::builder(),
    };
    let error = match builder.clone().bind().await {
        Ok(lumi) => return Ok(lumi),
        Err(error) => error,
    };
    tracing::warn!(%error, "no reports of Lumi gateways are heard");
    let lumi = builder.without_reports().bind().await;
    lumi.map_err(|error| Error::new(Cause::Lumi { error: Arc::new(error), changes: false }))
}

/// Handles beyond these are made anew.
const MOST_GATEWAYS: usize = 256;
