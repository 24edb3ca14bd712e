//! How a search is set up.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time;

use super::search::Search;
use super::{Discovery, DiscoveryError, Event, MAX_LISTS, Protocol, interfaces};
use crate::household::Household;
use crate::wire::{Observer, WireEvent};

/// Settings of a [`Discovery`], from [`discover`](super::discover).
#[derive(Clone)]
#[must_use]
pub struct DiscoveryBuilder {
    protocols: Vec<Protocol>,
    targets: Vec<(Protocol, SocketAddr)>,
    interfaces: Vec<Ipv4Addr>,
    wait: Duration,
    count: Option<usize>,
    household: Household,
    on_wire: Option<Observer>,
}

impl DiscoveryBuilder {
    pub(super) fn new() -> Self {
        Self {
            protocols: vec![Protocol::Miio, Protocol::Yeelight, Protocol::Lumi, Protocol::Mdns],
            targets: Vec::new(),
            interfaces: Vec::new(),
            wait: Duration::from_secs(3),
            count: None,
            household: Household::new(),
            on_wire: None,
        }
    }

    /// Searches by these protocols alone. All of them by default.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// Asks these addresses, each by all the protocols, on their usual ports. With targets nothing else is asked, and
    /// nobody listened to: mDNS, which only knows a group to ask, takes no part.
    pub fn targets<A: Into<IpAddr>>(mut self, targets: impl IntoIterator<Item = A>) -> Self {
        for ip in targets.into_iter().map(Into::into) {
            self.targets.extend([
                (Protocol::Miio, SocketAddr::new(ip, iot_home_miio::PORT)),
                (Protocol::Yeelight, SocketAddr::new(ip, iot_home_yeelight::SEARCH_PORT)),
                (Protocol::Lumi, SocketAddr::new(ip, iot_home_lumi::SEARCH_PORT)),
            ]);
        }
        self
    }

    /// Asks this address by this protocol; see [`targets`](Self::targets).
    pub fn target(mut self, protocol: Protocol, addr: SocketAddr) -> Self {
        self.targets.push((protocol, addr));
        self
    }

    /// Asks and listens only over the interfaces that have these addresses, be they containers'; see
    /// [`interfaces`](super::interfaces()). Loopback takes part only here.
    pub fn interfaces(mut self, addrs: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        self.interfaces.extend(addrs);
        self
    }

    /// How long the search takes unless it ends early. Three seconds by default.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Ends the search as soon as this many devices are known.
    pub fn count(mut self, devices: usize) -> Self {
        self.count = Some(devices);
        self
    }

    /// How many devices are told apart at most, 4096 by default, see [`Household`].
    pub fn capacity(mut self, devices: usize) -> Self {
        self.household = self.household.capacity(devices);
        self
    }

