//! The Mi cloud.

use iot_home_core::{ActionId, ActionResult, Did, Lenient as _, MiotCode, PropertyId};
use iot_home_micloud::MiCloud;
use iot_home_micloud::api::{DataSource, MAX_PROPERTIES};
use iot_home_micloud::client::ErrorKind;
use serde_json::Value;

use super::miio::told_of;
use super::{Miss, Over, Told};
use crate::Classic;
use crate::classic::Request;
use crate::home::error::{Cause, Error};
use crate::home::names::Input;
use crate::home::route::Outcome;

/// A device that the cloud knows.
pub(in crate::home) struct OverCloud {
    pub(in crate::home) cloud: MiCloud,
    pub(in crate::home) did: Did,
    /// Where values that are read come from.
    pub(in crate::home) source: DataSource,
}

impl OverCloud {
    pub(in crate::home) async fn read(&self, ids: &[PropertyId]) -> Over<Vec<Told>> {
        let asked: Vec<_> = ids.iter().map(|id| (self.did.clone(), *id)).collect();
        let results = self.cloud.properties(&asked, self.source).await;
        let results = results.map_err(|error| missed(error, false))?;
        of_items(
            results.into_iter().map(|result| match result {
                Some(result) => (result.code, result.value),
                None => (MiotCode::INTERNAL, None),
            }),
            false,
        )
    }

    pub(in crate::home) async fn set(&self, values: Vec<(PropertyId, Value)>) -> Over<Vec<Told>> {
        let values: Vec<_> =
            values.into_iter().map(|(id, value)| (self.did.clone(), id, value)).collect();
        let results = self.cloud.set_properties(&values).await.map_err(|error| {
            let miss = missed(error, true);
            if values.len() > MAX_PROPERTIES { miss.uncertain() } else { miss }
        })?;
        of_items(
            results.into_iter().map(|result| match result {
                Some(result) => (result.code, None),
                None => (MiotCode::INTERNAL, None),
            }),
            true,
        )
    }

    /// Reads by `get_prop` and the like, which the cloud passes on.
    pub(in crate::home) async fn read_classic(
        &self,
        map: &Classic,
        ids: &[PropertyId],
    ) -> Over<Vec<Told>> {
        let mut told: Vec<(PropertyId, Option<Value>)> = Vec::new();
        for question in map.read(ids.iter().copied(), map.limit()) {
            let Request { method, params } = question.request();
            let answer = self.cloud.rpc(&self.did, method, params).await;
            let answer = answer.map_err(|error| missed_method(error, false))?;
            told.extend(map.answers(&question, &answer).unwrap_or_default());
        }
        let of = |id: &PropertyId| told.iter().find(|(told, _)| told == id)?.1.clone();
        Ok(ids.iter().map(|id| told_of(of(id))).collect())
    }

    /// Runs a method, which the cloud passes on.
    pub(in crate::home) async fn run(&self, request: &Request) -> Over<Told> {
        let answer = self.cloud.rpc(&self.did, &request.method, &request.params).await;
        let answer = answer.map_err(|error| missed_method(error, true))?;
        Ok((if answer.is_ok() { MiotCode::OK } else { MiotCode::INTERNAL }, None))
    }

    pub(in crate::home) async fn act(&self, id: ActionId, input: &Input) -> Over<ActionResult> {
        let bare: Vec<Value> = match input {
            Input::Named(named) => named.iter().map(|(_, value)| value.clone()).collect(),
            Input::Bare(values) => values.clone(),
        };
        let result = self.cloud.action(&self.did, id, &bare).await;
        let result = result.map_err(|error| missed(error, true))?;
        of_code(result.code, true)?;
        Ok(result)
    }
}

/// The items, unless they say that the device was not reached.
fn of_items(items: impl Iterator<Item = Told>, changes: bool) -> Over<Vec<Told>> {
    let items: Vec<_> = items.collect();
    for (code, _) in &items {
        if items.iter().all(|(other, _)| other == code) {
            of_code(*code, changes)?;
        }
    }
    Ok(items)
}

/// What a code says of the way to the device.
pub(in crate::home) fn of_code(code: MiotCode, changes: bool) -> Over<()> {
    // The last three digits tell the cause.
    let outcome = match code.get() {
        -799_999_999..=-700_000_000 => match code.get() % 1000 {
            -11 => Outcome::Unreachable,
            -36 if changes => Outcome::NoAnswer,
            -36 => Outcome::Failed,
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let cause = match outcome {
        Outcome::NoAnswer => Cause::Uncertain,
        _ => Cause::Offline(code),
    };
    Err(Miss { outcome, error: Error::new(cause) })
}

/// The same of a method that the cloud passes on: it answers with the device's error as with its own.
fn missed_method(error: iot_home_micloud::client::Error, changes: bool) -> Miss {
    let code = error.code();
    let mut miss = missed(error, changes);
    miss.outcome = match code {
        Some(OFFLINE) => Outcome::Unreachable,
        Some(_) if changes => Outcome::Answered,
        Some(_) => Outcome::Failed,
        None => miss.outcome,
    };
    miss
}

pub(in crate::home) fn missed(error: iot_home_micloud::client::Error, changes: bool) -> Miss {
    let outcome = match error.kind() {
        ErrorKind::BadInput | ErrorKind::Refused => Outcome::NotSent,
        ErrorKind::NeedsLogin
        | ErrorKind::LoginRefused
        | ErrorKind::Expired
        | ErrorKind::RenewalLimit
        | ErrorKind::Throttled
        | ErrorKind::Tls => Outcome::Unreachable,
        ErrorKind::Transport | ErrorKind::Timeout => Outcome::NoAnswer,
        _ => Outcome::Failed,
    };
    Miss { outcome, error: Error::new(Cause::Cloud { error, changes }) }
}

/// How the cloud says that it does not reach a device that a method is for.
const OFFLINE: i64 = -2;
