//! What gateways tell of their children: names and values as they come.

use alloc::string::String;

use serde_json::{Map, Value};

/// Named values of a child or a gateway, such as `status`, `voltage` or `rgb`, as they were told or are to be
/// written.
///
/// Firmware writes numbers as numbers or as text; [`number`](Self::number) takes both. What a value means depends
/// on the model, and beyond what has a method here it is the caller's to know.
///
/// ```
/// use iot_home_lumi::Values;
///
/// let told = Values::new().with("status", "open").with("voltage", "2985");
/// assert_eq!(told.text("status"), Some("open"));
/// assert_eq!(told.number("voltage"), Some(2985));
/// assert_eq!(told.battery(), Some(37));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Map<String, Value>);

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// These values and one more; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// A value as it came.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A value that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A value that is a whole number, or the text of one.
    pub fn number(&self, name: &str) -> Option<i64> {
        number(self.0.get(name)?)
    }

    /// The voltage of a battery, in mV.
    pub fn voltage(&self) -> Option<u32> {
        self.number("voltage").and_then(|voltage| u32::try_from(voltage).ok())
    }

    /// How full the battery is, in per cent: 0 at 2.8 V, 100 at 3.3 V, a straight line between.
    pub fn battery(&self) -> Option<u8> {
        let above = self.voltage()?.saturating_sub(EMPTY) / MILLIVOLT_PER_CENT;
        u8::try_from(above.min(100)).ok()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the values of an object in.
    pub(crate) fn add(&mut self, object: Map<String, Value>) {
        self.0.extend(object);
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(crate) fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for Values {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}

/// A whole number, or the text of one.
pub(crate) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

/// What an empty battery has, in mV.
const EMPTY: u32 = 2800;
const MILLIVOLT_PER_CENT: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_is_between_empty_and_full() {
        let at = |voltage: i64| Values::new().with("voltage", voltage).battery();
        assert_eq!(at(2799), Some(0));
        assert_eq!(at(2804), Some(0));
        assert_eq!(at(2805), Some(1));
        assert_eq!(at(3299), Some(99));
        assert_eq!(at(3300), Some(100));
        assert_eq!(at(i64::from(u32::MAX)), Some(100));
        assert_eq!(at(-1), None);
        assert_eq!(Values::new().battery(), None);
        assert_eq!(Values::new().with("voltage", "full").battery(), None);
    }
}
