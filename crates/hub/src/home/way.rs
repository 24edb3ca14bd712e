//! The ways to a device.

use std::fmt;

/// A way to a device, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Way {
    /// miIO on the LAN: properties and actions by their numbers.
    Miot,
    /// miIO on the LAN: `get_prop` and the `set_…` methods of devices from before MIoT.
    Classic,
    /// A Yeelight's own connection on the LAN.
    Yeelight,
    /// The methods of a Yeelight over miIO, where its LAN control is off.
    YeelightOverMiio,
    /// The gateway that it hangs below, or is, by the LAN protocol of Lumi gateways.
    Lumi,
    /// The Mi cloud.
    Cloud,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Miot,
        Self::Classic,
        Self::Yeelight,
        Self::YeelightOverMiio,
        Self::Lumi,
        Self::Cloud,
    ];

    /// The same, in the three words that a person needs.
    pub const fn via(self) -> Via {
        match self {
            Self::Miot | Self::Classic | Self::YeelightOverMiio | Self::Lumi => Via::Lan,
            Self::Yeelight => Via::Yeelight,
            Self::Cloud => Via::Cloud,
        }
    }

    /// What carries it.
    pub(crate) const fn link(self) -> Link {
        match self {
            Self::Miot | Self::Classic | Self::YeelightOverMiio => Link::Miio,
            Self::Yeelight => Link::Yeelight,
            Self::Lumi => Link::Lumi,
            Self::Cloud => Link::Cloud,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Miot => "miIO on the LAN",
            Self::Classic => "miIO's older methods on the LAN",
            Self::Yeelight => "Yeelight on the LAN",
            Self::YeelightOverMiio => "Yeelight over miIO",
            Self::Lumi => "its gateway on the LAN",
            Self::Cloud => "the cloud",
        })
    }
}

/// Where an answer came from: `lan`, `yeelight` or `cloud`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// The device, by miIO, or its gateway.
    Lan,
    /// The bulb, by its own protocol.
    Yeelight,
    /// The Mi cloud.
    Cloud,
}

impl Via {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Yeelight => "yeelight",
            Self::Cloud => "cloud",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What ways have in common that fail together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// The device's UDP port, and its token.
    Miio,
    /// The bulb's connection.
    Yeelight,
    /// The gateway's UDP port.
    Lumi,
    /// The cloud.
    Cloud,
}

/// Some of the ways.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ways(u8);

impl Ways {
    /// All that this link carries.
    pub(crate) fn of_link(link: Link) -> Self {
        Way::ALL.into_iter().filter(|way| way.link() == link).collect()
    }

    /// All there may be.
    pub(crate) fn all() -> Self {
        Way::ALL.into_iter().collect()
    }

    /// Whether this is one of them.
    pub(crate) const fn contains(self, way: Way) -> bool {
        self.0 & 1 << way as u8 != 0
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One more.
    pub(crate) const fn insert(&mut self, way: Way) {
        self.0 |= 1 << way as u8;
    }

    /// Without this one.
    pub(crate) const fn remove(&mut self, way: Way) {
        self.0 &= !(1 << way as u8);
    }

    /// Those in both.
    #[must_use]
    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other.
    #[must_use]
    pub(crate) const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, the best first.
    pub(crate) fn iter(self) -> impl Iterator<Item = Way> {
        Way::ALL.into_iter().filter(move |way| self.contains(*way))
    }
}

impl FromIterator<Way> for Ways {
    fn from_iter<I: IntoIterator<Item = Way>>(ways: I) -> Self {
        let mut set = Self::default();
        ways.into_iter().for_each(|way| set.insert(way));
        set
    }
}

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
