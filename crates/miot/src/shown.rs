//! Values as a person reads them.

use core::fmt;

use serde_json::Value;

use crate::Property;

/// A value as a person reads it: `Auto`, `40 %`, `21.5 °C`, `#ff8800`.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    property: &'a Property,
    value: &'a Value,
}

impl Property {
    /// Shows a value that came back: by its name in the list, or with its unit. One without a meaning is shown as it came.
    ///
    /// ```
    /// # let spec = iot_home_miot::Spec::from_json(br#"{"services":[{"iid":2,
    /// #     "type":"urn:miot-spec-v2:service:light:00007802:acme-lamp1:1","properties":[{"iid":2,
    /// #     "type":"urn:miot-spec-v2:property:brightness:0000000D:acme-lamp1:1","format":"uint8",
    /// #     "access":["read","write"],"unit":"percentage","value-range":[1,100,1]}]}]}"#)?;
    /// let brightness = spec.property("brightness")?;
    /// assert_eq!(brightness.show(&"40".into()).to_string(), "40 %");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn show<'a>(&'a self, value: &'a Value) -> Shown<'a> {
        Shown { property: self, value }
    }

    /// The sign of its unit: `%` for `percentage`. The unit itself where it has no other sign.
    pub fn unit_sign(&self) -> Option<&str> {
        let unit = self.unit.as_deref()?;
        Some(match unit {
            "percentage" => "%",
            "celsius" => "°C",
            "kelvin" => "K",
            "fahrenheit" => "°F",
            "seconds" => "s",
            "minutes" => "min",
            "hours" => "h",
            "arcdegrees" => "°",
            "pascal" => "Pa",
            "lux" => "lx",
            "watt" => "W",
            "volt" => "V",
            other => other,
        })
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { property, value } = self;
        if let Some(item) = property.list_item(value).filter(|item| !item.description.is_empty()) {
            return Plain(&item.description).fmt(f);
        }
        let coerced = property.coerce(value);
        let value = coerced.as_ref().unwrap_or(value);
        match (value, property.unit.as_deref(), value.as_u64()) {
            (Value::Number(_), Some("rgb"), Some(rgb)) if rgb <= 0xff_ffff => {
                write!(f, "#{rgb:06x}")
            }
            (Value::Number(number), Some(unit), _) => {
                let unit = property.unit_sign().unwrap_or(unit);
                write!(f, "{number} {}", Plain(unit))
            }
            (Value::String(text), ..) => Plain(text).fmt(f),
            (other, ..) => other.fmt(f),
        }
    }
}

/// A text of others, without what would steer a terminal.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| fmt::Write::write_char(f, if c.is_control() { ' ' } else { c }))
    }
}
