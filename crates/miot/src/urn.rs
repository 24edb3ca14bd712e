//! What a thing is: `urn:miot-spec-v2:property:brightness:0000000D:acme-lamp1:1`.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

/// The name of a type of devices, services, properties, actions or events.
///
/// `urn:<namespace>:<kind>:<name>:<8 hex digits>`, and for what belongs to a product
/// `:<vendor>-<product>:<version>`; more may follow. It is kept as it was written, and consists of letters,
/// digits, `.`, `-`, `_` and colons only, so that it can stand in an address as it is.
///
/// ```
/// use iot_home_miot::{Kind, Urn};
///
/// let urn: Urn = "urn:miot-spec-v2:device:light:0000A001:acme-lamp1:2".parse()?;
/// assert_eq!((urn.kind(), urn.name(), urn.code()), (Kind::Device, "light", 0xa001));
/// assert_eq!((urn.product(), urn.version()), (Some("acme-lamp1"), Some(2)));
/// # Ok::<(), iot_home_miot::UrnError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urn {
    text: Box<str>,
    kind: Kind,
    code: u32,
}

/// What a [`Urn`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A device.
    Device,
    /// A service.
    Service,
    /// A property.
    Property,
    /// An action.
    Action,
    /// An event.
    Event,
}

impl Urn {
    /// The most bytes that a urn may have; those that are in use have fewer than 100.
    pub const MAX_LEN: usize = 200;

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who defines it: `miot-spec-v2` is the standard.
    pub fn namespace(&self) -> &str {
        self.part(1).unwrap_or_default()
    }

    /// What it names.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The name: `light`, `brightness`.
    pub fn name(&self) -> &str {
        self.part(3).unwrap_or_default()
    }

    /// The number of the type.
    pub const fn code(&self) -> u32 {
        self.code
    }

    /// Whose product it is, `vendor-product`. Standard types have none.
    pub fn product(&self) -> Option<&str> {
        self.part(5)
    }

    /// The version of the product's instance.
    pub fn version(&self) -> Option<u32> {
        self.part(6)?.parse().ok()
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.text.split(':').nth(index)
    }
}

impl FromStr for Urn {
    type Err = UrnError;

    fn from_str(text: &str) -> Result<Self, UrnError> {
        if text.len() > Self::MAX_LEN {
            return Err(UrnError::Length);
        }
        let stands = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if !text.bytes().all(stands) {
            return Err(UrnError::Character);
        }
        let mut parts = text.split(':');
        let (Some("urn"), Some(namespace), Some(kind), Some(name), Some(code)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UrnError::Form);
        };
        if namespace.is_empty() || name.is_empty() || !(1..=8).contains(&code.len()) {
            return Err(UrnError::Form);
        }
        let kind = match kind {
            "device" => Kind::Device,
            "service" => Kind::Service,
            "property" => Kind::Property,
            "action" => Kind::Action,
            "event" => Kind::Event,
            _ => return Err(UrnError::Kind),
        };
        let code = u32::from_str_radix(code, 16).map_err(|_| UrnError::Form)?;
        Ok(Self { text: text.into(), kind, code })
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Urn({})", self.text)
    }
}

/// Why a text is no urn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrnError {
    /// It is longer than [`Urn::MAX_LEN`].
    #[error("a urn has at most 200 bytes")]
    Length,
    /// It has a character that could not stand in an address.
    #[error("a urn has letters, digits, dots, hyphens, underscores and colons only")]
    Character,
    /// It has too few parts, or one of them is empty or no number.
    #[error("a urn is urn:<namespace>:<kind>:<name>:<8 hex digits>, and may go on after a colon")]
    Form,
    /// It names something else.
    #[error("a urn is of a device, service, property, action or event")]
    Kind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parts() {
        let urn: Urn =
            "urn:acme-spec:property:fan-level:00000001:acme-lamp1:1:0000C801".parse().unwrap();
        assert_eq!(
            (urn.namespace(), urn.kind(), urn.name()),
            ("acme-spec", Kind::Property, "fan-level")
        );
        assert_eq!((urn.code(), urn.product(), urn.version()), (1, Some("acme-lamp1"), Some(1)));
        assert!(urn.as_str().ends_with(":0000C801"), "what follows is kept");
        let standard: Urn = "urn:miot-spec-v2:service:light:00007802".parse().unwrap();
        assert_eq!((standard.product(), standard.version()), (None, None));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, error) in [
            ("", UrnError::Form),
            ("urn:miot-spec-v2:device:light", UrnError::Form),
            ("urn::device:light:0000A001", UrnError::Form),
            ("urn:miot-spec-v2:device::0000A001", UrnError::Form),
            ("urn:miot-spec-v2:device:light:", UrnError::Form),
            ("urn:miot-spec-v2:device:light:0000A001F", UrnError::Form),
            ("urn:miot-spec-v2:device:light:lamp", UrnError::Form),
            ("URN:miot-spec-v2:device:light:0000A001", UrnError::Form),
            ("urn:miot-spec-v2:unit:light:0000A001", UrnError::Kind),
            ("urn:miot-spec-v2:device:li ght:0000A001", UrnError::Character),
            ("urn:miot-spec-v2:device:light:0000A001&type=x", UrnError::Character),
            ("urn:miot-spec-v2:device:../etc:0000A001", UrnError::Character),
            ("urn:miot-spec-v2:device:灯:0000A001", UrnError::Character),
        ] {
            assert_eq!(text.parse::<Urn>(), Err(error), "{text}");
        }
        let long = alloc::format!("urn:a:device:{}:1", "x".repeat(200));
        assert_eq!(long.parse::<Urn>(), Err(UrnError::Length));
    }
}
