//! Many devices at once.

use std::collections::BTreeMap;
use std::future::Future;

use serde_json::Value;
use tokio::task::JoinSet;

use super::Home;
use super::answer::Answer;
use super::device::Device;
use super::error::{Cause, Error};
use crate::DeviceKey;

impl Home {
    /// Reads properties of as many devices as there are, at the same time. The results stand in the order asked; that one
    /// fails does not concern the others.
    ///
    /// Properties of one device go in one request. No more than 64 devices are asked at a time, none of them more than
    /// twice at a time, and what goes to the cloud is gathered in requests for many devices.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn get_all<N: Into<Box<str>>>(
        &self,
        asked: impl IntoIterator<Item = (Device, N)>,
    ) -> Vec<Result<Answer, Error>> {
        let asked = asked.into_iter().map(|(device, name)| (device, name.into()));
        run(asked, |device, names| async move { device.get_each(&names).await }).await
    }

    /// Sets properties of as many devices as there are, at the same time, and those of one device in the order given. The
    /// results stand in the order given; that one fails does not concern the others.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn set_all<N: Into<Box<str>>>(
        &self,
        values: impl IntoIterator<Item = (Device, N, Value)>,
    ) -> Vec<Result<Answer, Error>> {
        let values = values.into_iter().map(|(device, name, value)| (device, (name.into(), value)));
        run(values, |device, values| async move { device.set_each(&values).await }).await
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
        results.push(Err(Error::new(Cause::Unanswered { what: "the request" })));
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
