//! Many devices at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use iot_home_core::MiotCode;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::Home;
use super::answer::Answer;
use super::device::{Call, Device};
use super::error::{Cause, Error};
use super::names::Setting;
use super::over::{OverCloud, missed_by_cloud, of_cloud_code};
use super::way::Way;
use crate::DeviceKey;

impl Home {
    /// Reads properties of as many devices as there are, at the same time. The results stand in the order asked; that one
    /// fails does not concern the others.
    ///
    /// Properties of one device go together, in as few requests as it takes. No more than 64 devices are asked at a time,
    /// each as often at a time as the miIO client allows; what goes to the cloud is gathered in requests for many devices.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn get_all<N: Into<Box<str>>>(
        &self,
        asked: impl IntoIterator<Item = (Device, N)>,
    ) -> Vec<Result<Answer, Error>> {
        let asked = asked.into_iter().map(|(device, name)| (device, name.into()));
        run(asked, |device, names| async move { device.get_any(&names).await }).await
    }

    /// Sets properties of as many devices as there are, at the same time, and those of one device in the order given. The
    /// results stand in the order given; that one fails does not concern the others. What only the cloud reaches goes there
    /// in one request for all.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn set_all<N: Into<Box<str>>>(
        &self,
        values: impl IntoIterator<Item = (Device, N, Value)>,
    ) -> Vec<Result<Answer, Error>> {
        let values = values.into_iter().map(|(device, name, value)| (device, (name.into(), value)));
        let (mut near, mut far) = (Vec::new(), Vec::new());
        let mut places = (Vec::new(), Vec::new());
        for (at, (device, value)) in values.enumerate() {
            let is_far = device.cloud_only().is_some();
            let (of, places) =
                if is_far { (&mut far, &mut places.1) } else { (&mut near, &mut places.0) };
            of.push((device, value));
            places.push(at);
        }
        let near =
            run(near.into_iter(), |device, values| async move { device.set_any(&values).await });
        let (near, far) = tokio::join!(near, set_far(far));
        let mut results: Vec<_> = places.0.into_iter().zip(near).collect();
        results.extend(places.1.into_iter().zip(far));
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// Hands each device its items, some devices at a time, and puts the results where the items stood.
async fn run<I, R>(
    items: impl Iterator<Item = (Device, I)>,
    serve: impl Fn(Device, Vec<I>) -> R,
) -> Vec<Result<Answer, Error>>
where
    R: Future<Output = Vec<Result<Answer, Error>>> + Send + 'static,
{
    let mut waiting: BTreeMap<DeviceKey, (Device, Vec<usize>, Vec<I>)> = BTreeMap::new();
    let mut results = Vec::new();
    for (at, (device, item)) in items.enumerate() {
        // Whoever does not answer has lost its task.
        results.push(Err(unanswered()));
        let of_device = waiting.entry(device.key());
        let (_, places, items) = of_device.or_insert_with(|| (device, Vec::new(), Vec::new()));
        places.push(at);
        items.push(item);
    }
    let mut waiting = waiting.into_values();
    let mut served = JoinSet::new();
    loop {
        while served.len() < AT_ONCE
            && let Some((device, places, items)) = waiting.next()
        {
            let serving = serve(device, items);
            served.spawn(async move { (places, serving.await) });
        }
        let Some(ended) = served.join_next().await else { return results };
        let Ok((places, answers)) = ended else { continue };
        for (at, answer) in places.into_iter().zip(answers) {
            if let Some(place) = results.get_mut(at) {
                *place = answer;
            }
        }
    }
}

/// How many devices are spoken to at a time.
const AT_ONCE: usize = 64;

/// A property that is to be set in the cloud, where its result belongs, and what it takes to say it.
struct Far {
    at: usize,
    setting: Setting,
    call: Arc<Call>,
    over: OverCloud,
}

/// Sets properties of devices that only the cloud reaches, in as few requests as it takes.
async fn set_far(values: Vec<(Device, (Box<str>, Value))>) -> Vec<Result<Answer, Error>> {
    let mut results: Vec<_> = values.iter().map(|_| Err(unanswered())).collect();
    let mut regions: BTreeMap<&'static str, Vec<Far>> = BTreeMap::new();
    let mut calls: BTreeMap<DeviceKey, Result<Arc<Call>, Error>> = BTreeMap::new();
    for (at, (device, (name, value))) in values.iter().enumerate() {
        let call = match calls.get(&device.key()) {
            Some(call) => call.clone(),
            None => {
                let call = device.call().await.map(Arc::new);
                calls.insert(device.key(), call.clone());
                call
            }
        };
        let setting = call.and_then(|call| {
            let setting =
                call.vocabulary.setting(name, value).map_err(|error| call.error(error))?;
            let over = device.cloud_only().filter(|_| setting.miot.is_some());
            Ok(over.map(|over| Far { at, setting, call, over }))
        });
        match setting {
            Ok(Some(far)) => regions.entry(far.over.cloud.region().name()).or_default().push(far),
            // One that has no numbers goes by itself.
            Ok(None) => {
                let alone = device.set_any(&[(name.clone(), value.clone())]).await;
                if let (Some(place), Some(result)) = (results.get_mut(at), alone.into_iter().next())
                {
                    *place = result;
                }
            }
            Err(error) => {
                if let Some(place) = results.get_mut(at) {
                    *place = Err(error);
                }
            }
        }
    }
    for group in regions.into_values() {
        let Some(first) = group.first() else { continue };
        let values: Vec<_> = group
            .iter()
            .filter_map(|far| {
                let (id, value) = far.setting.miot.clone()?;
                Some((far.over.did.clone(), id, value))
            })
            .collect();
        let sent = timeout_at(first.call.until, first.over.cloud.set_properties(&values)).await;
        let told = match sent {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(error)) => Err(missed_by_cloud(error, true).error),
            Err(_) => Err(Error::new(Cause::Uncertain)),
        };
        for (nth, far) in group.iter().enumerate() {
            let answer = told.as_ref().map_err(Error::clone).and_then(|told| {
                let told = told.get(nth).and_then(Option::as_ref);
                let code = told.map_or(MiotCode::INTERNAL, |told| told.code);
                of_cloud_code(code, true).map_err(|miss| miss.error)?;
                Ok(far.call.vocabulary.answer(&far.setting.named, code, None, Way::Cloud))
            });
            if let Some(place) = results.get_mut(far.at) {
                *place = answer.map_err(|error| far.call.error(error));
            }
        }
    }
    results
}

fn unanswered() -> Error {
    Error::new(Cause::Unanswered { what: "the request" })
}
