//! A Yeelight's own connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{MiotCode, PropertyId};
use iot_home_yeelight::{Bulb, ErrorKind, Method, Profile, Property};
use serde_json::Value;
use tokio::time::timeout;

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
        let builder = Bulb::builder(addr).connect_timeout(SOON).timeout(CHANGED).profile(profile);
        let builder = match on_wire {
            Some(observer) => builder.on_wire(observer.yeelight()),
            None => builder,
        };
        let connected = soon(builder.connect()).await;
        connected.map(Self).map_err(|miss| Miss { outcome: Outcome::Unreachable, ..miss })
    }

    pub(in crate::home) async fn probe(&self) -> Over<()> {
        soon(self.0.get([Property::Power])).await.map(drop)
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
        let called = self.0.call(method);
        let reply = match changes {
            // It goes no other way: who waits longer may learn what became of it.
            true => called.await.map_err(|error| missed(error, true))?,
            false => soon(called).await?,
        };
        Ok(reply.values().into())
    }
}

/// What changes nothing is soon given up: another way may do.
async fn soon<T>(asking: impl Future<Output = Result<T, iot_home_yeelight::Error>>) -> Over<T> {
    match timeout(SOON, asking).await {
        Ok(answer) => answer.map_err(|error| missed(error, false)),
        Err(_) => {
            Err(Miss { outcome: Outcome::NoAnswer, error: Error::new(Cause::Deadline(SOON)) })
        }
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

/// How long a connection and an answer are waited for by what changes nothing, the time in the bulb's quota included.
const SOON: Duration = Duration::from_millis(1500);
/// How long an answer is waited for by what changes something, as by the home's own miIO client.
const CHANGED: Duration = Duration::from_secs(3);
