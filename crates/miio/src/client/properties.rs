//! Reading and writing many properties: how many at once a device takes is found by trying.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iot_home_core::{ActionId, ActionResult, MiotCode, PropertyId, PropertyResult};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::device::Device;
use super::error::{Error, ErrorKind};
use crate::error::Failure;
use crate::gateway::Sid;
use crate::message::{FormError, Reply, Request, RequestError};
use crate::miot::{self, ActionInput};

/// Properties in one MIoT request, unless the device has shown that it takes fewer.
pub(super) const AT_ONCE: usize = 10;
/// The same for `get_prop`, whose items are bare names.
pub(super) const PROPS_AT_ONCE: usize = 15;

pub(super) async fn get(
    device: &Device,
    child: Option<&Sid>,
    ids: Vec<PropertyId>,
) -> Result<Vec<PropertyResult>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let started = Instant::now();
    let did = did(device, child).await?;
    let batch = Batch {
        device,
        what: "get_properties",
        at_once: device.properties_at_once(),
        is_too_many,
        shrink: |size| size / 2,
        fits: |ids: &[PropertyId]| fitting(ids.iter().map(|_| item_len(&did, None))),
        request: |ids: &[PropertyId]| miot::get_properties(&did, ids),
        read: |reply: &Reply, ids: &[PropertyId]| {
            Ok(Answer::of(miot::property_results(reply, ids)?))
        },
        absent: |id: &PropertyId| PropertyResult::new(*id, MiotCode::INTERNAL, None),
    };
    batch.run(&ids, started).await
}

pub(super) async fn set(
    device: &Device,
    child: Option<&Sid>,
    values: Vec<(PropertyId, Value)>,
) -> Result<Vec<PropertyResult>, Error> {
    type Item = (PropertyId, Value);
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let started = Instant::now();
    let did = did(device, child).await?;
    let batch = Batch {
        device,
        what: "set_properties",
        at_once: device.properties_at_once(),
        is_too_many,
        shrink: |size| size / 2,
        fits: |items: &[Item]| fitting(items.iter().map(|(_, value)| item_len(&did, Some(value)))),
        request: |items: &[Item]| miot::set_properties(&did, items),
        read: |reply: &Reply, items: &[Item]| {
            let ids: Vec<_> = items.iter().map(|(id, _)| *id).collect();
            Ok(Answer::of(miot::set_results(reply, &ids)?))
        },
        absent: |(id, _): &Item| PropertyResult::new(*id, MiotCode::INTERNAL, None),
    };
    batch.run(&values, started).await
}

pub(super) async fn get_prop(device: &Device, names: &[&str]) -> Result<Vec<Value>, Error> {
    let batch = Batch {
        device,
        what: "get_prop",
        at_once: device.props_at_once(),
        // For one unknown name some devices fail the whole request.
        is_too_many: |error| error.device_error().is_some() || is_too_many(error),
        // Firmware that fails at fifteen takes one: a shorter list may also mean an unknown name.
        shrink: |_| 1,
        fits: |names: &[&str]| fitting(names.iter().map(|name| name.len().saturating_add(3))),
        request: |names: &[&str]| Request::new("get_prop", names),
        read: |reply: &Reply, names: &[&str]| {
            let values: Vec<Value> = reply.parse()?;
            let short = values.len() < names.len();
            let mut items: Vec<_> = values.into_iter().map(Some).collect();
            items.resize(names.len(), None);
            // Nobody can tell which names a short answer is about.
            Ok(Answer { items, suspect: short, aligned: !short })
        },
        absent: |_: &&str| Value::Null,
    };
    batch.run(names, Instant::now()).await
}

pub(super) async fn action(
    device: &Device,
    child: Option<&Sid>,
    id: ActionId,
    input: &ActionInput,
) -> Result<ActionResult, Error> {
    let started = Instant::now();
    let did = did(device, child).await?;
    let request = miot::action(&did, id, input).map_err(|error| Error::request("action", error))?;
    let left = device.timeout().saturating_sub(started.elapsed());
    if left.is_zero() {
        return Err(Error::failure(device.addr(), "action", Failure::NeverSent, true));
    }
    let reply = device.request(request.timeout(left)).await?;
    miot::action_result(&reply, id).map_err(|error| Error::form(device.addr(), "action", error))
}

