//! What proves a login. Wiped on drop, never shown.

use iot_home_mqtt::checked_secret;
use iot_home_mqtt::field::{Field, first_other};

/// The platform's own have 32 and 16 characters; those of compatible platforms may not.
const RULE: &str = "1 to 128 printable characters without blanks";

fn fault(text: &str) -> Option<usize> {
    first_other(text, |c| c.is_ascii_graphic())
}

checked_secret! {
    /// The secret of one device, 32 characters. It is used as it is written, and never decoded.
    ///
    /// ```
    /// use iot_home_aliyun::DeviceSecret;
    ///
    /// let error = DeviceSecret::try_from("with a blank").unwrap_err();
    /// assert!(error.to_string().starts_with("the device secret has a character at position 5"));
    /// # let secret = DeviceSecret::try_from("ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe")?;
    /// assert_eq!(format!("{secret:?}"), "DeviceSecret(<redacted>)");
    /// # Ok::<(), iot_home_aliyun::InvalidField>(())
    /// ```
    DeviceSecret,
    Field::new("device secret", RULE, 1..=128, fault)
}

checked_secret! {
    /// The secret of a product, 16 characters, by which its devices register.
    ProductSecret,
    Field::new("product secret", RULE, 1..=128, fault)
}

checked_secret! {
    /// What a device that registered itself was given, and presents from then on.
    DeviceToken,
    Field::new("device token", "1 to 1024 printable characters without blanks", 1..=1024, fault)
}
