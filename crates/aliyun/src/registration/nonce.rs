//! The random text of a registration.

use alloc::string::String;

use iot_home_core::Random;
use iot_home_mqtt::checked_text;
use iot_home_mqtt::field::{Field, first_other};

checked_text! {
    /// The random text of a registration: 1 to 64 letters and digits, and another one each time.
    Nonce,
    Field::new("random text", "1 to 64 letters and digits", 1..=64, |text| {
        first_other(text, |c| c.is_ascii_alphanumeric())
    })
}

impl Nonce {
    /// Sixteen digits and letters.
    pub fn random(random: &mut dyn Random) -> Self {
        let mut number = random.next_u64();
        let digits = (0..16).map(|_| {
            let digit = u32::try_from(number % 16).unwrap_or_default();
            number /= 16;
            char::from_digit(digit, 16).unwrap_or('0')
        });
        Self(digits.collect::<String>().into())
    }
}