/// The did that requests name: the child's, or the device's own, for which it is greeted
/// where it was never heard of.
async fn did(device: &Device, child: Option<&Sid>) -> Result<String, Error> {
    match child {
        Some(sid) => Ok(sid.to_string()),
        None => Ok(device.known_did(device.timeout()).await?.to_string()),
    }
}

pub(super) fn value<T: DeserializeOwned>(
    addr: SocketAddr,
    results: Vec<PropertyResult>,
) -> Result<T, Error> {
    let what = "get_properties";
    let result = results.into_iter().next().ok_or_else(|| Error::missing(addr, what))?;
    if !result.code.is_ok() {
        return Err(Error::refused(addr, what, result.id, result.code));
    }
    let value = result.value.ok_or_else(|| Error::missing(addr, what))?;
    serde_json::from_value(value).map_err(|_| Error::form(addr, what, FormError { offset: 0 }))
}

pub(super) fn all_ok(addr: SocketAddr, results: &[PropertyResult]) -> Result<(), Error> {
    match results.iter().find(|result| !result.code.is_ok()) {
        Some(refused) => Err(Error::refused(addr, "set_properties", refused.id, refused.code)),
        None => Ok(()),
    }
}

/// What came back for one chunk, item by item.
struct Answer<R> {
    items: Vec<Option<R>>,
    /// Whether it looks as if the device was asked for too many.
    suspect: bool,
    /// Whether each item is known to be the one asked for.
    aligned: bool,
}

impl Answer<PropertyResult> {
    fn of(items: Vec<Option<PropertyResult>>) -> Self {
        let failed = |item: &Option<PropertyResult>| {
            item.as_ref().is_none_or(|item| item.code == MiotCode::INTERNAL)
        };
        Self {
            suspect: items.iter().all(failed) || items.iter().any(Option::is_none),
            aligned: true,
            items,
        }
    }
}

/// An answer that looks like too many at once, kept in case its items alone fare no better.
struct Doubt<R> {
    /// Where its items begin.
    start: usize,
    answer: Answer<R>,
    failed_alone: u8,
}

impl<R> Doubt<R> {
    fn end(&self) -> usize {
        self.start.saturating_add(self.answer.items.len())
    }

    /// Where everything failed, one item that fails alone may just be one that cannot be read.
    fn is_settled(&self) -> bool {
        let wholly = self.answer.items.iter().all(Option::is_some);
        self.failed_alone >= if wholly { 2 } else { 1 }
    }
}

/// One call over many items, in as many requests as the device needs.
struct Batch<'a, Shrink, Fits, Make, Read, Absent> {
    is_too_many: fn(&Error) -> bool,
    device: &'a Device,
    what: &'static str,
    at_once: &'a AtomicUsize,
    shrink: Shrink,
    fits: Fits,
    request: Make,
    read: Read,
    absent: Absent,
}

