//! What a platform keeps of a device.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::mqtt::DeviceId;

/// What a platform keeps of a device, by what the device told and by what it was told to keep.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ThingState {
    /// The last value of each property that was reported, 500 at most.
    pub reported: Map<String, Value>,
    /// What is wanted and was not forgotten yet: value and version to each name.
    pub desired: BTreeMap<String, (Value, u64)>,
    /// The shadow.
    pub shadow: ShadowDocument,
    /// The last hundred events: id and output.
    pub events: Vec<(String, Value)>,
    /// The version of the firmware that runs, to each module; the device as a whole is the empty text.
    pub versions: BTreeMap<String, String>,
    /// The last hundred steps of upgrades, as they came: `50`, `-2`, `downloading 10`.
    pub progress: Vec<String>,
    /// The last hundred lines of the log.
    pub logs: Vec<String>,
    /// Which devices are below it.
    pub sub_devices: BTreeSet<DeviceId>,
    /// Which of them are logged in.
    pub online: BTreeSet<DeviceId>,
}

/// A shadow.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ShadowDocument {
    /// The values that the device told.
    pub reported: Map<String, Value>,
    /// Those that are wanted.
    pub desired: Map<String, Value>,
    /// Which version it is; 0 before the first.
    pub version: i64,
}

/// Keeps the last hundred.
pub(crate) fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= 100 {
        list.remove(0);
    }
    list.push(item);
}
