//! Keeping one subscription: probing, subscribing, and telling news from repetitions and forgeries.

use alloc::string::{String, ToString};
use core::time::Duration;

use iot_home_core::{Instant, Random, SeededRandom};
use serde::Serialize;

use super::seen::{Novelty, Seen};
use super::{Event, Stats, uplink};
use crate::error::{DeviceError, Failure};
use crate::json::Lenient;
use crate::message::{DeviceRequest, Reply, Request};
use crate::packet::{HEADER_LEN, Header, HelloField, HelloReply, is_unknown_did, mdid_probe};
use crate::session::RequestKey;

/// One subscription as the subscriber sees it. It lives within a session, which has the keys.
pub(crate) struct Subscriber {
    virtual_did: u64,
    random: SeededRandom,
    /// Unix seconds at the moment `since`.
    unix: u32,
    since: Instant,
    contact: Contact,
    /// The time of the subscription that the device has taken.
    timestamp: Option<u32>,
    newest: u32,
    /// The request that subscribes, and the time it names.
    asking: Option<(RequestKey, u32)>,
    asked_at: Option<Instant>,
    ever: bool,
    probe: Probe,
    seen: Seen,
    stats: Stats,
}

/// How the device stands to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    Unknown,
    Online,
    Unsupported,
    Offline,
}

/// The probe that is due or under way.
struct Probe {
    due: bool,
    next: Instant,
    /// Whether the last one waits for its answer.
    open: bool,
    /// Until when answers to it are taken.
    until: Instant,
    /// Whether an answer to it has made us subscribe.
    ordered: bool,
    /// Whether it was answered, but not as a device does that takes our subscription.
    plain: bool,
    accepted: u8,
    /// Probes in a row without any answer, and with plain ones only.
    silent: u8,
    plain_ones: u8,
    step: usize,
}

/// The request that subscribes, and the time it names.
pub(crate) struct Order {
    pub(crate) request: Request,
    pub(crate) timestamp: u32,
}

/// What is to be done with a message.
pub(crate) enum Verdict {
    /// It is to be answered, and is perhaps news.
    Answer(Option<Event>),
    Ignore,
    /// Its stamp is not the clock's: a sealed answer will show who is right.
    Ask(Option<Order>),
}

impl Subscriber {
    pub(crate) fn new(now: Instant, unix: u32, random: &mut impl Random) -> Self {
        Self {
            virtual_did: random.next_u64(),
            random: SeededRandom::new(random.next_u64()),
            unix,
            since: now,
            contact: Contact::Unknown,
            timestamp: None,
            newest: 0,
            asking: None,
            asked_at: None,
            ever: false,
            probe: Probe {
                due: true,
                next: now,
                open: false,
                until: now,
                ordered: false,
                plain: false,
                accepted: 0,
                silent: 0,
                plain_ones: 0,
                step: 0,
            },
            seen: Seen::default(),
            stats: Stats::default(),
        }
    }

