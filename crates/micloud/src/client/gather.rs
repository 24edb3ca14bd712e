//! Properties that several callers ask for at about the same time travel in one request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iot_home_core::{Did, PropertyId, PropertyResult};
use tokio::sync::oneshot;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::api::{DataSource, get_properties};

type Key = (Did, PropertyId);
type Found = Result<BTreeMap<Key, PropertyResult>, Error>;

/// Who waits, by where the values shall come from.
#[derive(Default)]
pub(super) struct Gather(Mutex<HashMap<DataSource, Vec<Waiting>>>);

struct Waiting {
    asked: Vec<Key>,
    found: oneshot::Sender<Found>,
}

impl MiCloud {
    /// Reads properties of as many devices as there are, in the order asked. What the cloud left out is absent.
    ///
    /// Callers within 50 ms share a request, and no property is asked for twice in it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn properties(
        &self,
        asked: &[Key],
        source: DataSource,
    ) -> Result<Vec<Option<PropertyResult>>, Error> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (found, answer) = oneshot::channel();
        let first = self.view.gather.add(source, Waiting { asked: asked.to_vec(), found });
        if first {
            let cloud = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(WINDOW).await;
                cloud.fetch(source).await;
            });
        }
        let mut found = answer.await.map_err(|_| Error::new(Cause::Interrupted))??;
        // Who asks for one twice gets it twice.
        let mut given = BTreeMap::<&Key, PropertyResult>::new();
        Ok(asked
            .iter()
            .map(|key| {
                if let Some(result) = found.remove(key) {
                    given.insert(key, result);
                }
                given.get(key).cloned()
            })
            .collect())
    }

    /// Asks for all that is waited for by now.
    async fn fetch(&self, source: DataSource) {
        let waiting = self.view.gather.take(source);
        let asked: BTreeSet<Key> =
            waiting.iter().flat_map(|waiting| waiting.asked.iter().cloned()).collect();
        let asked: Vec<Key> = asked.into_iter().collect();
        let answers = self.ask(&asked, source).await;
        for Waiting { asked, found } in waiting {
            let own = match &answers {
                Ok(all) => Ok(asked
                    .into_iter()
                    .filter_map(|key| all.get(&key).cloned().map(|result| (key, result)))
                    .collect()),
                Err(error) => Err(error.clone()),
            };
            // Whoever waits no longer does not need it.
            drop(found.send(own));
        }
    }

    async fn ask(&self, asked: &[Key], source: DataSource) -> Found {
        let mut all = BTreeMap::new();
        let calls = get_properties(asked, source);
        for (call, part) in calls.zip(asked.chunks(crate::api::MAX_PROPERTIES)) {
            let answers = self.send(&call).await?;
            for (key, result) in part.iter().zip(answers.results(part)) {
                if let Some(result) = result {
                    all.insert(key.clone(), result);
                }
            }
        }
        Ok(all)
    }
}

impl Gather {
    /// Tells whether nobody waited before.
    fn add(&self, source: DataSource, waiting: Waiting) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = all.entry(source).or_default();
        waits.push(waiting);
        waits.len() == 1
    }

    fn take(&self, source: DataSource) -> Vec<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&source).unwrap_or_default()
    }
}

/// How long others may join.
const WINDOW: Duration = Duration::from_millis(50);
