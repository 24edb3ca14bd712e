//! The secret of a product.

use iot_home_mqtt::checked_secret;
use iot_home_mqtt::field::{Field, first_other};

checked_secret! {
    /// The secret of a product, mostly 24 characters, by which its devices register. It is used as it is written, and never
    /// decoded; the first 16 of its bytes are the key of the answer.
    ProductSecret,
    Field::new("product secret", "16 to 128 printable characters without blanks", 16..=128, |text| {
        first_other(text, |c| c.is_ascii_graphic())
    })
}
