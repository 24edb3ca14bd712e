//! What devices said in the past.

use core::fmt;
use core::ops::Range;

use iot_home_core::Did;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Call, lenient};

/// What kind of data is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataKind {
    /// Values of a property; the key is `siid.piid` or its name.
    Property,
    /// Events; the key is `siid.eiid`, a name, or the number of a Bluetooth object.
    Event,
    /// What a plug-in has stored.
    Store,
}

/// Which stretches of time values are gathered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month.
    Month,
}

impl Group {
    const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// A value and its time.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DataPoint {
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub time: Option<i64>,
    /// The value, mostly a list written as JSON: `[21]`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub value: Option<String>,
    /// Which value.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub key: Option<String>,
}

impl fmt::Debug for DataPoint {
    /// Without the value: plug-ins store what they like.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, key) = (&self.time, &self.key);
        f.debug_struct("DataPoint").field("time", time).field("key", key).finish_non_exhaustive()
    }
}

/// Values, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct History(pub Vec<DataPoint>);

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::list(deserializer).map(Self)
    }
}

/// What a device reported. `time` is in seconds since 1970 and not empty, `limit` 1 to 1000.
pub fn device_data(
    did: &Did,
    kind: DataKind,
    key: &str,
    time: Range<i64>,
    limit: u32,
) -> Call<History> {
    let kind = match kind {
        DataKind::Property => "prop",
        DataKind::Event => "event",
        DataKind::Store => "store",
    };
    let data = json!({
        "did": did, "type": kind, "key": key, "time_start": time.start, "time_end": time.end,
        "limit": limit, "group": "raw",
    });
    Call::known("/user/get_user_device_data", &data)
}

/// What a device's log has, in the app's words. `time` is in seconds since 1970 and not empty, `limit` 1 to 50.
pub fn device_log(did: &Did, time: Range<i64>, limit: u32) -> Call<Value> {
    let data = json!({
        "did": did, "limit": limit, "time_start": time.start, "time_end": time.end,
    });
    Call::known("/v2/user/get_user_device_log", &data)
}

/// Sums of a value, such as the energy used, hour by hour or month by month.
pub fn statistics(
    did: &Did,
    key: &str,
    group: Group,
    time: Range<i64>,
    limit: u32,
) -> Call<History> {
    let data = json!({
        "did": did, "key": key, "data_type": format!("stat_{}_v3", group.name()),
        "time_start": time.start, "time_end": time.end, "limit": limit,
    });
    Call::known("/v2/user/statistics", &data)
}
