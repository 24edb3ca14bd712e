//! Asking one device for what is watched of it.

use std::sync::Arc;

use iot_home_core::Instant;

use super::plan::Target;
use crate::home::answer::Answer;
use crate::home::device::{Call, Device};
use crate::home::error::{Cause, Error};
use crate::home::names::{Named, Vocabulary};
use crate::home::way::Way;

/// A device, and what is watched of it.
#[derive(Clone)]
pub(super) struct Aim {
    pub(super) target: Target,
    pub(super) device: Device,
    /// What was named; whatever tells of its changes otherwise.
    pub(super) wanted: Option<Arc<[Box<str>]>>,
}

/// What a device can tell.
pub(super) struct Ready {
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) named: Vec<Named>,
    /// Names that it does not know.
    pub(super) unknown: Vec<(Box<str>, Error)>,
    /// The region whose cloud it is reached by.
    pub(super) region: Option<Box<str>>,
}

/// What a device has told.
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) ready: Ready,
    /// For each of the names that it was asked for.
    pub(super) answers: Vec<(Box<str>, Result<Answer, Error>)>,
}

impl Aim {
    pub(super) async fn prepare(&self) -> Result<Ready, Error> {
        let call = self.device.call().await?;
        let ready = self.ready(&call);
        match &call.vocabulary.missing {
            Some(missing) if ready.named.is_empty() => Err(call.error(missing.clone())),
            None if ready.named.is_empty() && self.wanted.is_none() => {
                Err(call.error(Error::new(Cause::Nameless { name: "*".into() })))
            }
            _ => Ok(ready),
        }
    }

    pub(super) async fn ask(&self) -> Result<Asked, Error> {
        let mut call = self.device.call().await?;
        call.is_watching = true;
        let mut ready = self.ready(&call);
        let at = self.device.shared().now();
        // Nobody remembers what happened.
        let named = ready.named.iter().filter(|named| !ready.vocabulary.is_event(named));
        let named: Vec<Named> = named.cloned().collect();
        let names: Vec<_> = named.iter().map(|named| named.name.clone()).collect();
        let answers =
            self.device.carry_each(&call, named.into_iter().map(Ok).collect::<Vec<_>>()).await;
        let answers: Vec<_> = names.into_iter().zip(answers).collect();
        // Where the LAN does not do, the cloud is not to be asked as often.
        let told = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok());
        if ready.region.is_none() && told.clone().any(|answer| answer.way == Way::Cloud) {
            ready.region = self.device.region();
        }
        Ok(Asked { at, ready, answers })
    }

    fn ready(&self, call: &Call) -> Ready {
        let vocabulary = Arc::clone(&call.vocabulary);
        let (mut named, mut unknown) = (Vec::new(), Vec::new());
        match &self.wanted {
            Some(wanted) => {
                for name in wanted.iter() {
                    match vocabulary.reading(name) {
                        Ok(known) => named.push(known),
                        Err(error) => unknown.push((name.clone(), call.error(error))),
                    }
                }
            }
            None => named = vocabulary.telling(),
        }
        let region = self.device.cloud_only().map(|over| over.cloud.region().name().into());
        Ready { vocabulary, named, unknown, region }
    }
}
