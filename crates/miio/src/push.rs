//! What a device pushes by itself: LAN subscriptions by `miIO.sub`.
//!
//! A client asks with a [probe](crate::packet::mdid_probe) whether the device takes subscriptions, and
//! subscribes. From then on the device sends `properties_changed` and `event_occured` to the address that the
//! subscription came from, and repeats each until it is answered. A
//! [`Session`](crate::session::Session::subscribe) does all of that; what comes of it are [`Event`]s.
//!
//! A device forgets its subscription when it is switched off. The probe is therefore repeated, and where the
//! answer shows another time of subscribing than ours, the session subscribes again.

mod seen;
mod subscriber;
mod uplink;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use iot_home_core::{Did, EventId, Piid, PropertyId};
use serde_json::Value;

use crate::error::Failure;

pub(crate) use self::subscriber::{Order, Subscriber, Verdict};
pub(crate) use self::uplink::is_uplink;

/// Something that a subscription has to tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The device has taken the subscription.
    Subscribed {
        /// Whether it had taken it before: it was switched off, or somebody else subscribed. What happened
        /// in between was not told.
        again: bool,
    },
    /// The device did not take the subscription. It is asked again at the next probe.
    NotSubscribed(Failure),
    /// The device answers, and knows no subscriptions that cover everything. It is asked on at the usual pace.
    Unsupported,
    /// The device answers no probe any more. It is subscribed to again when it comes back.
    Offline,
    /// Properties have changed.
    Changed(Vec<Change>),
    /// An event has occurred.
    Occurred(Box<Occurrence>),
    /// The stream's reader was too slow, and this many events were dropped, the oldest ones. Told
    /// by a client's stream only, in front of what came later.
    Missed {
        /// How many.
        events: u64,
    },
}

/// A property that has changed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The device, or the child of a gateway.
    pub did: Did,
    /// Which property.
    pub id: PropertyId,
    /// What it is now.
    pub value: Value,
}

impl fmt::Debug for Change {
    /// Leaves out the value, which may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("did", &self.did)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An event that has occurred.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Occurrence {
    /// The device, or the child of a gateway.
    pub did: Did,
    /// Which event.
    pub id: EventId,
    /// Its arguments, by the piid of each.
    pub arguments: Vec<(Piid, Value)>,
}

impl fmt::Debug for Occurrence {
    /// Leaves out the arguments' values, which may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let piids: Vec<_> = self.arguments.iter().map(|(piid, _)| piid).collect();
        f.debug_struct("Occurrence")
            .field("did", &self.did)
            .field("id", &self.id)
            .field("piids", &piids)
            .finish_non_exhaustive()
    }
}

/// Counts of what a subscription has seen. They stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Probes sent.
    pub probes: u32,
    /// Subscriptions that the device took.
    pub subscribed: u32,
    /// Messages delivered.
    pub delivered: u32,
    /// Repetitions within five seconds, answered and not delivered.
    pub repeated: u32,
    /// Old messages come again, neither answered nor delivered.
    pub replayed: u32,
    /// Messages with a stamp that is not the device's clock's.
    pub stale: u32,
    /// Messages that name another device in their header.
    pub other_did: u32,
    /// Messages that could not be read in whole; what could be read of them is delivered.
    pub malformed: u32,
}
