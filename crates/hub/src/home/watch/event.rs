//! What a watch yields.

use std::fmt;

use iot_home_core::PropertyId;
use serde_json::Value;

use crate::home::device::Device;
use crate::home::error::Error;
use crate::home::way::Way;

/// What a [`Watch`](super::Watch) yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A property has its first value, or another one than before.
    Change(Change),
    /// A device does not answer, or not for one of its properties. Told once, until it has answered again.
    Failed {
        /// The device.
        device: Device,
        /// Why.
        error: Error,
    },
    /// So many events were left out, because they were not read in time. The last value of each property is not among
    /// them.
    Missed(u64),
}

/// A property's new value.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The device.
    pub device: Device,
    /// The property's name, `service:property` where it is known, or else as it was given.
    pub property: Box<str>,
    /// Its numbers in MIoT, where they are known.
    pub id: Option<PropertyId>,
    /// The value, as the property's format has it.
    pub value: Value,
    /// The value as a person reads it: `Auto`, `40 %`.
    pub shown: Option<Box<str>>,
    /// Which way it came.
    pub from: Origin,
    /// Whether it is the first value that the watch has of the property.
    pub is_first: bool,
}

/// Without the value, which may be anything that a device knows.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("device", &self.device)
            .field("property", &self.property)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Which way a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A bulb's notification.
    Bulb,
    /// A miIO subscription.
    Subscription,
    /// A Lumi gateway's report or heartbeat.
    Gateway,
    /// It was asked for on the LAN.
    PolledLan,
    /// It was asked for in the Mi cloud.
    PolledCloud,
}

impl Origin {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bulb => "bulb",
            Self::Subscription => "subscription",
            Self::Gateway => "gateway",
            Self::PolledLan => "polled-lan",
            Self::PolledCloud => "polled-cloud",
        }
    }

    pub(super) const fn polled(way: Way) -> Self {
        if matches!(way, Way::Cloud) { Self::PolledCloud } else { Self::PolledLan }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
