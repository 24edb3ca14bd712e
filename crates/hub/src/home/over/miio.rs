//! miIO on the LAN: MIoT, the methods from before it, and those of bulbs.

use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{ActionId, ActionResult, Lenient as _, MiotCode, Piid, PropertyId};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::{ActionInput, Device, Request};
use serde_json::Value;

use super::{Miss, Over, Told};
use crate::Classic;
use crate::classic;
use crate::home::error::{Cause, Error};
use crate::home::names::Input;
use crate::home::route::Outcome;

/// A device that is spoken to by miIO.
pub(in crate::home) struct OverMiio(pub(in crate::home) Device);

impl OverMiio {
    /// Whether the device takes MIoT requests. Each has service 1, which describes it.
    pub(in crate::home) async fn probe_miot(&self) -> Over<()> {
        let ids = [PropertyId::new(1, 1)];
        let did = self.greet().await?;
        let request = iot_home_miio::miot::get_properties(&did, &ids);
        let request = request.map_err(|_| not_sent())?.timeout(PROBE);
        match self.0.request(request).await {
            Ok(reply) if iot_home_miio::miot::property_results(&reply, &ids).is_ok() => Ok(()),
            Ok(_) => Err(Miss {
                outcome: Outcome::NotSupported,
                error: Error::new(Cause::Unanswered { what: "get_properties" }),
            }),
            Err(error) => {
                let mut miss = missed(error, false);
                // Whoever answers by an error of its own, and is not just busy, knows no such request.
                if miss.outcome == Outcome::Failed && !is_passing(&miss.error) {
                    miss.outcome = Outcome::NotSupported;
                }
                Err(miss)
            }
        }
    }

    /// Whether the device answers requests at all: nearly all from before MIoT know `power`, and the others say so.
    pub(in crate::home) async fn probe_classic(&self) -> Over<()> {
        self.greet().await?;
        let request = Request::new("get_prop", ["power"]).map_err(|_| not_sent())?.timeout(PROBE);
        match self.0.request(request).await {
            Err(error) if error.device_error().is_none() => Err(missed(error, false)),
            _ => Ok(()),
        }
    }

    /// A hello, which needs no token and tells who is there.
    async fn greet(&self) -> Over<String> {
        let found = self.0.hello(PROBE).await.map_err(|error| missed(error, false))?;
        Ok(found.did.to_string())
    }

    /// Whether a silence is the device's, or its token's.
    async fn explain(&self, mut miss: Miss) -> Miss {
        if miss.outcome == Outcome::NoAnswer && self.0.hello(PROBE).await.is_err() {
            miss.outcome = Outcome::Unreachable;
        }
        miss
    }

    pub(in crate::home) async fn read_miot(&self, ids: &[PropertyId]) -> Over<Vec<Told>> {
        match self.0.get_properties(ids.iter().copied()).await {
            Ok(results) => {
                Ok(results.into_iter().map(|result| (result.code, result.value)).collect())
            }
            Err(error) => Err(self.explain(missed(error, false)).await),
        }
    }

    pub(in crate::home) async fn set_miot(
        &self,
        values: Vec<(PropertyId, Value)>,
    ) -> Over<Vec<Told>> {
        let several = values.len() > 1;
        let results = self.0.set_properties(values).await.map_err(|error| {
            let miss = missed_set(error);
            // They may have gone in several requests.
            if several && miss.outcome != Outcome::Answered { miss.uncertain() } else { miss }
        })?;
        Ok(results.into_iter().map(|result| (result.code, None)).collect())
    }

    pub(in crate::home) async fn act_miot(
        &self,
        id: ActionId,
        input: &Input,
    ) -> Over<ActionResult> {
        let input = match input {
            Input::Named(named) if named.is_empty() => ActionInput::None,
            Input::Named(named) => {
                let named =
                    named.iter().map(|(piid, value): &(Piid, Value)| (piid.get(), value.clone()));
                ActionInput::piids(named)
            }
            Input::Bare(values) if values.is_empty() => ActionInput::None,
            Input::Bare(values) => ActionInput::in_order(values.iter().cloned()),
        };
        self.0.action(id, input).await.map_err(|error| missed(error, true))
    }

