//! A bulb that was heard of, and where from.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use crate::PORT;
use crate::advert::{Advert, AdvertKind, Index};
use crate::id::BulbId;
use crate::property::{Property, PropertyValue};

/// A search answer or an advertisement of its own, with its sender. All of it is what the datagram claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Sighting {
    datagram: Box<[u8]>,
    index: Index,
    source: SocketAddr,
}

impl Sighting {
    /// What the datagram says, as it was read.
    pub fn advert(&self) -> Advert<'_> {
        Advert::from_parts(&self.datagram, self.index)
    }

    /// Where the datagram came from. Its port is the one that the bulb happened to send from.
    pub fn source(&self) -> SocketAddr {
        self.source
    }

    /// Where to control the bulb: the address that the datagram came from, which is one that works, and
    /// the port that the bulb names, or else [`PORT`].
    pub fn addr(&self) -> SocketAddr {
        self.advert().addr(self.source)
    }

    /// See [`Advert::kind`].
    pub fn kind(&self) -> AdvertKind {
        self.advert().kind()
    }

    /// The bulb's id.
    pub fn id(&self) -> BulbId {
        self.advert().id()
    }

    /// See [`Advert::max_age`].
    pub fn max_age(&self) -> Option<Duration> {
        self.advert().max_age()
    }

    /// See [`Advert::model`].
    pub fn model(&self) -> Option<Cow<'_, str>> {
        self.advert().model()
    }

    /// See [`Advert::fw_ver`].
    pub fn fw_ver(&self) -> Option<u32> {
        self.advert().fw_ver()
    }

    /// See [`Advert::support`].
    pub fn support(&self) -> impl Iterator<Item = &str> + Clone {
        self.advert().support()
    }

    /// See [`Advert::properties`].
    pub fn properties(&self) -> impl Iterator<Item = (Property, PropertyValue)> {
        self.advert().properties()
    }

    /// See [`Advert::name`].
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.advert().name()
    }

    /// See [`Advert::raw_name`].
    pub fn raw_name(&self) -> Option<Cow<'_, str>> {
        self.advert().raw_name()
    }

    /// See [`Advert::header`].
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.advert().header(name)
    }

    /// See [`Advert::headers`].
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> + Clone {
        self.advert().headers()
    }
}

impl Advert<'_> {
    /// A copy that lasts, with the address that the datagram came from.
    pub fn to_sighting(&self, source: SocketAddr) -> Sighting {
        let (datagram, index) = self.into_parts();
        Sighting { datagram: datagram.into(), index, source }
    }

    pub(crate) fn addr(&self, source: SocketAddr) -> SocketAddr {
        let port = self.location().map_or(PORT, |location| location.port());
        SocketAddr::new(source.ip(), port)
    }
}

impl fmt::Debug for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sighting")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("addr", &self.addr())
            .field("model", &self.model().unwrap_or_default())
            .field("name", &self.name().unwrap_or_default())
            .finish_non_exhaustive()
    }
}
