//! A Lumi gateway, for itself and its children.

use std::sync::Arc;

use iot_home_core::{MiotCode, PropertyId};
use iot_home_lumi::client::ErrorKind;
use iot_home_lumi::{Gateway, Sid, Values};

use super::miio::told_of;
use super::{Miss, Over, Told};
use crate::Classic;
use crate::classic::Request;
use crate::home::error::{Cause, Error};
use crate::home::route::Outcome;

/// A child of a gateway, or the gateway itself.
pub(in crate::home) struct OverLumi {
    pub(in crate::home) gateway: Gateway,
    pub(in crate::home) sid: Sid,
}

impl OverLumi {
    pub(in crate::home) async fn probe(&self) -> Over<()> {
        self.gateway.read(self.sid).await.map(drop).map_err(|error| missed(error, false))
    }

    /// What the gateway knows of it. It does not ask the child, which may sleep.
    pub(in crate::home) async fn read(&self, map: &Classic, ids: &[PropertyId]) -> Over<Vec<Told>> {
        let state = self.gateway.read(self.sid).await.map_err(|error| missed(error, false))?;
        Ok(ids.iter().map(|id| told_of(map.of_values(*id, &state.values))).collect())
    }

    /// Writes one value, whose name is the method.
    pub(in crate::home) async fn run(&self, request: &Request) -> Over<Told> {
        let value = request.params.get(0).cloned().unwrap_or_default();
        let values = Values::new().with(request.method.clone(), value);
        let written = self.gateway.write(self.sid, values).await;
        written.map(|_| (MiotCode::OK, None)).map_err(|error| missed(error, true))
    }
}

pub(in crate::home) fn missed(error: iot_home_lumi::Error, changes: bool) -> Miss {
    let outcome = match error.kind() {
        ErrorKind::Io | ErrorKind::Closed => Outcome::Unreachable,
        ErrorKind::NoAnswer | ErrorKind::MaybeExecuted => Outcome::NoAnswer,
        // A key that is not the gateway's, or none: the cloud may do.
        ErrorKind::Key | ErrorKind::NoKey | ErrorKind::Busy | ErrorKind::BadInput => {
            Outcome::NotSent
        }
        _ if changes => Outcome::Answered,
        _ => Outcome::Failed,
    };
    Miss { outcome, error: Error::new(Cause::Lumi { error: Arc::new(error), changes }) }
}