    /// Reads by `get_prop` and the like, as the map says.
    pub(in crate::home) async fn read_classic(
        &self,
        map: &Classic,
        ids: &[PropertyId],
    ) -> Over<Vec<Told>> {
        let mut told: Vec<(PropertyId, Option<Value>)> = Vec::new();
        for question in map.read(ids.iter().copied(), map.limit()) {
            let answer = match self.ask(question.request()).await {
                Ok(answer) => map.answers(&question, &answer),
                Err(error) if error.device_error().is_some() && question.properties().len() > 1 => {
                    None
                }
                Err(error) => return Err(self.explain(missed(error, false)).await),
            };
            match answer {
                Some(answer) => told.extend(answer),
                // Fewer values than names: one by one it can be told which are missing.
                None => {
                    for question in map.read(question.properties().iter().copied(), 1) {
                        match self.ask(question.request()).await {
                            Ok(answer) => {
                                told.extend(map.answers(&question, &answer).unwrap_or_default());
                            }
                            Err(error) if error.device_error().is_some() => {}
                            Err(error) => return Err(missed(error, false)),
                        }
                    }
                }
            }
        }
        let of = |id: &PropertyId| told.iter().find(|(told, _)| told == id)?.1.clone();
        Ok(ids.iter().map(|id| told_of(of(id))).collect())
    }

    async fn ask(&self, request: &classic::Request) -> Result<Value, iot_home_miio::Error> {
        self.0.call(&request.method, &request.params).await
    }

    /// Runs a method that sets something. `repeatable` ones may be sent again on this way.
    pub(in crate::home) async fn run(
        &self,
        request: &classic::Request,
        repeatable: bool,
    ) -> Over<Told> {
        let made = Request::new(&request.method, &request.params);
        let made = made.map_err(|_| not_sent())?.idempotent(repeatable);
        match self.0.request(made).await {
            Ok(reply) => {
                let is_ok = reply.value().is_ok_and(|value| value.is_ok());
                Ok((if is_ok { MiotCode::OK } else { MiotCode::INTERNAL }, None))
            }
            Err(error) if repeatable => Err(missed_set(error)),
            Err(error) => Err(missed(error, true)),
        }
    }
}

/// A property's value, or the code of one that the device does not have.
pub(super) fn told_of(value: Option<Value>) -> Told {
    let code = if value.is_some() { MiotCode::OK } else { MiotCode::NOT_FOUND };
    (code, value)
}

fn not_sent() -> Miss {
    Miss { outcome: Outcome::NotSent, error: Error::new(Cause::Inexpressible) }
}

fn missed(error: iot_home_miio::Error, changes: bool) -> Miss {
    let outcome = match error.kind() {
        ErrorKind::NoHello | ErrorKind::Io | ErrorKind::Closed => Outcome::Unreachable,
        ErrorKind::Timeout | ErrorKind::BadInput => Outcome::NotSent,
        ErrorKind::NoAnswer | ErrorKind::Checksum | ErrorKind::MaybeExecuted => Outcome::NoAnswer,
        ErrorKind::NotSupported => Outcome::NotSupported,
        ErrorKind::Device => of_device(&error, changes),
        _ => Outcome::Failed,
    };
    Miss { outcome, error: Error::new(Cause::Miio { error: Arc::new(error), changes }) }
}

/// The same of what the client repeats by itself. That no hello was answered does not say that nothing was sent before.
fn missed_set(error: iot_home_miio::Error) -> Miss {
    let miss = missed(error, true);
    if miss.outcome == Outcome::Unreachable { miss.uncertain() } else { miss }
}

/// What a device's own error means. What changes something and is refused is answered by that.
fn of_device(error: &iot_home_miio::Error, changes: bool) -> Outcome {
    let Some(error) = error.device_error() else { return Outcome::Failed };
    let unknown = error.meaning().is_some_and(|meaning| meaning.contains("not know this method"));
    match error.code {
        _ if unknown => Outcome::NotSupported,
        // Not allowed on the LAN.
        Some(-30015) => Outcome::NotSent,
        _ if changes => Outcome::Answered,
        _ => Outcome::Failed,
    }
}

/// Whether a device's error says that it is busy, and nothing of what it knows.
fn is_passing(error: &Error) -> bool {
    error.code().is_none_or(|code| matches!(code.get(), -9999 | -30001 | -30012..=-30010))
}

/// How long something harmless is waited for.
const PROBE: Duration = Duration::from_millis(1500);
