//! Watching: one stream of changes, whichever way they come.

mod ask;
mod driver;
mod event;
mod hearing;
mod listen;
mod members;
mod memory;
mod plan;
mod queue;
mod telling;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use iot_home_core::{Random as _, SeededRandom, SystemRandom};
use iot_home_micloud::api::MAX_PROPERTIES;
use tokio::task::AbortHandle;

use self::ask::Aim;
use self::driver::Driver;
pub use self::event::{Change, Event, Origin};
use self::plan::{Pace, Plan, Terms};
use self::queue::Queue;
use super::device::Device;
use super::shared::Shared;
use crate::DeviceKey;

/// What is to be watched, from [`Home::watch`](super::Home::watch).
#[must_use]
pub struct WatchBuilder {
    shared: Arc<Shared>,
    devices: BTreeMap<DeviceKey, Wanted>,
    terms: Terms,
    buffer: usize,
}

/// A device, and what is named of it.
type Wanted = (Device, Option<Vec<Box<str>>>);

impl WatchBuilder {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            devices: BTreeMap::new(),
            terms: Terms {
                near: Pace { shortest: Duration::from_secs(5), longest: Duration::from_secs(300) },
                far: Pace { shortest: Duration::from_secs(30), longest: Duration::from_secs(600) },
                at_once: 16,
                batch: MAX_PROPERTIES,
            },
            buffer: 256,
        }
    }

    /// Watches this device: each of its properties that can be read and has `notify` in the spec, or where there is no
    /// spec each that is known. Without any device all of the home are watched, those too that it learns of later.
    pub fn device(mut self, device: &Device) -> Self {
        self.devices.entry(device.key()).or_insert_with(|| (device.clone(), None));
        self
    }

    /// Watches these properties of a device and no others, named as for [`Device::get`].
    pub fn properties<N: Into<Box<str>>>(
        mut self,
        device: &Device,
        properties: impl IntoIterator<Item = N>,
    ) -> Self {
        let of_device = self.devices.entry(device.key()).or_insert_with(|| (device.clone(), None));
        let names = of_device.1.get_or_insert_default();
        for name in properties.into_iter().map(Into::into) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self
    }

    /// How often a device is asked on the LAN: at the shortest interval after something has changed, then twice as long
    /// each time, up to the longest. 5 seconds to 5 minutes by default; less than a hundredth of a second is not taken.
    pub fn every(mut self, interval: RangeInclusive<Duration>) -> Self {
        self.terms.near = pace(&interval);
        self
    }

    /// The same for devices that only the cloud reaches. 30 seconds to 10 minutes by default.
    pub fn every_in_cloud(mut self, interval: RangeInclusive<Duration>) -> Self {
        self.terms.far = pace(&interval);
        self
    }

    /// How many requests are under way at a time: 16 by default. One to the cloud may be for many devices.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.terms.at_once = requests.max(1);
        self
    }

    /// How many events wait for a reader before earlier values of a property are left out: 256 by default.
    pub fn buffer(mut self, events: usize) -> Self {
        self.buffer = events;
        self
    }

    /// Starts watching. The first values come as soon as the devices answer.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(self) -> Watch {
        let random = SeededRandom::new(SystemRandom::new().next_u64());
        let queue = Arc::new(Queue::new(self.buffer));
        let mut driver = Driver::new(&self.shared, Plan::new(self.terms, random), &queue);
        if self.devices.is_empty() {
            driver.join_all();
        }
        for (device, wanted) in self.devices.into_values() {
            driver.add(|target| Aim { target, device, wanted: wanted.map(Into::into) });
        }
        Watch { queue, task: tokio::spawn(driver.run()).abort_handle() }
    }
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBuilder")
            .field("devices", &self.devices.len())
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

/// A pace that neither stands still nor runs hot.
fn pace(interval: &RangeInclusive<Duration>) -> Pace {
    let shortest = (*interval.start()).max(LEAST);
    Pace { shortest, longest: (*interval.end()).max(shortest) }
}

/// Changes of devices, as a stream. It does not end by itself. Dropping it ends all that it has begun: polling,
/// subscriptions and listening.
///
/// It goes on while nobody reads. When more than the [buffer](WatchBuilder::buffer) waits, earlier values of a property
/// that has a later one are left out, and [`Event::Missed`] tells how many.
#[must_use = "dropping it ends the watch"]
pub struct Watch {
    queue: Arc<Queue>,
    task: AbortHandle,
}

impl Stream for Watch {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.queue.poll_pop(cx)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// The shortest interval that is taken.
const LEAST: Duration = Duration::from_millis(10);
