//! What came of a request.

use std::fmt;

use iot_home_core::{ActionId, MiotCode, PropertyId};
use serde_json::Value;

use super::way::{Via, Way};

/// What a device says of one property that was read or set.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The property's name, `service:property` where it is known, or else as it was given.
    pub property: Box<str>,
    /// Its numbers in MIoT, where they are known.
    pub id: Option<PropertyId>,
    /// Zero, or why it was refused.
    pub code: MiotCode,
    /// The value that was read, as the property's format has it.
    pub value: Option<Value>,
    /// The value as a person reads it: `Auto`, `40 %`.
    pub shown: Option<Box<str>>,
    /// Which way it took.
    pub way: Way,
}

impl Answer {
    /// Which way it took, in the three words `lan`, `yeelight` and `cloud`.
    pub const fn via(&self) -> Via {
        self.way.via()
    }

    /// Whether the property was read or set.
    pub const fn is_ok(&self) -> bool {
        self.code.is_ok()
    }
}

/// Without the value, which may be anything that a device knows.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("property", &self.property)
            .field("code", &self.code)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

/// What a device says of an action.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ActionAnswer {
    /// The action's name, `service:action` where it is known, or else as it was given.
    pub action: Box<str>,
    /// Its numbers in MIoT, where they are known.
    pub id: Option<ActionId>,
    /// Zero, or why it was refused.
    pub code: MiotCode,
    /// What it gave back, in the order of the specification.
    pub out: Vec<Value>,
    /// Which way it took.
    pub way: Way,
}

impl ActionAnswer {
    /// Which way it took, in the three words `lan`, `yeelight` and `cloud`.
    pub const fn via(&self) -> Via {
        self.way.via()
    }

    /// Whether it was carried out or accepted.
    pub const fn is_ok(&self) -> bool {
        self.code.is_ok()
    }
}

/// Without what it gave back.
impl fmt::Debug for ActionAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionAnswer")
            .field("action", &self.action)
            .field("code", &self.code)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}
