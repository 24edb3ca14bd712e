//! What a child is.

use std::collections::BTreeSet;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::Sid;
use serde_json::{Map, Value};

/// A child of a gateway: its id, its model, its values, and which of them can be written.
#[derive(Clone, Debug)]
pub struct Child {
    pub(crate) sid: Sid,
    pub(crate) model: String,
    pub(crate) short_id: u16,
    pub(crate) values: Map<String, Value>,
    pub(crate) writable: BTreeSet<String>,
    pub(crate) heartbeat: Duration,
    pub(crate) next_heartbeat: Instant,
}

impl Child {
    /// A child without values, on mains.
    pub fn new(sid: Sid, model: impl Into<String>) -> Self {
        Self {
            sid,
            model: model.into(),
            short_id: 0,
            values: Map::new(),
            writable: BTreeSet::new(),
            heartbeat: MAINS,
            next_heartbeat: Instant::ORIGIN + MAINS,
        }
    }

    /// A plug: `status` is `on` or `off` and can be written, also as `toggle`.
    pub fn plug(sid: Sid) -> Self {
        Self::new(sid, "plug").short_id(28548).value("voltage", 3600).writable("status", "off")
    }

    /// A door's sensor, on a battery: `status` is `open` or `close`.
    pub fn magnet(sid: Sid) -> Self {
        Self::new(sid, "magnet")
            .short_id(4521)
            .value("voltage", 3005)
            .value("status", "close")
            .heartbeat(BATTERY)
    }

    /// The short address in the radio network.
    #[must_use]
    pub fn short_id(mut self, short_id: u16) -> Self {
        self.short_id = short_id;
        self
    }

    /// A value that it has, and that cannot be written.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// A value that it has, and that can be written.
    #[must_use]
    pub fn writable(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.writable.insert(name.to_owned());
        self.value(name, value)
    }

    /// How often it tells that it is there: every ten minutes, or every hour on a battery.
    #[must_use]
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = every.max(Duration::from_millis(1));
        self.next_heartbeat = Instant::ORIGIN + self.heartbeat;
        self
    }

    /// Takes all the values that are written, or none of them. Returns what is told of them.
    pub(crate) fn write_all(&mut self, values: &Map<String, Value>) -> Option<Map<String, Value>> {
        let before = self.values.clone();
        let done =
            values.iter().map(|(name, value)| Some((name.clone(), self.write(name, value)?)));
        let done: Option<Map<_, _>> = done.collect();
        let done = done.filter(|done| !done.is_empty());
        if done.is_none() {
            self.values = before;
        }
        done
    }

    /// Takes a value that is written. Returns what is told of it, or nothing if it cannot be written.
    pub(crate) fn write(&mut self, name: &str, value: &Value) -> Option<Value> {
        if !self.writable.contains(name) {
            return None;
        }
        let now = self.values.get(name)?;
        let value = match (value.as_str(), now.as_str()) {
            (Some("toggle"), Some("on")) => "off".into(),
            (Some("toggle"), Some("off")) => "on".into(),
            (Some("on" | "off"), Some("on" | "off")) => value.clone(),
            // Whoever writes a number has to write a number.
            (None, None) if value.is_number() == now.is_number() => value.clone(),
            (Some(_), Some(now)) if now != "on" && now != "off" => value.clone(),
            _ => return None,
        };
        self.values.insert(name.to_owned(), value.clone());
        Some(value)
    }
}

const MAINS: Duration = Duration::from_secs(600);
const BATTERY: Duration = Duration::from_secs(3600);
