//! What a session does for a subscription.

use alloc::boxed::Box;

use iot_home_core::{Instant, Random};

use super::{Event, Session};
use crate::message::DeviceRequest;
use crate::packet::{Header, HelloReply};
use crate::push::{Order, Stats, Subscriber, Verdict};

impl Session {
    /// Subscribes to what the device pushes, and keeps the subscription until
    /// [`unsubscribe`](Self::unsubscribe); what comes of it are [`Event::Push`]es. `unix_seconds` is the time
    /// of day, by which the device tells this subscription from others. Does nothing where there is a
    /// subscription already.
    ///
    /// From now on there is always a timeout to wait for: the device is probed every 20 to 50 seconds. The probes
    /// take no room from requests.
    pub fn subscribe(&mut self, now: Instant, unix_seconds: u32, random: &mut impl Random) {
        if self.push.is_none() {
            self.push = Some(Box::new(Subscriber::new(now, unix_seconds, random)));
        }
    }

    /// Ends the subscription and tells the device so. Whether the device hears of it nobody waits for.
    pub fn unsubscribe(&mut self, now: Instant) {
        let Some(push) = self.push.take() else { return };
        self.events.retain(|event| !matches!(event, Event::Push(_)));
        let (asking, farewell) = push.farewell();
        if let Some(asking) = asking {
            self.own.retain(|own| *own != asking);
            self.cancel(now, asking);
        }
        if let Some(farewell) = farewell {
            let key = self.request(now, farewell);
            self.own.push(key);
        }
    }

    /// What the subscription has seen, while there is one.
    pub fn push_stats(&self) -> Option<Stats> {
        self.push.as_ref().map(|push| push.stats())
    }

    /// What somebody has to be told who begins to listen now.
    #[cfg(feature = "client")]
    pub(crate) fn push_standing(&self) -> Option<crate::push::Event> {
        self.push.as_ref().and_then(|push| push.standing())
    }

    /// Returns whether a probe had asked for this answer, and what follows from it.
    pub(super) fn handle_probe_answer(
        &mut self,
        now: Instant,
        reply: &HelloReply,
    ) -> (bool, Option<Order>) {
        let Some(push) = &mut self.push else { return (false, None) };
        let (asked_for, order, event) = push.handle_hello(now, reply);
        self.events.extend(event.map(Event::Push));
        (asked_for, order)
    }

    pub(super) fn handle_uplink(&mut self, now: Instant, header: Header, request: &DeviceRequest) {
        let ours = self.clock.confirmed(now);
        let Some(push) = &mut self.push else { return };
        match push.judge(now, header, ours, request) {
            Verdict::Answer(event) => {
                self.events.extend(event.map(Event::Push));
                // An answer under the id 0, sent back to us, would pass for the device's own.
                if request.id != 0 {
                    // Too short to fail.
                    let _ = self.answer(request.id, ACCEPTED);
                }
            }
            Verdict::Ask(order) => self.follow(now, order),
            Verdict::Ignore => {}
        }
    }

    pub(super) fn follow(&mut self, now: Instant, order: Option<Order>) {
        let Some(Order { request, timestamp }) = order else { return };
        let key = self.request(now, request);
        self.own.push(key);
        if let Some(push) = &mut self.push {
            push.asks(now, key, timestamp);
        }
    }
}

/// What a device takes for an answer to its message.
const ACCEPTED: &str = "{\"code\":0}";
