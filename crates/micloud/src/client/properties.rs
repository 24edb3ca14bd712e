//! Properties of MIoT devices; what several ask for at a time goes in one request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iot_home_core::{Did, PropertyId, PropertyResult};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::api::{self, DataSource, MAX_PROPERTIES};

/// Which property of which device.
type Key = (Did, PropertyId);
type Answer = Result<Vec<Option<PropertyResult>>, Error>;

/// Reads that wait for others to go with.
#[derive(Default)]
pub(super) struct Reads(Mutex<Vec<(DataSource, Waiting)>>);

struct Waiting {
    asked: Vec<Key>,
    answer: oneshot::Sender<Answer>,
}

impl MiCloud {
    /// Reads properties, of as many devices as there are, in the order asked. What the cloud left out is absent.
    ///
    /// It waits 50 milliseconds for reads of other clones, and asks for all of them together, in requests of
    /// [`MAX_PROPERTIES`] at most.
    ///
    /// # Errors
    /// As for [`send`](Self::send). That a device is offline is no error: its results say so by their code.
    ///
    /// # Cancel safety
    /// Others' reads are not disturbed.
    pub async fn properties(&self, asked: &[Key], source: DataSource) -> Answer {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        if self.reads.join(source, Waiting { asked: asked.to_vec(), answer }) {
            let cloud = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GATHERED).await;
                cloud.read(source).await;
            });
        }
        answered.await.unwrap_or_else(|_| Err(Error::new(Cause::Ended)))
    }

    /// Writes properties, in the order given. A value's JSON type is the property's: `true` and not 1.
    ///
    /// It is sent at once, so that what follows another write comes after it.
    ///
    /// # Errors
    /// As for [`send`](Self::send); of several requests, that of the first one that fails. Those before it are done.
    pub async fn set_properties(&self, values: &[(Did, PropertyId, Value)]) -> Answer {
        let mut results = Vec::with_capacity(values.len());
        for (call, values) in api::set_properties(values).zip(values.chunks(MAX_PROPERTIES)) {
            let asked: Vec<Key> = values.iter().map(|(did, id, _)| (did.clone(), *id)).collect();
            results.extend(self.send(&call).await?.results(&asked));
        }
        Ok(results)
    }

    /// Asks for everything that waits by now, and gives each its own.
    async fn read(&self, source: DataSource) {
        let waiting = self.reads.take(source);
        let keys: BTreeSet<&Key> = waiting.iter().flat_map(|waiting| &waiting.asked).collect();
        let keys: Vec<Key> = keys.into_iter().cloned().collect();
        let mut asking = JoinSet::new();
        for (call, keys) in api::get_properties(&keys, source).zip(keys.chunks(MAX_PROPERTIES)) {
            let (cloud, keys) = (self.clone(), keys.to_vec());
            asking.spawn(async move { (cloud.send(&call).await, keys) });
        }
        let mut known = BTreeMap::new();
        while let Some(answer) = asking.join_next().await {
            let Ok((answer, keys)) = answer else { continue };
            match answer {
                Ok(answers) => {
                    let results = answers.results(&keys);
                    known.extend(keys.into_iter().zip(results.into_iter().map(Ok)));
                }
                Err(error) => {
                    known.extend(keys.into_iter().map(|key| (key, Err(error.clone()))));
                }
            }
        }
        for Waiting { asked, answer } in waiting {
            // Whoever went away is not answered.
            let _ = answer.send(pick(&known, &asked));
        }
    }
}

/// What was found of these, by key; or why one of them was not.
fn pick(known: &BTreeMap<Key, Result<Option<PropertyResult>, Error>>, asked: &[Key]) -> Answer {
    let ended = || Err(Error::new(Cause::Ended));
    asked.iter().map(|key| known.get(key).cloned().unwrap_or_else(ended)).collect()
}

impl Reads {
    /// Waits with the others. Whether it is the first one, who sees to all of them.
    fn join(&self, source: DataSource, waiting: Waiting) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !all.iter().any(|(other, _)| *other == source);
        all.push((source, waiting));
        first
    }

    /// All who wait for values of this source and did not go away.
    fn take(&self, source: DataSource) -> Vec<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ours, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *all).into_iter().partition(|(other, _)| *other == source);
        *all = others;
        let ours = ours.into_iter().map(|(_, waiting)| waiting);
        ours.filter(|waiting| !waiting.answer.is_closed()).collect()
    }
}

/// How long a read waits for others.
const GATHERED: Duration = Duration::from_millis(50);