    /// Calls `observer` with every datagram that goes and comes, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Observer::new(observer));
        self
    }

    /// Opens the sockets. The first questions leave when the stream is polled. A protocol that does not start beside
    /// others that do is the first thing that is yielded.
    ///
    /// # Errors
    /// When there is no network to search, when nothing is left to ask, or when no protocol's search starts.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    pub fn start(mut self) -> Result<Discovery, DiscoveryError> {
        let is_everywhere = self.targets.is_empty();
        if is_everywhere && self.interfaces.is_empty() {
            self.interfaces = interfaces::searched()?;
        }
        let (mut searches, mut failed) = (Vec::new(), VecDeque::new());
        for protocol in self.protocols.iter().copied().collect::<BTreeSet<_>>() {
            if is_everywhere || self.targets_of(protocol).next().is_some() {
                for search in self.open(protocol, is_everywhere) {
                    match search {
                        Ok(search) => searches.push(search),
                        Err(error) => failed.push_back(error),
                    }
                }
            }
        }
        if searches.is_empty() {
            return Err(failed.pop_front().unwrap_or_else(DiscoveryError::nothing_to_ask));
        }
        Ok(Discovery {
            searches,
            ready: failed.into_iter().map(Event::Failed).collect(),
            turn: 0,
            household: self.household,
            neighbors: BTreeSet::new(),
            count: self.count,
            lists: MAX_LISTS,
            // The list has to be there before the search ends.
            patience: self.wait.checked_div(2).unwrap_or(self.wait),
            deadline: Box::pin(time::sleep(self.wait)),
        })
    }

    fn open(&self, protocol: Protocol, is_everywhere: bool) -> Vec<Result<Search, DiscoveryError>> {
        let interfaces = || self.interfaces.iter().copied();
        let targets = || self.targets_of(protocol);
        match protocol {
            Protocol::Miio => {
                let mut search = iot_home_miio::Discovery::builder().wait(self.wait);
                if let Some(observer) = &self.on_wire {
                    search = search.on_wire(observer.miio());
                }
                let search = search.interfaces(interfaces()).targets(targets()).start();
                vec![search.map(Search::Miio).map_err(|error| of(protocol, error))]
            }
            Protocol::Yeelight => {
                let mut search = iot_home_yeelight::Discovery::builder().wait(self.wait);
                if let Some(observer) = &self.on_wire {
                    search = search.on_wire(observer.yeelight());
                }
                let search = search.interfaces(interfaces()).targets(targets()).start();
                let mut searches =
                    vec![search.map(Search::Yeelight).map_err(|error| of(protocol, error))];
                if is_everywhere {
                    let mut listener = iot_home_yeelight::Listener::builder();
                    if let Some(observer) = &self.on_wire {
                        listener = listener.on_wire(observer.yeelight());
                    }
                    let listener = listener.interfaces(interfaces()).start();
                    searches
                        .push(listener.map(Search::Adverts).map_err(|error| of(protocol, error)));
                }
                searches
            }
            Protocol::Lumi => {
                let mut search = iot_home_lumi::Discovery::builder().wait(self.wait);
                if let Some(observer) = &self.on_wire {
                    search = search.on_wire(observer.lumi());
                }
                let search = search.interfaces(interfaces()).targets(targets()).start();
                vec![search.map(Search::Lumi).map_err(|error| of(protocol, error))]
            }
            #[cfg(feature = "mdns")]
            Protocol::Mdns if is_everywhere => {
                let browser = crate::mdns::browser::Browser::start(&self.interfaces);
                vec![browser.map(Search::Mdns).map_err(|error| of(protocol, error))]
            }
            Protocol::Mdns => Vec::new(),
        }
    }

    fn targets_of(&self, protocol: Protocol) -> impl Iterator<Item = SocketAddr> {
        self.targets.iter().filter(move |(of, _)| *of == protocol).map(|(_, addr)| *addr)
    }
}

impl fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryBuilder")
            .field("protocols", &self.protocols)
            .field("targets", &self.targets)
            .field("interfaces", &self.interfaces)
            .field("wait", &self.wait)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

fn of(protocol: Protocol, error: impl std::error::Error + Send + Sync + 'static) -> DiscoveryError {
    DiscoveryError::search(protocol, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DiscoveryError;
    use crate::discovery::DiscoveryErrorKind;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_target_is_asked_by_every_protocol_on_the_port_for_searches() {
        let builder = DiscoveryBuilder::new().targets([HERE]);
        for (protocol, port) in
            [(Protocol::Miio, 54321), (Protocol::Yeelight, 1982), (Protocol::Lumi, 4321)]
        {
            let targets: Vec<_> = builder.targets_of(protocol).collect();
            assert_eq!(targets, [SocketAddr::new(HERE, port)]);
        }
        assert_eq!(builder.targets_of(Protocol::Mdns).count(), 0);
    }

    #[tokio::test]
    async fn with_targets_there_is_one_search_a_protocol_and_nobody_is_listened_to() {
        let started = |protocols: &[Protocol], target| -> Result<usize, DiscoveryError> {
            let builder = DiscoveryBuilder::new().protocols(protocols.iter().copied());
            Ok(builder.target(target, SocketAddr::new(HERE, 4000)).start()?.searches.len())
        };
        for protocol in [Protocol::Miio, Protocol::Yeelight, Protocol::Lumi] {
            assert_eq!(started(&[protocol, protocol, Protocol::Mdns], protocol).unwrap(), 1);
        }
        let error = started(&[Protocol::Mdns], Protocol::Mdns).unwrap_err();
        assert_eq!(error.kind(), DiscoveryErrorKind::NothingToAsk);
    }
}
