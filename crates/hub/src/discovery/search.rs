//! One protocol's part of a search.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use iot_home_lumi::Lumi;
use iot_home_lumi::search::Found;
use iot_home_yeelight::directory::Update;

use super::{DiscoveryError, Sighting};

/// A search under way.
pub(super) enum Search {
    Miio(iot_home_miio::Discovery),
    Yeelight(iot_home_yeelight::Discovery),
    Adverts(iot_home_yeelight::Listener),
    Lumi(iot_home_lumi::Discovery),
    /// What a gateway that was found says of its children.
    Children(Listing),
    #[cfg(feature = "mdns")]
    Mdns(crate::mdns::browser::Browser),
}

impl Search {
    /// The next thing that is heard, or nothing once the search has ended.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Sighting>> {
        match self {
            Self::Miio(search) => next(search, cx).map(|found| found.map(Sighting::Miio)),
            Self::Yeelight(search) => next(search, cx).map(|found| found.map(Sighting::Yeelight)),
            Self::Lumi(search) => next(search, cx).map(|found| found.map(Sighting::Lumi)),
            Self::Children(listing) => listing.poll(cx),
            Self::Adverts(listener) => loop {
                match ready!(next(listener, cx)) {
                    Some(Update::New(bulb) | Update::Changed(bulb)) => {
                        return Poll::Ready(Some(Sighting::Yeelight(bulb)));
                    }
                    None => return Poll::Ready(None),
                    Some(_) => {}
                }
            },
            #[cfg(feature = "mdns")]
            Self::Mdns(browser) => next(browser, cx).map(|found| found.map(Sighting::Mdns)),
        }
    }

    /// What a search that has ended failed by.
    pub(super) fn failed(self) -> Option<DiscoveryError> {
        match self {
            #[cfg(feature = "mdns")]
            Self::Mdns(_) => Some(DiscoveryError::search(
                super::Protocol::Mdns,
                "it broke off: no socket on port 5353, or more announcements than a home has",
            )),
            _ => None,
        }
    }
}

/// A gateway that is asked for its children.
pub(super) struct Listing {
    asking: Option<Asking>,
    told: VecDeque<Sighting>,
}

type Asking =
    Pin<Box<dyn Future<Output = Result<VecDeque<Sighting>, iot_home_lumi::Error>> + Send>>;

impl Listing {
    pub(super) fn new(found: &Found, patience: Duration) -> Self {
        let found = found.clone();
        let asking = async move {
            let client = Lumi::builder().without_reports().list_timeout(patience).bind().await?;
            let children = client.found(&found, None).children().await?;
            let told = |child| Sighting::Child { gateway: found.sid, child };
            Ok(children.into_iter().map(told).collect())
        };
        Self { asking: Some(Box::pin(asking)), told: VecDeque::new() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Sighting>> {
        if let Some(asking) = &mut self.asking {
            let listed = ready!(asking.as_mut().poll(cx));
            self.asking = None;
            match listed {
                Ok(told) => self.told = told,
                Err(error) => tracing::debug!(%error, "a gateway does not list its children"),
            }
        }
        Poll::Ready(self.told.pop_front())
    }
}

fn next<S: Stream + Unpin>(stream: &mut S, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(cx)
}
