//! Every search on the LAN at once, as one stream of devices.

mod builder;
mod error;
mod interfaces;
mod search;
mod sighting;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
pub use iot_home_lan::{Interface, interfaces};
use tokio::time::Sleep;

pub use self::builder::DiscoveryBuilder;
pub use self::error::{DiscoveryError, DiscoveryErrorKind};
use self::search::{Listing, Search};
pub use self::sighting::{Protocol, Sighting};
use crate::household::{Household, Update};
use crate::mdns::{Announcement, Service};

/// A search for everything that is there, with its defaults: every protocol, every interface of the machine that is not
/// for containers, three seconds.
///
/// ```no_run
/// # async fn run() -> Result<(), iot_home_hub::DiscoveryError> {
/// use futures_util::StreamExt;
/// use iot_home_hub::discovery::Event;
///
/// let mut search = iot_home_hub::discover().start()?;
/// while let Some(event) = search.next().await {
///     if let Event::Device { sighting, update } = event {
///         println!("{}: {:?}", sighting.protocol(), update.news);
///     }
/// }
/// for (_, device) in search.household().devices() {
///     println!("{:?}", device.model);
/// }
/// # Ok(())
/// # }
/// ```
pub fn discover() -> DiscoveryBuilder {
    DiscoveryBuilder::new()
}

/// A search for everything that is there: a stream that yields whatever is new the moment it is heard, from
/// [`discover`]. It ends by itself, and what it has open is closed when it has ended or is dropped.
///
/// What it asks, and hears, is joined into a [`Household`]: a device that answers in several ways is one. A device is
/// yielded when it is heard for the first time and whenever something new is told of it, so the last update counts. Each
/// Lumi gateway that is found is asked for its children, which are devices too. An
/// answer that cannot be read is ignored, and a protocol that fails does not disturb the others.
#[must_use = "a search does nothing unless it is polled"]
pub struct Discovery {
    searches: Vec<Search>,
    /// What is to be yielded before anything else.
    ready: VecDeque<Event>,
    /// Which search is asked first, so that a flood in one does not silence the others.
    turn: usize,
    household: Household,
    neighbors: BTreeSet<(Service, Box<str>)>,
    count: Option<usize>,
    /// How many more gateways are asked for their children, and how long that may take.
    lists: usize,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Discovery {
    /// All devices that were found so far.
    pub fn household(&self) -> &Household {
        &self.household
    }

    /// All devices that were found. The search ends.
    pub fn into_household(self) -> Household {
        self.household
    }

    fn is_enough(&self) -> bool {
        self.count.is_some_and(|count| self.household.len() >= count)
    }

    fn hear(&mut self, sighting: Sighting) -> Option<Event> {
        if let Some(facts) = sighting.facts() {
            let update = self.household.learn(sighting.source(), facts)?;
            if let Sighting::Lumi(found) = &sighting
                && self.lists > 0
                && (update.is_new || update.news.lumi.is_some())
            {
                self.lists = self.lists.saturating_sub(1);
                self.searches.push(Search::Children(Listing::new(found, self.patience)));
            }
            return update
                .is_news()
                .then(|| Event::Device { sighting: sighting.into(), update: update.into() });
        }
        let Sighting::Mdns(neighbor) = sighting else { return None };
        let is_new = self.neighbors.len() < MAX_NEIGHBORS
            && self.neighbors.insert((neighbor.service, neighbor.name.clone()));
        is_new.then_some(Event::Neighbor(neighbor))
    }

    fn poll_searches(&mut self, cx: &mut Context<'_>) -> Option<Event> {
        let mut budget = BUDGET;
        let mut idle = 0;
        while idle < self.searches.len() {
            let at = self.turn.checked_rem(self.searches.len())?;
            self.turn = at.wrapping_add(1);
            match self.searches.get_mut(at)?.poll(cx) {
                Poll::Pending => {
                    idle = idle.saturating_add(1);
                    continue;
                }
                Poll::Ready(Some(sighting)) => {
                    let event = self.hear(sighting);
                    if event.is_some() {
                        return event;
                    }
                }
                Poll::Ready(None) => {
                    let ended = self.searches.remove(at);
                    self.turn = at;
                    if let Some(error) = ended.failed() {
                        return Some(Event::Failed(error));
                    }
                }
            }
            idle = 0;
            budget = budget.saturating_sub(1);
            if budget == 0 {
                cx.waker().wake_by_ref();
                return None;
            }
        }
        None
    }
}

impl Stream for Discovery {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = &mut *self;
        if let Some(event) = this.ready.pop_front() {
            return Poll::Ready(Some(event));
        }
        // First of all, so that no flood puts the end off.
        if this.is_enough() || this.deadline.as_mut().poll(cx).is_ready() {
            this.searches.clear();
        }
        match this.poll_searches(cx) {
            Some(event) => Poll::Ready(Some(event)),
            // Closed now, and not when somebody gets round to dropping the stream.
            None if this.searches.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").field("devices", &self.household.len()).finish_non_exhaustive()
    }
}

/// What a [`Discovery`] yields.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A device was found, or more is known of it.
    Device {
        /// What was heard of it.
        sighting: Box<Sighting>,
        /// What is new by that.
        update: Box<Update>,
    },
    /// Somebody else's device announces itself, for the first time.
    Neighbor(Announcement),
    /// One of the searches does not work. The others go on.
    Failed(DiscoveryError),
}

