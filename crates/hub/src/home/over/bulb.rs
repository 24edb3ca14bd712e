//! A Yeelight's own connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{MiotCode, PropertyId};
use iot_home_yeelight::{Bulb, ErrorKind, Method, Profile, Property};
use serde_json::Value;

use super::miio::told_of;
use super::{Miss, Over, Told};
use crate::Classic;
use crate::classic::Request;
use crate::home::error::{Cause, Error};
use crate::home::route::Outcome;
use crate::wire::Observer;

/// A bulb that is connected to.
pub(in crate::home) struct OverBulb(pub(in crate::home) Bulb);

impl OverBulb {
    pub(in crate::home) async fn connect(
        addr: SocketAddr,
        profile: Profile,
        on_wire: Option<&Observer>,
    ) -> Over<Self> {
        let mut builder = Bulb::builder(addr).connect_timeout(CONNECT).profile(profile);
        if let Some(observer) = on_wire {
            builder = builder.on_wire(observer.yeelight());
        }
        let bulb = builder
            .connect()
            .await
            .map_err(|error| Miss { outcome: Outcome::Unreachable, error: failed(error, false) })?;
        Ok(Self(bulb))
    }

    pub(in crate::home) async fn probe(&self) -> Over<()> {
        let read = tokio::time::timeout(CONNECT, self.0.get([Property::Power])).await;
        match read {
            Ok(read) => read.map(drop).map_err(|error| missed(error, false)),
            Err(_) => Err(Miss {
                outcome: Outcome::NoAnswer,
                error: Error::new(Cause::Deadline(CONNECT)),
            }),
        }
    }

    pub(in crate::home) async fn read(&self, map: &Classic, ids: &[PropertyId]) -> Over<Vec<Told>> {
        let mut told: Vec<(PropertyId, Option<Value>)> = Vec::new();
        for question in map.read(ids.iter().copied(), map.limit()) {
            let reply = self.call(question.request(), false).await?;
            told.extend(map.answers(&question, &reply).unwrap_or_default());
        }
        let of = |id: &PropertyId| told.iter().find(|(told, _)| told == id)?.1.clone();
        Ok(ids.iter().map(|id| told_of(of(id))).collect())
    }

    pub(in crate::home) async fn run(&self, request: &Request) -> Over<Told> {
        self.call(request, true).await.map(|_| (MiotCode::OK, None))
    }

    async fn call(&self, request: &Request, changes: bool) -> Over<Value> {
        let method: Method = request.to_bulb().map_err(|error| Miss {
            outcome: Outcome::NotSent,
            error: Error::new(Cause::Bulb(error)),
        })?;
        let reply = self.0.call(method).await.map_err(|error| missed(error, changes))?;
        Ok(reply.values().into())
    }
}

fn missed(error: iot_home_yeelight::Error, changes: bool) -> Miss {
    let outcome = match error.kind() {
        ErrorKind::Refused | ErrorKind::Timeout | ErrorKind::Io | ErrorKind::Closed => {
            Outcome::Unreachable
        }
        ErrorKind::NoAnswer | ErrorKind::MaybeExecuted | ErrorKind::Disconnected => {
            Outcome::NoAnswer
        }
        ErrorKind::NotSupported | ErrorKind::Quota | ErrorKind::Full | ErrorKind::BadInput => {
            Outcome::NotSent
        }
        ErrorKind::Device if changes => Outcome::Answered,
        _ => Outcome::Failed,
    };
    Miss { outcome, error: failed(error, changes) }
}

fn failed(error: iot_home_yeelight::Error, changes: bool) -> Error {
    Error::new(Cause::Yeelight { error: Arc::new(error), changes })
}

const CONNECT: Duration = Duration::from_millis(1500);
