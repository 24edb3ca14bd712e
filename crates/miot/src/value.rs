//! Values, checked before they are sent.

use alloc::boxed::Box;
use core::fmt;

use iot_home_core::PropertyId;
use serde_json::Value;

use crate::format::described;
use crate::{Format, Property};

/// Why a value cannot be read or written.
///
/// `Display` says which property, what was wrong, and what is allowed. Texts that were given are not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueError {
    /// The property's number.
    pub id: PropertyId,
    /// The property's name.
    pub name: Box<str>,
    /// What was wrong.
    pub fault: Fault,
    /// What was given: a number or bool as it is, anything else by its kind.
    pub given: Box<str>,
    /// What a value may be.
    pub allowed: Box<str>,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The property cannot be read.
    NotReadable,
    /// The property cannot be written.
    NotWritable,
    /// It is of another type. Devices tell `true` and 1, 1 and `"1"` apart.
    Format,
    /// It is too small or too great.
    Range,
    /// It is between two steps.
    Step,
    /// It is not in the list.
    List,
    /// It is too long.
    Length,
}

impl Property {
    /// Whether it can be read.
    ///
    /// # Errors
    /// [`Fault::NotReadable`] when it cannot.
    pub fn check_read(&self) -> Result<(), ValueError> {
        if self.access.read { Ok(()) } else { Err(self.error(Fault::NotReadable, &Value::Null)) }
    }

    /// Whether this value can be written to it.
    ///
    /// ```
    /// # let spec = iot_home_miot::Spec::from_json(br#"{"services":[{"iid":2,
    /// #     "type":"urn:miot-spec-v2:service:light:00007802:acme-lamp1:1","properties":[{"iid":2,
    /// #     "type":"urn:miot-spec-v2:property:brightness:0000000D:acme-lamp1:1","format":"uint8",
    /// #     "access":["read","write"],"value-range":[1,100,1]}]}]}"#)?;
    /// let brightness = spec.property("light:brightness")?;
    /// assert!(brightness.check_write(&40.into()).is_ok());
    /// assert_eq!(
    ///     brightness.check_write(&140.into()).unwrap_err().to_string(),
    ///     "light:brightness (2.2): 140 is out of range; allowed is a whole number from 1 to 100"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it cannot be written, or as for [`check`](Self::check).
    pub fn check_write(&self, value: &Value) -> Result<(), ValueError> {
        if !self.access.write {
            return Err(self.error(Fault::NotWritable, value));
        }
        self.check(value)
    }

    /// Whether this is one of its values, as an argument of an action has to be.
    ///
    /// Of the property's list and range one has to have it. A number without a fraction fits `float`, and a number
    /// that is written with one (`5.0`) fits no whole format.
    ///
    /// # Errors
    /// When it is of another type, out of range, between two steps, not in the list or too long.
    pub fn check(&self, value: &Value) -> Result<(), ValueError> {
        self.fault(value).map_or(Ok(()), |fault| Err(self.error(fault, value)))
    }

    fn fault(&self, value: &Value) -> Option<Fault> {
        if !self.has_format(value) {
            return Some(Fault::Format);
        }
        match value {
            Value::Bool(_) => None,
            Value::String(text) => {
                let most = self.max_length.filter(|_| !matches!(self.format, Format::Other(_)));
                if most.is_some_and(|most| text.chars().count() as u64 > most) {
                    return Some(Fault::Length);
                }
                (!self.list.is_empty() && self.list_item(value).is_none()).then_some(Fault::List)
            }
            Value::Number(number) => {
                if !self.list.is_empty() && self.list_item(value).is_some() {
                    return None;
                }
                match &self.range {
                    Some(range) if !range.contains(number) => Some(Fault::Range),
                    Some(range) if !range.on_step(number) => Some(Fault::Step),
                    None if !self.list.is_empty() => Some(Fault::List),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn has_format(&self, value: &Value) -> bool {
        match &self.format {
            Format::Bool => value.is_boolean(),
            Format::Float => value.is_number(),
            Format::String => value.is_string(),
            Format::Hex => {
                value.as_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            }
            Format::Other(_) => !value.is_null(),
            whole => whole.limits().is_some_and(|(least, most)| match value.as_i64() {
                Some(number) => {
                    number >= least && u64::try_from(number).map_or(true, |number| number <= most)
                }
                None => value.as_u64().is_some_and(|number| number <= most),
            }),
        }
    }

    /// What is wrong with a value of it, for whoever knows more than the instance says.
    pub fn error(&self, fault: Fault, value: &Value) -> ValueError {
        ValueError {
            id: self.id,
            name: self.name.as_str().into(),
            fault,
            given: described(value).into(),
            allowed: self.allowed().into(),
        }
    }

    /// A value that came back, by its meaning: see [`Format::coerce`].
    pub fn coerce(&self, value: &Value) -> Option<Value> {
        self.format.coerce(value)
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, given, allowed, .. } = self;
        f.write_str(name)?;
        // No device has a service 0: these numbers are somebody's own.
        if id.siid.get() != 0 {
            write!(f, " ({id})")?;
        }
        let what = match self.fault {
            Fault::NotReadable => return f.write_str(" cannot be read"),
            Fault::NotWritable => return f.write_str(" cannot be written"),
            Fault::Format => "is not of its format",
            Fault::Range => "is out of range",
            Fault::Step => "is between two steps",
            Fault::List => "is not one of its values",
            Fault::Length => "is too long",
        };
        write!(f, ": {given} {what}; allowed is {allowed}")
    }
}

impl core::error::Error for ValueError {}
