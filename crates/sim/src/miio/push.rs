//! LAN subscriptions: a device that tells its subscriber what has changed.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::{Did, EventId, Instant, PropertyId};
use iot_home_miio::DeviceError;
use iot_home_miio::packet::Subscription;
use iot_home_miio::responder::RpcRequest;
use serde_json::{Value, json};

use crate::miio::methods::bad_params;
use crate::miio::properties::Properties;
use crate::miio::report::{Report, count};

/// What a device says of its LAN subscriptions. By default one that covers everything can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LanPush {
    /// The type that the answer to a probe shows; clients know 0, 1 and 4.
    pub kind: u8,
    /// Whether a subscription may cover everything.
    pub wildcard: bool,
}

impl Default for LanPush {
    fn default() -> Self {
        Self { kind: 1, wildcard: true }
    }
}

/// The device's end of a subscription.
#[derive(Debug)]
pub(crate) struct Push {
    terms: LanPush,
    /// Who has probed, and under which virtual did.
    probers: VecDeque<(SocketAddr, u64)>,
    subscriber: Option<Subscriber>,
    next_id: i64,
    /// The values that the subscriber knows.
    told: BTreeMap<PropertyId, Value>,
    /// Before this no further message about properties.
    properties_from: Instant,
    waiting: VecDeque<(EventId, Vec<(u32, Value)>)>,
    /// When the last events were told.
    recent: VecDeque<Instant>,
    outstanding: Vec<Uplink>,
    acknowledged: VecDeque<i64>,
}

#[derive(Debug)]
struct Subscriber {
    addr: SocketAddr,
    did: String,
    timestamp: u32,
}

/// A message that waits for its answer.
#[derive(Debug)]
struct Uplink {
    id: i64,
    text: String,
    next: Instant,
    tries: u32,
}

impl Push {
    pub(crate) fn new(terms: LanPush) -> Self {
        Self {
            terms,
            probers: VecDeque::new(),
            subscriber: None,
            next_id: 1,
            told: BTreeMap::new(),
            properties_from: Instant::ORIGIN,
            waiting: VecDeque::new(),
            recent: VecDeque::new(),
            outstanding: Vec::new(),
            acknowledged: VecDeque::new(),
        }
    }

    /// The answer to a probe.
    pub(crate) fn probed(&mut self, from: SocketAddr, virtual_did: u64) -> Subscription {
        self.probers.retain(|(addr, _)| *addr != from);
        if self.probers.len() >= MAX_PROBERS {
            self.probers.pop_front();
        }
        self.probers.push_back((from, virtual_did));
        let timestamp = self.subscriber.as_ref().map_or(0, |subscriber| subscriber.timestamp);
        Subscription::new(timestamp, self.terms.kind, self.terms.wildcard)
    }

    /// `miIO.sub` and `miIO.unsub`.
    pub(crate) fn call(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &RpcRequest,
        properties: &Properties,
        report: &mut Report,
    ) -> Result<Value, DeviceError> {
        let Some((did, timestamp)) = self.read(from, &request.params) else {
            count(&mut report.violations.bad_subscription);
            return Err(bad_params());
        };
        if request.method == "miIO.unsub" {
            let ours = |known: &Subscriber| known.did == did && known.timestamp == timestamp;
            if !self.subscriber.as_ref().is_some_and(ours) {
                count(&mut report.violations.bad_subscription);
                return Err(bad_params());
            }
            self.forget();
            count(&mut report.unsubscriptions);
            return Ok(json!({"code": 0}));
        }
        self.forget();
        self.subscriber = Some(Subscriber { addr: from, did, timestamp });
        self.told = properties.readable().collect();
        self.properties_from = now;
        count(&mut report.subscriptions);
        Ok(json!({"code": 0}))
    }

    /// The did and the time in the parameters, if these are exactly as they have to be, and the sender has probed
    /// under this did.
    fn read(&self, from: SocketAddr, params: &Value) -> Option<(String, u32)> {
        let params = params.as_object().filter(|params| params.len() == 4)?;
        let did = params.get("did")?.as_str()?;
        let probed = |(addr, virtual_did): &(SocketAddr, u64)| {
            *addr == from && virtual_did.to_string() == did
        };
        let known = params.get("version")? == VERSION
            && params.get("sub_method")? == EVERYTHING
            && self.probers.iter().any(probed);
        let timestamp = u32::try_from(params.get("update_ts")?.as_u64()?).ok()?;
        (known && timestamp > 0).then(|| (did.to_owned(), timestamp))
    }

    /// Forgets the subscription, as when the device is switched off.
    pub(crate) fn forget(&mut self) {
        self.subscriber = None;
        self.waiting.clear();
        self.outstanding.clear();
        self.acknowledged.clear();
        self.recent.clear();
    }

    pub(crate) fn emit(&mut self, id: EventId, arguments: Vec<(u32, Value)>, report: &mut Report) {
        if self.subscriber.is_none() || self.waiting.len() >= MAX_WAITING {
            return count(&mut report.untold_events);
        }
        self.waiting.push_back((id, arguments));
    }

