//! The names that a login is put together from.
//!
//! What keeps a name from being more than one stands in the rule of its type: product id and device name are
//! written one behind the other, so that only the exact length of the first tells where the second begins, and a
//! `;` would move the borders of the user name.

use core::fmt;
use core::str::FromStr;

use alloc::format;
use alloc::string::String;

use iot_home_core::Random;
use iot_home_mqtt::InvalidField;
use iot_home_mqtt::checked_text;
use iot_home_mqtt::field::{Fault, Field, first_other};

checked_text! {
    /// Which product: exactly 10 upper-case letters and digits.
    ///
    /// ```
    /// use iot_home_tencent::ProductId;
    ///
    /// let error = "SHORT".parse::<ProductId>().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the product id is 5 characters long; it has to be 10 upper-case letters and digits"
    /// );
    /// ```
    ProductId,
    Field::new("product id", "10 upper-case letters and digits", 10..=10, |text| {
        first_other(text, |c| c.is_ascii_uppercase() || c.is_ascii_digit())
    })
}

checked_text! {
    /// Which device of a product: 1 to 48 letters, digits and `_-:`.
    DeviceName,
    Field::new("device name", "1 to 48 letters, digits and _-:", 1..=48, |text| {
        first_other(text, |c| c.is_ascii_alphanumeric() || "_-:".contains(c))
    })
}

checked_text! {
    /// Names one connection, so that the platform's support can find it: 1 to 32 printable characters without blank
    /// and semicolon. By convention 5 letters and digits, and new ones for each connection.
    ConnId,
    Field::new("conn id", "1 to 32 printable characters without blank and semicolon", 1..=32, |text| {
        first_other(text, |c| c.is_ascii_graphic() && c != ';')
    })
}

impl ConnId {
    /// Five letters and digits.
    pub fn random(random: &mut dyn Random) -> Self {
        let letters = Self::random_letters(random);
        Self(core::str::from_utf8(&letters).unwrap_or_default().into())
    }

    pub(crate) const RANDOM_LEN: usize = 5;

    /// The same, in ASCII.
    pub(crate) fn random_letters(random: &mut dyn Random) -> [u8; Self::RANDOM_LEN] {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        // 62 to the power of 5 is far below 64 bits: no letter is likelier than another by anything that counts.
        let mut number = random.next_u64();
        core::array::from_fn(|_| {
            let at = usize::try_from(number % 62).unwrap_or_default();
            number /= 62;
            LETTERS.get(at).copied().unwrap_or(b'0')
        })
    }
}

/// A number that every SDK has its own of, and that the platform takes as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SdkAppId(u64);

impl SdkAppId {
    /// That of the documents and the Java SDK.
    pub const DOCUMENTED: Self = Self(12_010_126);
    /// That of the C and Python SDKs.
    pub const C: Self = Self(21_010_406);
    /// That of old Explorer SDKs for Java.
    pub const EXPLORER: Self = Self(12_020_126);

    /// This number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Default for SdkAppId {
    fn default() -> Self {
        Self::DOCUMENTED
    }
}

impl From<u64> for SdkAppId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl FromStr for SdkAppId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const FIELD: Field =
            Field::new("SDK app id", "a decimal number of at most 64 bits", 1..=20, |text| {
                first_other(text, |c| c.is_ascii_digit())
            });
        FIELD.check(text)?;
        let number = text.parse().map_err(|_| FIELD.error(Fault::Length { length: text.len() }));
        number.map(Self)
    }
}

impl fmt::Display for SdkAppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Product id and device name, one behind the other: what the platform knows a device by.
pub(crate) fn client_id(product_id: &ProductId, device_name: &DeviceName) -> String {
    format!("{product_id}{device_name}")
}
