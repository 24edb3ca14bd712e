//! Updating a device, and watching it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use serde_json::Value;
use tokio::time::{self, Instant};

use super::Device;
use super::error::Error;
use crate::message::Request;
use crate::ota::{self, Ended, OtaState, Tracker, Update};

impl Device {
    /// Tells the device to fetch an image and to install it (`miIO.ota`).
    ///
    /// # Errors
    /// As [`call`](Self::call); [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) without an answer, and then
    /// [`ota_state`](Self::ota_state) tells more.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn update(&self, update: &Update) -> Result<(), Error> {
        let request = update.request().map_err(|error| Error::request("miIO.ota", error))?;
        self.acknowledged(request).await
    }

    /// What the device does with an update (`miIO.get_ota_state`).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn ota_state(&self) -> Result<OtaState, Error> {
        let reply = self.request(Request::fixed("miIO.get_ota_state", "[]")).await?;
        let state = reply.value().ok().and_then(|value| OtaState::read(&value));
        state.ok_or_else(|| Error::unacknowledged(self.addr(), "miIO.get_ota_state", true))
    }

    /// How much of an image the device has, in percent (`miIO.get_ota_progress`); nothing while it fetches none.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn ota_progress(&self) -> Result<Option<u8>, Error> {
        let value: Value = self.call("miIO.get_ota_progress", ()).await?;
        Ok(ota::progress(&value))
    }

    /// Watches an update that was just begun: an item for each change of its state or progress. It asks every `interval`
    /// and ends with the update, or after `most`. That the device is silent for a time is no error, since it starts
    /// again in between; each such round is an item without a state.
    pub fn watch_update(&self, interval: Duration, most: Duration) -> OtaWatch {
        // A deadline beyond what the clock can count never comes.
        let until = Instant::now().checked_add(most);
        let watch = Watch { device: self.clone(), tracker: Tracker::new(), interval, until };
        OtaWatch { next: Some(Box::pin(watch.round(None))) }
    }
}

/// An update under way, as a stream. See [`Device::watch_update`].
#[must_use = "nothing is asked unless it is polled"]
pub struct OtaWatch {
    next: Option<Pin<Box<Round>>>,
}

/// What is found out, and what goes on after it.
type Round = dyn Future<Output = Option<(OtaStatus, Watch)>> + Send;

impl Stream for OtaWatch {
    type Item = OtaStatus;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<OtaStatus>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let round = ready!(next.as_mut().poll(cx));
        self.next = None;
        let Some((status, watch)) = round else { return Poll::Ready(None) };
        if status.ended.is_none() {
            self.next = Some(Box::pin(watch.round(Some(status.clone()))));
        }
        Poll::Ready(Some(status))
    }
}

impl fmt::Debug for OtaWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtaWatch").finish_non_exhaustive()
    }
}

/// How an update stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtaStatus {
    /// What the device does; nothing while it does not answer.
    pub state: Option<OtaState>,
    /// How much of the image it has, in percent.
    pub progress: Option<u8>,
    /// How it ended; then nothing follows.
    pub ended: Option<Ended>,
}

struct Watch {
    device: Device,
    tracker: Tracker,
    interval: Duration,
    until: Option<Instant>,
}

impl Watch {
    /// Asks until something has changed; nothing when the time is up.
    async fn round(mut self, last: Option<OtaStatus>) -> Option<(OtaStatus, Self)> {
        let mut first = last.is_none();
        loop {
            if !first {
                time::sleep(self.interval.max(SHORTEST)).await;
            }
            first = false;
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            let status = self.ask().await;
            if status.ended.is_some() || last.as_ref() != Some(&status) {
                return Some((status, self));
            }
        }
    }

    async fn ask(&mut self) -> OtaStatus {
        let state = self.device.ota_state().await.ok();
        let progress = match state {
            Some(_) => self.device.ota_progress().await.ok().flatten(),
            None => None,
        };
        let ended = state.as_ref().and_then(|state| self.tracker.state(state));
        OtaStatus { state, progress, ended }
    }
}

/// Devices have other things to do.
const SHORTEST: Duration = Duration::from_millis(50);