    /// An answer of the subscriber's.
    pub(crate) fn answered(
        &mut self,
        from: SocketAddr,
        id: i64,
        message: &Value,
        report: &mut Report,
    ) {
        let theirs = self.subscriber.as_ref().is_some_and(|known| known.addr == from);
        let sound = theirs && message.get("result") == Some(&json!({"code": 0}));
        let at = self.outstanding.iter().position(|uplink| uplink.id == id);
        match at.filter(|_| sound) {
            Some(at) => {
                self.outstanding.swap_remove(at);
                if self.acknowledged.len() >= MAX_OUTSTANDING {
                    self.acknowledged.pop_front();
                }
                self.acknowledged.push_back(id);
                count(&mut report.acknowledged);
            }
            // The answer to a repetition.
            None if sound && self.acknowledged.contains(&id) => {}
            None => count(&mut report.violations.bad_answer),
        }
    }

    /// What is to be sent now, and to whom.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        did: &Did,
        properties: &Properties,
        report: &mut Report,
    ) -> Vec<(SocketAddr, String)> {
        let Some(addr) = self.subscriber.as_ref().map(|subscriber| subscriber.addr) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        if self.properties_from <= now && self.outstanding.len() < MAX_OUTSTANDING {
            let changed: Vec<_> = changes(&self.told, properties).collect();
            if !changed.is_empty() {
                let item = |(id, value): &(PropertyId, Value)| {
                    let (siid, piid) = (id.siid.get(), id.piid.get());
                    json!({"did": did, "siid": siid, "piid": piid, "value": value})
                };
                let params: Vec<_> = changed.iter().map(item).collect();
                texts.push(self.uplink(now, "properties_changed", &params.into()));
                self.told.extend(changed);
                self.properties_from = now + SECOND;
                count(&mut report.uplinks);
            }
        }
        while self.event_from().is_some_and(|from| from <= now)
            && self.outstanding.len() < MAX_OUTSTANDING
            && let Some((id, arguments)) = self.waiting.pop_front()
        {
            self.recent.retain(|told| now.saturating_since(*told) < SECOND);
            self.recent.push_back(now);
            let argument = |(piid, value)| json!({"piid": piid, "value": value});
            let arguments: Vec<Value> = arguments.into_iter().map(argument).collect();
            let (siid, eiid) = (id.siid.get(), id.eiid.get());
            let params = json!({"did": did, "siid": siid, "eiid": eiid, "arguments": arguments});
            texts.push(self.uplink(now, "event_occured", &params));
            count(&mut report.uplinks);
        }
        for uplink in &mut self.outstanding {
            if uplink.next <= now {
                uplink.next = now + SECOND;
                uplink.tries += 1;
                count(&mut report.repeated_uplinks);
                texts.push(uplink.text.clone());
            }
        }
        let before = self.outstanding.len();
        self.outstanding.retain(|uplink| uplink.tries < MAX_TRIES);
        let lost = before - self.outstanding.len();
        (0..lost).for_each(|_| count(&mut report.unacknowledged));
        texts.into_iter().map(|text| (addr, text)).collect()
    }

    /// When [`due`](Self::due) may have something.
    pub(crate) fn next(&self, properties: &Properties) -> Option<Instant> {
        self.subscriber.as_ref()?;
        let changed = changes(&self.told, properties).next().map(|_| self.properties_from);
        let event = self.event_from().filter(|_| !self.waiting.is_empty());
        let room = self.outstanding.len() < MAX_OUTSTANDING;
        let new = changed.into_iter().chain(event).filter(|_| room);
        new.chain(self.outstanding.iter().map(|uplink| uplink.next)).min()
    }

    /// From when on one more event may be told: three within a second and no more.
    fn event_from(&self) -> Option<Instant> {
        let third = self.recent.len().checked_sub(EVENTS_PER_SECOND);
        Some(third.and_then(|at| self.recent.get(at)).map_or(Instant::ORIGIN, |at| *at + SECOND))
    }

    fn uplink(&mut self, now: Instant, method: &str, params: &Value) -> String {
        let id = self.next_id;
        self.next_id = if id >= i64::from(i32::MAX) { 1 } else { id + 1 };
        let text = format!(r#"{{"id":{id},"method":"{method}","params":{params}}}"#);
        self.outstanding.push(Uplink { id, text: text.clone(), next: now + SECOND, tries: 1 });
        text
    }
}

/// What the subscriber does not know yet.
fn changes(
    told: &BTreeMap<PropertyId, Value>,
    properties: &Properties,
) -> impl Iterator<Item = (PropertyId, Value)> {
    properties.readable().filter(|(id, value)| told.get(id) != Some(value))
}

const VERSION: &str = "2.0";
const EVERYTHING: &str = ".";
const SECOND: Duration = Duration::from_secs(1);
const EVENTS_PER_SECOND: usize = 3;
/// How often a message is sent before the device gives it up.
const MAX_TRIES: u32 = 10;
const MAX_PROBERS: usize = 16;
const MAX_WAITING: usize = 64;
const MAX_OUTSTANDING: usize = 32;
