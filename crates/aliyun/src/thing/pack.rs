//! Many values at once: of several times, and of the devices below a gateway.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;

use super::call::millis;
use super::{Address, Call, EventId, Method, Unwritable};

/// The most properties of one device in a pack, and the most events.
const MOST_VALUES: usize = 200;
/// The most sub-devices in a pack.
const MOST_DEVICES: usize = 20;

/// A value and when it was so.
#[derive(Clone, Debug, Serialize)]
struct Timed<P> {
    value: P,
    time: u64,
}

/// Properties and events of one device. A name may have several values, each with its time.
#[derive(Clone, Debug, Serialize)]
pub struct Values<P> {
    properties: BTreeMap<String, Vec<Timed<P>>>,
    events: BTreeMap<String, Vec<Timed<P>>>,
}

impl<P> Default for Values<P> {
    fn default() -> Self {
        Self { properties: BTreeMap::new(), events: BTreeMap::new() }
    }
}

impl<P> Values<P> {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A property had this value at this time, which counts from 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    /// If there are 200 values already.
    pub fn property(
        mut self,
        name: impl Into<String>,
        time: Duration,
        value: P,
    ) -> Result<Self, Unwritable> {
        push(&mut self.properties, "properties", name.into(), time, value)?;
        Ok(self)
    }

    /// An event happened at this time, with an object for its output.
    ///
    /// # Errors
    /// If there are 200 events already.
    pub fn event(mut self, id: EventId<'_>, time: Duration, output: P) -> Result<Self, Unwritable> {
        push(&mut self.events, "events", id.as_str().into(), time, output)?;
        Ok(self)
    }
}

fn push<P>(
    values: &mut BTreeMap<String, Vec<Timed<P>>>,
    what: &'static str,
    name: String,
    time: Duration,
    value: P,
) -> Result<(), Unwritable> {
    let count = values.values().map(Vec::len).fold(1, usize::saturating_add);
    Unwritable::check_count(what, count, MOST_VALUES)?;
    values.entry(name).or_default().push(Timed { value, time: millis(time) });
    Ok(())
}

/// A gateway's own values, and those of the devices below it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pack<P> {
    #[serde(flatten)]
    own: Values<P>,
    sub_devices: Vec<SubValues<P>>,
}

#[derive(Clone, Debug, Serialize)]
struct SubValues<P> {
    identity: SubIdentity,
    #[serde(flatten)]
    values: Values<P>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubIdentity {
    product_key: String,
    device_name: String,
}

impl From<Address<'_>> for SubIdentity {
    fn from(address: Address<'_>) -> Self {
        let Address { product_key, device_name } = address;
        Self { product_key: product_key.into(), device_name: device_name.into() }
    }
}

impl<P> Pack<P> {
    /// The gateway's own values.
    pub const fn new(own: Values<P>) -> Self {
        Self { own, sub_devices: Vec::new() }
    }

    /// Those of a device below it.
    ///
    /// # Errors
    /// If there are 20 devices already.
    pub fn sub_device(
        mut self,
        device: Address<'_>,
        values: Values<P>,
    ) -> Result<Self, Unwritable> {
        let count = self.sub_devices.len().saturating_add(1);
        Unwritable::check_count("sub-devices", count, MOST_DEVICES)?;
        self.sub_devices.push(SubValues { identity: device.into(), values });
        Ok(self)
    }
}

impl<P: Serialize> Call<'_, Pack<P>> {
    /// Values of a gateway and of the devices below it.
    pub fn pack(id: impl Into<String>, pack: Pack<P>) -> Self {
        Self::new(Method::PackPost, id, pack)
    }
}

/// What one device had in earlier times.
#[derive(Clone, Debug, Serialize)]
pub struct History<P>([SubHistory<P>; 1]);

#[derive(Clone, Debug, Serialize)]
struct SubHistory<P> {
    identity: SubIdentity,
    properties: Vec<BTreeMap<String, Timed<P>>>,
    events: Vec<BTreeMap<String, Timed<P>>>,
}

impl<P: Serialize> Call<'_, History<P>> {
    /// What this device, or one below it, had in earlier times. It changes nothing of the present values.
    pub fn history(id: impl Into<String>, device: Address<'_>, values: Values<P>) -> Self {
        let history = SubHistory {
            identity: device.into(),
            properties: rows(values.properties),
            events: rows(values.events),
        };
        Self::new(Method::HistoryPost, id, History([history]))
    }
}

/// One row to each time of each name.
fn rows<P>(values: BTreeMap<String, Vec<Timed<P>>>) -> Vec<BTreeMap<String, Timed<P>>> {
    let each = values
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    each.map(|pair| BTreeMap::from([pair])).collect()
}
