//! What was heard of a device, as its protocol tells it.

use std::fmt;

use iot_home_lumi::{Child, Sid};

use crate::facts::{Facts, Source};
use crate::mdns::Announcement;

/// A way to find devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// miIO's hello.
    Miio,
    /// Yeelight's search, and the advertisements of bulbs.
    Yeelight,
    /// The search for Lumi gateways.
    Lumi,
    /// mDNS. It needs the feature `mdns`, and takes no part without.
    Mdns,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Miio => "miIO",
            Self::Yeelight => "Yeelight",
            Self::Lumi => "Lumi",
            Self::Mdns => "mDNS",
        })
    }
}

/// An answer or an announcement. All of it is what whoever sent it claims.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Sighting {
    /// An answer to a hello.
    Miio(iot_home_miio::discovery::Found),
    /// A bulb's answer or advertisement.
    Yeelight(iot_home_yeelight::Sighting),
    /// A gateway's answer.
    Lumi(iot_home_lumi::search::Found),
    /// A child in a gateway's list.
    Child {
        /// The gateway.
        gateway: Sid,
        /// The child.
        child: Child,
    },
    /// An announcement by mDNS.
    Mdns(Announcement),
}

impl Sighting {
    /// The protocol that it was heard by.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Miio(_) => Protocol::Miio,
            Self::Yeelight(_) => Protocol::Yeelight,
            Self::Lumi(_) | Self::Child { .. } => Protocol::Lumi,
            Self::Mdns(_) => Protocol::Mdns,
        }
    }

    /// How much it is believed.
    pub fn source(&self) -> Source {
        match self {
            Self::Miio(_) => Source::Miio,
            Self::Yeelight(_) => Source::Yeelight,
            Self::Lumi(_) | Self::Child { .. } => Source::Lumi,
            Self::Mdns(_) => Source::Mdns,
        }
    }

    /// What it tells of the device; nothing, if it is none that can be talked to.
    pub fn facts(&self) -> Option<Facts> {
        match self {
            Self::Miio(found) => Some(found.into()),
            Self::Yeelight(found) => Some(found.into()),
            Self::Lumi(found) => Some(found.into()),
            Self::Child { gateway, child } => Some(Facts::of_child(*gateway, child)),
            Self::Mdns(announcement) => announcement.facts(),
        }
    }
}
