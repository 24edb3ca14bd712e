//! What goes over the wire on the LAN, for whoever wants to see it.

use std::sync::Arc;

use iot_home_lumi::client as lumi;
use iot_home_miio::client as miio;
use iot_home_yeelight::client as yeelight;

/// What went over the wire, as the client of its protocol tells it. It may hold secrets. mDNS is not shown: its library has
/// the sockets.
#[derive(Debug)]
#[non_exhaustive]
pub enum WireEvent<'a> {
    /// A datagram of miIO's.
    Miio(&'a miio::WireEvent<'a>),
    /// A datagram of a search for bulbs, or an advertisement, or a piece of a bulb's connection.
    Yeelight(&'a yeelight::WireEvent<'a>),
    /// A datagram of the Lumi gateways' protocol.
    Lumi(&'a lumi::WireEvent<'a>),
}

/// Whoever wants to see it.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&WireEvent<'_>) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    /// What miIO's clients call.
    pub(crate) fn miio(&self) -> impl Fn(&miio::WireEvent<'_>) + Send + Sync + use<> {
        let Self(observer) = self.clone();
        move |event| observer(&WireEvent::Miio(event))
    }

    /// What clients of bulbs call.
    pub(crate) fn yeelight(&self) -> impl Fn(&yeelight::WireEvent<'_>) + Send + Sync + use<> {
        let Self(observer) = self.clone();
        move |event| observer(&WireEvent::Yeelight(event))
    }

    /// What clients of Lumi gateways call.
    pub(crate) fn lumi(&self) -> impl Fn(&lumi::WireEvent<'_>) + Send + Sync + use<> {
        let Self(observer) = self.clone();
        move |event| observer(&WireEvent::Lumi(event))
    }
}
