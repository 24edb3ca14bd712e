//! The names that a login is put together from.
//!
//! What keeps a name from being more than one stands in the rule of its type: a `|` would end a client id and
//! begin ext params, a `&` would move the border between device name and product key, a `/` in a product key
//! would lead to another host.

use iot_home_mqtt::checked_text;
use iot_home_mqtt::field::{Field, first_other};

checked_text! {
    /// Which product: 1 to 20 letters and digits, mostly 11.
    ///
    /// ```
    /// use iot_home_aliyun::ProductKey;
    ///
    /// let error = "pk.evil.example/".parse::<ProductKey>().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the product key has a character at position 3 that may not stand there; \
    ///      it has to be 1 to 20 letters and digits"
    /// );
    /// ```
    ProductKey,
    Field::new("product key", "1 to 20 letters and digits", 1..=20, |text| {
        first_other(text, |c| c.is_ascii_alphanumeric())
    })
}

checked_text! {
    /// Which device of a product: 4 to 32 letters, digits and `_-@.:`.
    DeviceName,
    Field::new("device name", "4 to 32 letters, digits and _-@.:", 4..=32, |text| {
        first_other(text, |c| c.is_ascii_alphanumeric() || "_-@.:".contains(c))
    })
}

checked_text! {
    /// What the client calls itself, a serial number for instance: up to 64 characters, no bar and nothing
    /// that controls a terminal. It may be empty.
    ClientId,
    Field::new("client id", "at most 64 characters, no bar and no control character", 0..=64, |text| {
        first_other(text, |c| c != '|' && !c.is_control())
    })
}

impl ClientId {
    pub(crate) fn empty() -> Self {
        Self(Default::default())
    }

    /// What the official C SDKs send. Both names are too short to make it too long.
    pub(crate) fn of_device(product_key: &ProductKey, device_name: &DeviceName) -> Self {
        Self([product_key.as_str(), device_name.as_str()].join(".").into())
    }
}

checked_text! {
    /// A public instance of the newer kind, or an enterprise instance: `iot-` and letters or digits.
    InstanceId,
    Field::new("instance id", "iot- and 1 to 60 letters and digits", 5..=64, |text| {
        let prefix = text.chars().zip("iot-".chars()).position(|(is, has_to_be)| is != has_to_be);
        prefix.or_else(|| {
            let rest = text.get(4..)?;
            first_other(rest, |c| c.is_ascii_alphanumeric()).map(|at| at.saturating_add(4))
        })
    })
}