impl<Shrink, Fits, Make, Read, Absent> Batch<'_, Shrink, Fits, Make, Read, Absent> {
    async fn run<T, R>(&self, items: &[T], started: Instant) -> Result<Vec<R>, Error>
    where
        Shrink: Fn(usize) -> usize,
        Fits: Fn(&[T]) -> usize,
        Make: Fn(&[T]) -> Result<Request, RequestError>,
        Read: Fn(&Reply, &[T]) -> Result<Answer<R>, FormError>,
        Absent: Fn(&T) -> R,
    {
        let mut at_once = self.at_once.load(Ordering::Relaxed);
        let mut doubt: Option<Doubt<R>> = None;
        let mut failed_alone = false;
        let mut results = Vec::with_capacity(items.len());
        while let Some(rest) = items.get(results.len()..).filter(|rest| !rest.is_empty()) {
            let size = at_once.min((self.fits)(rest)).clamp(1, rest.len());
            let (chunk, _) = rest.split_at(size);
            let smaller = (self.shrink)(size).max(1);
            let answer = match self.ask(chunk, started).await {
                Ok(answer) if answer.suspect && size > 1 => {
                    // Items alone show whether it is the number or the device itself.
                    at_once = smaller;
                    if doubt.is_none() && answer.aligned {
                        doubt = Some(Doubt { start: results.len(), answer, failed_alone: 0 });
                    }
                    continue;
                }
                // Not a sign of too many: the device was away, and there is time left.
                Err(error)
                    if size > 1
                        && error.kind() == ErrorKind::NoHello
                        && !self.left(started).is_zero() =>
                {
                    continue;
                }
                Err(error) if size > 1 && (self.is_too_many)(&error) => {
                    at_once = smaller;
                    continue;
                }
                answer => answer?,
            };
            let failed = answer.suspect;
            failed_alone |= failed;
            results.extend(self.filled(answer, chunk));
            doubt = doubt.filter(|doubt| results.len() < doubt.end());
            if let Some(doubt) = doubt.as_mut().filter(|_| failed) {
                doubt.failed_alone = doubt.failed_alone.saturating_add(1);
            } else if at_once < self.at_once.load(Ordering::Relaxed) {
                // One that works where more did not: it was the number, unless it was one of the names.
                if doubt.take().is_some() || !failed_alone {
                    self.at_once.store(at_once, Ordering::Relaxed);
                }
            }
            if let Some(Doubt { start, answer, .. }) = doubt.take_if(|doubt| doubt.is_settled())
                && let Some(chunk) = items.get(start..)
            {
                // No better in small: the first answer is the truth, and the number was not too large.
                results.truncate(start);
                results.extend(self.filled(answer, chunk));
                at_once = self.at_once.load(Ordering::Relaxed);
            }
        }
        Ok(results)
    }

    fn left(&self, started: Instant) -> Duration {
        self.device.timeout().saturating_sub(started.elapsed())
    }

    async fn ask<T, R>(&self, chunk: &[T], started: Instant) -> Result<Answer<R>, Error>
    where
        Make: Fn(&[T]) -> Result<Request, RequestError>,
        Read: Fn(&Reply, &[T]) -> Result<Answer<R>, FormError>,
    {
        let left = self.left(started);
        if left.is_zero() {
            let failure = Failure::NeverSent;
            return Err(Error::failure(self.device.addr(), self.what, failure, true));
        }
        // Silence may mean too many: a part of the time must be left to find out.
        let share = if chunk.len() > 1 { (left / 2).max(SHORTEST_TRY).min(left) } else { left };
        let request = (self.request)(chunk).map_err(|error| Error::request(self.what, error))?;
        let reply = self.device.request(request.timeout(share)).await?;
        (self.read)(&reply, chunk)
            .map_err(|error| Error::form(self.device.addr(), self.what, error))
    }

    fn filled<T, R>(&self, answer: Answer<R>, chunk: &[T]) -> Vec<R>
    where
        Absent: Fn(&T) -> R,
    {
        let items = answer.items.into_iter().zip(chunk);
        items.map(|(item, asked)| item.unwrap_or_else(|| (self.absent)(asked))).collect()
    }
}

/// Whether an error is among those by which devices show that they were asked for too many.
fn is_too_many(error: &Error) -> bool {
    let device = error.device_error().is_some_and(|error| error.code == Some(-9999));
    device
        || matches!(error.kind(), ErrorKind::NoAnswer | ErrorKind::Checksum | ErrorKind::Malformed)
}

/// Roughly how many bytes an item takes in a request.
fn item_len(did: &str, value: Option<&Value>) -> usize {
    let value = value.map(ToString::to_string).unwrap_or_default();
    ITEM_LEN.saturating_add(did.len()).saturating_add(value.len())
}

/// How many items of these lengths fit a request that small modules take.
fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let mut total = 0_usize;
    lengths
        .take_while(|length| {
            total = total.saturating_add(*length);
            total <= MAX_ITEMS_LEN
        })
        .count()
}

/// `{"did":"","siid":1234,"piid":12345,"value":},`
const ITEM_LEN: usize = 46;
/// Some modules take packets of at most 1000 bytes; this leaves room for the header and the method.
const MAX_ITEMS_LEN: usize = 850;
/// A try that gives up sooner would mistake one lost datagram for a limit.
const SHORTEST_TRY: Duration = Duration::from_millis(700);
