//! What devices and clouds answer to MIoT requests, item by item.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ActionId, PropertyId};

/// The outcome of reading or writing one property.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PropertyResult {
    /// Which property.
    pub id: PropertyId,
    /// Zero, or why it failed.
    pub code: MiotCode,
    /// The value read; absent after a write and after a failure.
    pub value: Option<Value>,
}

impl PropertyResult {
    /// One item of an answer.
    pub const fn new(id: PropertyId, code: MiotCode, value: Option<Value>) -> Self {
        Self { id, code, value }
    }
}

/// The outcome of an action.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActionResult {
    /// Which action.
    pub id: ActionId,
    /// Zero, or why it failed.
    pub code: MiotCode,
    /// The action's outputs in the order of its specification.
    pub out: Vec<Value>,
}

impl ActionResult {
    /// The answer to an action.
    pub const fn new(id: ActionId, code: MiotCode, out: Vec<Value>) -> Self {
        Self { id, code, out }
    }
}

/// The status of one item: 0 is done, positive is accepted, negative is refused.
///
/// Short codes (`-4001`) come from devices, long ones (`-704042011`) from clouds and gateways; the
/// last three digits of a long one tell the cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MiotCode(i64);

impl MiotCode {
    /// Done.
    pub const OK: Self = Self(0);
    /// Accepted, not finished yet; gateways answer this.
    pub const ACCEPTED: Self = Self(1);
    /// The property cannot be read.
    pub const NOT_READABLE: Self = Self(-4001);
    /// The property cannot be written.
    pub const NOT_WRITABLE: Self = Self(-4002);
    /// There is no such property, action or event.
    pub const NOT_FOUND: Self = Self(-4003);
    /// Some other failure inside the device; also what a device answers that does not do MIoT.
    pub const INTERNAL: Self = Self(-4004);
    /// The value does not fit the property.
    pub const BAD_VALUE: Self = Self(-4005);
    /// The action's inputs do not fit.
    pub const BAD_INPUT: Self = Self(-4006);
    /// The did is not the device's.
    pub const BAD_DID: Self = Self(-4007);

    /// Takes the number as it came.
    pub const fn new(code: i64) -> Self {
        Self(code)
    }

    /// The number as it came.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether the item was carried out or accepted. `-702…` codes are the cloud's long form of that.
    pub const fn is_ok(self) -> bool {
        self.0 >= 0 || matches!(self.0, -702_000_000 | -702_010_000)
    }

    /// What the code says, where that is known.
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            0 | -702_000_000 => "done",
            1 | -702_010_000 => "accepted, not finished yet",
            -702_022_036 => "still in progress",
            -4001 => "the property cannot be read",
            -4002 => "the property cannot be written",
            -4003 => "there is no such property, action or event",
            -4004 => "the device failed inside, or does not take MIoT requests on the LAN",
            -4005 => "the value does not fit the property",
            -4006 => "the action's inputs do not fit",
            -4007 => "the did is not this device's",
            -704_010_000 => "not authorised",
            -704_002_000 => "the parameters are wrong",
            -704_040_999 => "the feature is not implemented",
            -799_999_999..=-700_000_000 => return cause(self.0 % 1000),
            _ => return None,
        })
    }
}

/// The last three digits of a long code; the remainder of a negative number is negative.
const fn cause(suffix: i64) -> Option<&'static str> {
    Some(match suffix {
        -1 => "there is no such device",
        -2 => "there is no such service",
        -3 => "there is no such property",
        -4 => "there is no such event",
        -5 => "there is no such action",
        -6 => "the device has no specification",
        -7 => "the device's cloud was not found",
        -8 => "the id is not valid",
        -9 => "there is no such scene",
        -11 => "the device is offline",
        -13 => "the property cannot be read",
        -23 => "the property cannot be written",
        -33 => "the property cannot be subscribed to",
        -43 => "the value does not fit the property",
        -34 => "the action returned something wrong",
        -15 => "the action failed",
        -25 => "the number of arguments is wrong",
        -35 => "an argument is wrong",
        -36 => "the device took too long",
        -100 => "not possible in the device's present state",
        -101 => "the device is asleep, or its infrared remote does not know this",
        -901 => "the token is missing",
        -902 => "the token is not valid",
        -903 => "the token has expired",
        -904 => "not authorised for voice",
        -905 => "the voice device is not bound",
        -992 => "too many requests",
        -999 => "the feature is not online",
        _ => return None,
    })
}

impl fmt::Display for MiotCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(meaning) => write!(f, "{} ({meaning})", self.0),
            None => self.0.fmt(f),
        }
    }
}

impl fmt::Debug for MiotCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MiotCode({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::MiotCode;

    #[test]
    fn long_codes_are_read_by_their_last_digits() {
        for (code, word) in [
            (-704_042_011, "offline"),
            (-704_040_003, "property"),
            (-704_090_001, "device"),
            (-704_030_992, "too many"),
            (-704_083_036, "too long"),
            (-705_201_015, "action failed"),
            (-706_012_043, "value"),
            (-704_010_000, "not authorised"),
            (-704_040_999, "not implemented"),
        ] {
            let text = MiotCode::new(code).to_string();
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for code in [-5, -4000, -4008, -704_042_777, 42, i64::MIN, i64::MAX] {
            assert_eq!(MiotCode::new(code).meaning(), None, "{code}");
        }
    }

    #[test]
    fn accepted_is_not_refused() {
        assert!(
            MiotCode::OK.is_ok()
                && MiotCode::ACCEPTED.is_ok()
                && MiotCode::new(-702_010_000).is_ok()
        );
        assert!(!MiotCode::NOT_READABLE.is_ok() && !MiotCode::new(-704_042_011).is_ok());
    }
}