    /// The probe, if it is due.
    pub(crate) fn poll_probe(&mut self, now: Instant) -> Option<[u8; HEADER_LEN]> {
        let probe = &mut self.probe;
        if !core::mem::take(&mut probe.due) {
            return None;
        }
        let wait = if self.contact == Contact::Unknown { FIRST } else { FAST };
        probe.next = now + wait;
        (probe.open, probe.plain, probe.accepted) = (true, false, 0);
        (probe.until, probe.ordered) = (now + FAST, false);
        bump(&mut self.stats.probes);
        Some(mdid_probe(self.virtual_did))
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        (!self.probe.due).then_some(self.probe.next)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Event> {
        if self.probe.due || self.probe.next > now {
            return None;
        }
        let probe = &mut self.probe;
        if !core::mem::take(&mut probe.open) {
            probe.due = true;
            return None;
        }
        if core::mem::take(&mut probe.plain) {
            probe.plain_ones = probe.plain_ones.saturating_add(1);
            probe.silent = 0;
        } else {
            probe.silent = probe.silent.saturating_add(1);
            probe.plain_ones = 0;
        }
        let patience = if self.contact == Contact::Unknown { SILENT_AT_FIRST } else { SILENT };
        let verdict = if probe.plain_ones >= PLAIN {
            Contact::Unsupported
        } else if probe.silent > patience {
            Contact::Offline
        } else if matches!(self.contact, Contact::Unknown | Contact::Online) {
            probe.due = true;
            return None;
        } else {
            self.contact
        };
        let known = core::mem::replace(&mut self.contact, verdict) == verdict;
        if !known {
            self.probe.step = 0;
        }
        self.rest(now);
        match verdict {
            _ if known => None,
            Contact::Unsupported => Some(Event::Unsupported),
            _ => Some(Event::Offline),
        }
    }

    /// Takes in the answer to a probe. Returns whether it was asked for, and what follows.
    pub(crate) fn handle_hello(
        &mut self,
        now: Instant,
        reply: &HelloReply,
    ) -> (bool, Option<Order>, Option<Event>) {
        // More than one answer comes only where somebody forges them. Each is looked at, so that a forged
        // one cannot hide what the device says.
        let probe = &self.probe;
        let expected = probe.open || probe.accepted > 0;
        if !expected || probe.accepted >= MAX_ANSWERS || now > probe.until {
            return (false, None, None);
        }
        let state = match &reply.field {
            HelloField::Subscription(state) if state.wildcard && KINDS.contains(&state.kind) => {
                state
            }
            _ => {
                self.probe.plain = true;
                return (true, None, None);
            }
        };
        let first = self.probe.accepted == 0;
        self.probe.accepted = self.probe.accepted.saturating_add(1);
        if first {
            self.probe.open = false;
            (self.probe.silent, self.probe.plain_ones) = (0, 0);
            self.rest(now);
        }
        if self.timestamp == Some(state.timestamp) {
            let back = core::mem::replace(&mut self.contact, Contact::Online) != Contact::Online;
            return (true, None, back.then_some(Event::Subscribed { again: true }));
        }
        // Once for each probe, whoever answers it.
        let ordered = core::mem::replace(&mut self.probe.ordered, true);
        (true, if ordered { None } else { self.order(now) }, None)
    }

    /// Names the request that an [`Order`] has become.
    pub(crate) fn asks(&mut self, now: Instant, key: RequestKey, timestamp: u32) {
        self.asking = Some((key, timestamp));
        self.asked_at = Some(now);
    }

    /// The request that subscribes has ended. Nothing, where it is another's.
    pub(crate) fn answered(
        &mut self,
        key: RequestKey,
        result: Result<Reply, Failure>,
    ) -> Option<Event> {
        let (_, timestamp) = self.asking.take_if(|(asked, _)| *asked == key)?;
        match result.and_then(|reply| accepted(&reply)) {
            Ok(()) => {
                bump(&mut self.stats.subscribed);
                self.timestamp = Some(timestamp);
                self.contact = Contact::Online;
                let again = core::mem::replace(&mut self.ever, true);
                Some(Event::Subscribed { again })
            }
            Err(failure) => {
                self.timestamp = None;
                Some(Event::NotSubscribed(failure))
            }
        }
    }

    /// The request that ends the subscription, where there is one or may be one.
    pub(crate) fn farewell(self) -> (Option<RequestKey>, Option<Request>) {
        let asking = self.asking;
        let timestamp = asking.map(|(_, timestamp)| timestamp).or(self.timestamp);
        let request = timestamp.and_then(|timestamp| self.request("miIO.unsub", timestamp));
        (asking.map(|(key, _)| key), request)
    }

    /// Judges a message that a device of ours has sealed. `ours` is what a sealed answer has shown of
    /// the device's did and clock.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        header: Header,
        ours: Option<Header>,
        request: &DeviceRequest,
    ) -> Verdict {
        if ours.is_some_and(|ours| ours.did != header.did && !is_unknown_did(header.did)) {
            bump(&mut self.stats.other_did);
            return Verdict::Ignore;
        }
        let in_step = |ours: Header| ours.stamp.abs_diff(header.stamp) <= STAMP_WINDOW;
        // A device that shows 0 has no clock to go by.
        if header.stamp != 0 && !ours.is_some_and(in_step) {
            bump(&mut self.stats.stale);
            let recent = |asked| now.saturating_since(asked) < ASK_AGAIN;
            let order = if self.asked_at.is_some_and(recent) { None } else { self.order(now) };
            return Verdict::Ask(order);
        }
        let did = uplink::did(request);
        match self.seen.novelty(now, did.as_ref(), request.id, header.stamp) {
            Novelty::Repeated => {
                self.seen.keep(now, did, request.id, header.stamp);
                bump(&mut self.stats.repeated);
                return Verdict::Answer(None);
            }
            Novelty::Replayed => {
                bump(&mut self.stats.replayed);
                return Verdict::Ignore;
            }
            Novelty::New => {}
        }
        self.seen.keep(now, did, request.id, header.stamp);
        let (event, whole) = uplink::read(request);
        if !whole {
            bump(&mut self.stats.malformed);
        }
        if event.is_some() {
            bump(&mut self.stats.delivered);
        }
        // Also what cannot be read is answered: it would come again and again.
        Verdict::Answer(event)
    }

