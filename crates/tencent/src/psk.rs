//! The key of a device.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};
use iot_home_core::Secret;
use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Fault, Field};

/// A device's key: base64, mostly of 16 bytes. Logins are signed with the bytes, what binds a device to a gateway with
/// the text. Wiped on drop, never shown.
///
/// ```
/// use iot_home_tencent::Psk;
///
/// let psk: Psk = "7WmFA/MEs+Fy+32QwJWtYw==".parse()?;
/// assert_eq!(format!("{psk:?}"), "Psk(<redacted>)");
/// let error = "7WmFA/MEs+Fy+32QwJWtY!==".parse::<Psk>().unwrap_err();
/// assert!(error.to_string().starts_with("the psk has a character at position 22"));
/// # Ok::<(), iot_home_tencent::InvalidField>(())
/// ```
#[derive(Clone)]
pub struct Psk(Secret<String>);

/// Far more than any key has.
const LONGEST: usize = 1024;

impl Psk {
    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The bytes that the text stands for.
    pub(crate) fn key(&self) -> Secret<Vec<u8>> {
        // It was decoded before, when this was made.
        Secret::new(STANDARD.decode(self.expose()).unwrap_or_default())
    }
}

impl TryFrom<Secret<String>> for Psk {
    type Error = InvalidField;

    fn try_from(text: Secret<String>) -> Result<Self, InvalidField> {
        const FIELD: Field =
            Field::new("psk", "base64 of at least one byte, with its padding", 1..=LONGEST, |_| {
                None
            });
        FIELD.check(text.expose())?;
        let length = text.expose().chars().count();
        // What is not empty decodes to a byte at least. The bytes before a fault are wiped as well.
        let mut bytes = Vec::with_capacity(length);
        let decoded = STANDARD.decode_vec(text.expose(), &mut bytes);
        drop(Secret::new(bytes));
        decoded.map_err(|error| match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol { offset: at, .. } => {
                FIELD.error(Fault::Character { position: at.saturating_add(1) })
            }
            _ => FIELD.error(Fault::Length { length }),
        })?;
        Ok(Self(text))
    }
}

impl TryFrom<String> for Psk {
    type Error = InvalidField;

    fn try_from(text: String) -> Result<Self, InvalidField> {
        Secret::new(text).try_into()
    }
}

impl TryFrom<&str> for Psk {
    type Error = InvalidField;

    fn try_from(text: &str) -> Result<Self, InvalidField> {
        String::from(text).try_into()
    }
}

impl FromStr for Psk {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        text.try_into()
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk(<redacted>)")
    }
}