/// Answers taken in before others get their turn.
const BUDGET: u32 = 64;
/// Gateways that are asked for their children, so that forged answers do not make us ask everybody.
const MAX_LISTS: usize = 16;
/// Neighbours told apart in one search, so that forged announcements cannot fill the memory.
const MAX_NEIGHBORS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbour(name: &str) -> Sighting {
        let name = format!("{name}.{}", Service::HomeKit.name());
        let addr = std::net::Ipv4Addr::LOCALHOST.into();
        Sighting::Mdns(Announcement::new(&name, [addr], 80, []).unwrap())
    }

    fn silent() -> Discovery {
        Discovery {
            searches: Vec::new(),
            ready: VecDeque::new(),
            turn: 0,
            household: Household::new(),
            neighbors: BTreeSet::new(),
            count: None,
            lists: 0,
            patience: Duration::ZERO,
            deadline: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    #[tokio::test]
    async fn a_device_is_told_of_again_when_more_is_known() {
        let told = |txt: &[(&str, &[u8])]| {
            let name = format!("yeelink-light-lamp4_miio7.{}", Service::Miio.name());
            let addr = std::net::Ipv4Addr::LOCALHOST.into();
            let txt = txt.iter().copied();
            Sighting::Mdns(Announcement::new(&name, [addr], 54321, txt).unwrap())
        };
        assert_eq!(told(&[]).source(), crate::Source::Mdns);
        let mut search = silent();
        let is_new = |event| matches!(event, Some(Event::Device { update, .. }) if update.is_new);
        assert!(is_new(search.hear(told(&[]))));
        assert!(search.hear(told(&[])).is_none());
        let more = search.hear(told(&[("mac", b"286c07aabbcc")]));
        let Some(Event::Device { update, .. }) = more else { panic!("{more:?}") };
        assert!(!update.is_new && update.news.mac.is_some());
        assert!(search.hear(told(&[("mac", b"286c07aabbcc")])).is_none());
    }

    #[tokio::test]
    async fn each_neighbour_is_told_of_once_and_not_without_end() {
        let mut search = silent();
        for number in 0..MAX_NEIGHBORS {
            let event = search.hear(neighbour(&number.to_string()));
            assert!(matches!(event, Some(Event::Neighbor(_))), "{number}");
            assert!(search.hear(neighbour(&number.to_string())).is_none(), "{number} again");
        }
        assert!(search.hear(neighbour("another")).is_none(), "more than a home has");
        assert!(search.household().is_empty());
    }
}