    /// What somebody has to be told who begins to listen now; nothing while that is being found out.
    #[cfg(feature = "client")]
    pub(crate) fn standing(&self) -> Option<Event> {
        match self.contact {
            Contact::Online if self.timestamp.is_some() => Some(Event::Subscribed { again: false }),
            Contact::Unsupported => Some(Event::Unsupported),
            Contact::Offline => Some(Event::Offline),
            Contact::Online | Contact::Unknown => None,
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    fn order(&mut self, now: Instant) -> Option<Order> {
        if self.asking.is_some() {
            return None;
        }
        let passed = now.saturating_since(self.since).as_secs();
        let unix = self.unix.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        // The device tells one subscription from another by nothing else.
        let timestamp = unix.max(self.newest.saturating_add(1));
        self.newest = timestamp;
        self.timestamp = None;
        let request = self.request("miIO.sub", timestamp)?;
        Some(Order { request, timestamp })
    }

    fn request(&self, method: &str, timestamp: u32) -> Option<Request> {
        #[derive(Serialize)]
        struct Params {
            version: &'static str,
            did: String,
            update_ts: u32,
            sub_method: &'static str,
        }
        let params = Params {
            version: VERSION,
            did: self.virtual_did.to_string(),
            update_ts: timestamp,
            sub_method: EVERYTHING,
        };
        // Nothing in it can fail or be too long.
        let request = Request::new(method, params).ok()?;
        Some(request.idempotent(true).timeout(TIMEOUT))
    }

    /// Waits for the next probe: longer each time, and not in step with others.
    fn rest(&mut self, now: Instant) {
        let seconds = WAITS.get(self.probe.step).or(WAITS.last()).copied().unwrap_or(50);
        self.probe.step = self.probe.step.saturating_add(1);
        let middle = seconds.saturating_mul(1000);
        let tenth = middle / 10;
        let millis =
            self.random.between(middle.saturating_sub(tenth), middle.saturating_add(tenth));
        self.probe.next = now + Duration::from_millis(millis);
    }
}

fn accepted(reply: &Reply) -> Result<(), Failure> {
    let result = reply.value().unwrap_or_default();
    match result.get("code").and_then(Lenient::to_i64) {
        Some(0) => Ok(()),
        None if result.is_ok() => Ok(()),
        code => Err(Failure::Device(DeviceError::new(code, "no subscription"))),
    }
}

fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

const VERSION: &str = "2.0";
const EVERYTHING: &str = ".";
/// The types of subscription that are known to work.
const KINDS: [u8; 3] = [0, 1, 4];
/// Seconds between probes of a device that answers, and of one that is away.
const WAITS: [u64; 3] = [20, 40, 50];
/// How soon a probe without an answer is repeated.
const FAST: Duration = Duration::from_secs(5);
/// The same before the first answer: somebody waits for it.
const FIRST: Duration = Duration::from_millis(500);
/// So many repetitions without an answer, and the device is offline.
const SILENT: u8 = 3;
/// The same before the first answer: these are closer together, and loss must not pass for absence.
const SILENT_AT_FIRST: u8 = 7;
/// So many probes with nothing but plain answers, and the device takes no subscriptions. A single one may be
/// the answer to a plain hello, or forged.
const PLAIN: u8 = 3;
/// Answers to one probe that are looked at.
const MAX_ANSWERS: u8 = 4;
/// How long the device is given to take the subscription.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far a message's stamp may lie from the device's clock, in seconds.
pub(super) const STAMP_WINDOW: u32 = 10;
/// A stamp that does not fit is looked into no more often than this: it may be a replay.
const ASK_AGAIN: Duration = Duration::from_secs(10);
