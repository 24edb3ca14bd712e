//! Listening to what devices tell by themselves.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use iot_home_lumi::client::Heard as Reported;
use iot_home_lumi::{Sid, State};
use iot_home_miio::push::{Change as Pushed, Event as Push};
use iot_home_yeelight::client::Change;
use iot_home_yeelight::{Properties, State as Lamp};
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::plan::Feed;
use crate::DeviceKey;
use crate::home::lumi::Place;
use crate::home::shared::{Shared, miio_addr};

/// Who tells by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Voice {
    Bulb(DeviceKey),
    Miio(DeviceKey),
    /// A gateway, of itself and its children; one of those leads to it.
    Gateway(Sid),
}

/// Somebody who tells by itself, and whoever listens.
pub(super) struct Ear {
    pub(super) voice: Voice,
    pub(super) task: Option<AbortHandle>,
}

/// Something that was told.
pub(super) enum Heard {
    Up,
    Down,
    /// So many were lost on the way.
    Missed(u64),
    /// Properties of a bulb, and all that is known of it by now.
    Bulb(Properties, Box<Lamp>),
    Miio(Vec<Pushed>),
    Gateway {
        state: State,
        /// Whether something has happened, and it does not just tell that it is there.
        is_report: bool,
    },
}

/// Somebody who listens.
pub(super) struct Listener {
    pub(super) shared: Arc<Shared>,
    pub(super) feed: Feed,
    pub(super) told: Sender<(Feed, Heard)>,
}

impl Listener {
    /// Listens until there is nothing more to hear. Tells whether the device knows nothing of it.
    pub(super) async fn listen(self, voice: Voice, place: Option<Place>) -> bool {
        match voice {
            Voice::Bulb(key) => self.bulb(key).await.unwrap_or(false),
            Voice::Miio(key) => self.miio(key).await.unwrap_or(false),
            Voice::Gateway(_) => {
                let heard = match place {
                    Some(place) => self.gateway(place).await,
                    None => None,
                };
                heard.unwrap_or(false)
            }
        }
    }

    async fn bulb(&self, key: DeviceKey) -> Option<bool> {
        let (facts, slot) = self.shared.known(key).ok()?;
        let bulb = self.shared.bulb(&facts, &slot).await.ok()??;
        let mut changes = bulb.changes();
        if bulb.is_connected() {
            self.tell(Heard::Up).await?;
        }
        loop {
            let Ok(change) = timeout(LOOK_AGAIN, next(&mut changes)).await else {
                // It may have moved.
                let (now, _) = self.shared.known(key).ok()?;
                if now.yeelight != facts.yeelight {
                    return None;
                }
                continue;
            };
            let heard = match change? {
                Change::Properties(told) => Heard::Bulb(told, Box::new(bulb.state())),
                Change::Restored => Heard::Up,
                _ => Heard::Down,
            };
            self.tell(heard).await?;
        }
    }

    async fn miio(&self, key: DeviceKey) -> Option<bool> {
        let (facts, slot) = self.shared.known(key).ok()?;
        let device = self.shared.miio(&facts, &slot)?;
        let mut pushes = match device.subscribe().await {
            Ok(pushes) => pushes,
            Err(error) => {
                tracing::debug!(%error, "not subscribed");
                return Some(error.kind() == iot_home_miio::ErrorKind::NotSupported);
            }
        };
        self.tell(Heard::Up).await?;
        loop {
            let Ok(event) = timeout(LOOK_AGAIN, next(&mut pushes)).await else {
                let (now, _) = self.shared.known(key).ok()?;
                if (miio_addr(&now), &now.token) != (miio_addr(&facts), &facts.token) {
                    return None;
                }
                continue;
            };
            let heard = match event? {
                Push::Subscribed { .. } => Heard::Up,
                Push::Changed(changes) => Heard::Miio(changes),
                Push::Missed { events } => Heard::Missed(events),
                Push::NotSubscribed(_) | Push::Offline => Heard::Down,
                Push::Unsupported => return Some(true),
                _ => continue,
            };
            self.tell(heard).await?;
        }
    }

    /// Gateways tell every ten seconds that they are there. Silence is no end: the next one who speaks is heard.
    async fn gateway(&self, place: Place) -> Option<bool> {
        let (_hearing, gateway) = match self.shared.heard_gateway(place).await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::warn!(%error, "no reports of Lumi gateways are heard");
                return None;
            }
        };
        let mut reports = gateway.reports();
        let mut is_heard = false;
        loop {
            let Ok(heard) = timeout(LOOK_AGAIN, next(&mut reports)).await else {
                if std::mem::take(&mut is_heard) {
                    self.tell(Heard::Down).await?;
                }
                if !self.shared.is_at(place) {
                    return None;
                }
                continue;
            };
            if !std::mem::replace(&mut is_heard, true) {
                self.tell(Heard::Up).await?;
            }
            let heard = match heard? {
                Reported::Report(state) => Heard::Gateway { state, is_report: true },
                Reported::Heartbeat(state) => Heard::Gateway { state, is_report: false },
                Reported::Missed(events) => Heard::Missed(events),
                _ => continue,
            };
            self.tell(heard).await?;
        }
    }

    async fn tell(&self, heard: Heard) -> Option<()> {
        self.told.send((self.feed, heard)).await.ok()
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// After such a silence it is looked at whether the device is still where it was. Gateways are never silent for as long.
const LOOK_AGAIN: Duration = Duration::from_secs(35);
