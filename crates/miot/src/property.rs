//! What can be read, written or heard of.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use iot_home_core::{PropertyId, Siid};
use serde_json::{Map, Value, json};

use crate::fields::{Fields, object, urn};
use crate::{Format, ListItem, Urn, ValueRange, service};

/// A property of a service.
///
/// [`check_write`](Self::check_write) says whether a value can be sent, [`coerce`](Self::coerce) reads one that came back and
/// [`show`](Self::show) shows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Property {
    /// Its number.
    pub id: PropertyId,
    /// Its name, `service:property` as in `light:brightness`. Two services of one type share it.
    pub name: String,
    /// What it is.
    pub urn: Option<Urn>,
    /// What a person calls it; may be empty.
    pub description: String,
    /// What its values are made of.
    pub format: Format,
    /// What can be done with it. Where nothing can, it is an argument only.
    pub access: Access,
    /// What it is measured in, as the instance writes it: `percentage`, `celsius`. `none` is none.
    pub unit: Option<String>,
    /// From where to where its values go.
    pub range: Option<ValueRange>,
    /// The values that have names.
    pub list: Vec<ListItem>,
    /// The most characters of a text.
    pub max_length: Option<u64>,
    /// Fields that have no place of their own, and those that could not be read.
    pub extra: Map<String, Value>,
}

/// What can be done with a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Access {
    /// It can be read.
    pub read: bool,
    /// It can be written.
    pub write: bool,
    /// The device tells when it changes.
    pub notify: bool,
}

impl Property {
    pub(crate) fn from_value(siid: Siid, service: &str, value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let id = PropertyId::new(siid.get(), fields.iid()?);
        let urn = fields.urn();
        Some(Self {
            id,
            name: service::item_name(service, urn.as_ref(), id.piid.get()),
            urn,
            description: fields.text("description").unwrap_or_default(),
            format: Format::new(&fields.text("format").unwrap_or_default()),
            access: fields.take("access", Access::from_value).unwrap_or_default(),
            unit: fields.text("unit").filter(|unit| unit != "none" && !unit.is_empty()),
            range: fields.take("value-range", ValueRange::from_value),
            list: fields.list("value-list").into_iter().map(ListItem::from_value).collect(),
            max_length: fields.take("max-length", Value::as_u64),
            extra: fields.0,
        })
    }

    pub(crate) fn to_value(&self) -> Value {
        let some = |there: bool, value: Value| if there { value } else { Value::Null };
        let list = self.list.iter().map(ListItem::to_value).collect();
        let format = self.format.as_str();
        object(
            &self.extra,
            [
                ("iid", self.id.piid.get().into()),
                ("type", urn(self.urn.as_ref())),
                ("description", self.description.as_str().into()),
                ("format", some(!format.is_empty(), format.into())),
                ("access", self.access.to_value()),
                ("unit", self.unit.as_deref().into()),
                ("value-range", self.range.as_ref().map_or(Value::Null, ValueRange::to_value)),
                ("value-list", some(!self.list.is_empty(), Value::Array(list))),
                ("max-length", self.max_length.into()),
            ],
        )
    }

    /// The item of the list that a value is; of two for the same value the first.
    pub fn list_item(&self, value: &Value) -> Option<&ListItem> {
        let value = self.format.coerce(value)?;
        self.list.iter().find(|item| self.format.coerce(&item.value).as_ref() == Some(&value))
    }

    /// The value of the list that is called so, in upper or lower case: `"Auto"`.
    pub fn value_named(&self, description: &str) -> Option<&Value> {
        let called =
            |item: &&ListItem| item.description.trim().eq_ignore_ascii_case(description.trim());
        self.list.iter().find(called).map(|item| &item.value)
    }

    /// What a value may be, in words: `a whole number from 30 to 80 in steps of 10`.
    pub fn allowed(&self) -> String {
        let mut text = String::new();
        let kind = match self.format {
            Format::Bool => return "true or false".into(),
            Format::Float => "a number",
            Format::String => "a text",
            Format::Hex => "a text of hexadecimal digits",
            Format::Other(_) => "a value",
            _ => "a whole number",
        };
        let described = self.list.iter().filter(|item| !item.value.is_null());
        for (count, item) in described.enumerate() {
            if count == SHOWN {
                text.push_str(", …");
                break;
            }
            let comma = if count == 0 { "" } else { ", " };
            // Writing to a text does not fail.
            let _ = match item.description.as_str() {
                "" => write!(text, "{comma}{}", item.value),
                name => write!(text, "{comma}{} ({})", item.value, crate::shown::Plain(name)),
            };
        }
        if !text.is_empty() {
            if let Some(range) = &self.range {
                let _ = write!(text, ", or {range}");
            }
            return text;
        }
        text.push_str(kind);
        let texts = matches!(self.format, Format::String | Format::Hex);
        match (&self.range, self.max_length, self.format.limits()) {
            (_, Some(most), _) if texts => {
                let _ = write!(text, " of at most {most} characters");
            }
            (Some(range), ..) if !texts => {
                let _ = write!(text, " from {range}");
            }
            (None, _, Some((least, most))) => {
                let _ = write!(text, " from {least} to {most}");
            }
            _ => {}
        }
        text
    }
}

impl Access {
    /// Reads a list of words; others than these are ignored.
    fn from_value(value: &Value) -> Option<Self> {
        let words = value.as_array()?;
        let has = |word: &str| words.iter().any(|item| item.as_str() == Some(word));
        Some(Self { read: has("read"), write: has("write"), notify: has("notify") })
    }

    fn to_value(self) -> Value {
        let words = [("read", self.read), ("write", self.write), ("notify", self.notify)];
        json!(words.iter().filter(|word| word.1).map(|word| word.0.to_string()).collect::<Vec<_>>())
    }
}

/// How many values of a list an error names.
const SHOWN: usize = 16;
