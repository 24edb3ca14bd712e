//! Numbers that may be texts: for `#[serde(deserialize_with = "…")]`.

use core::fmt;
use core::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// A whole number, or a text of one. True and false are 1 and 0.
///
/// # Errors
/// If it is neither, or does not fit.
pub fn integer<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let number = deserializer.deserialize_any(Number::<T>(PhantomData))?;
    number.ok_or_else(|| D::Error::custom("a number is missing"))
}

/// The same, or null; with `#[serde(default)]` it may also be absent. An empty text is taken for absence.
///
/// # Errors
/// If it is neither, or does not fit.
pub fn optional<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Number::<T>(PhantomData))
}

struct Number<T>(PhantomData<T>);

impl<T: TryFrom<i128>> Number<T> {
    fn fit<E: Error>(number: i128) -> Result<Option<T>, E> {
        T::try_from(number).map(Some).map_err(|_| E::custom("a number out of its range"))
    }
}

impl<T: TryFrom<i128>> Visitor<'_> for Number<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or a text of one")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        Self::fit(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        Self::fit(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        // Up to here every whole number is itself.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if !(-EXACT..=EXACT).contains(&number) {
            return Err(E::custom("a number out of its range"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it was checked")]
        let whole = number as i64;
        #[expect(clippy::float_cmp, reason = "the same number or none")]
        #[expect(clippy::cast_precision_loss, reason = "it was checked")]
        if whole as f64 != number {
            return Err(E::custom("a fraction"));
        }
        Self::fit(whole.into())
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Option<T>, E> {
        Self::fit(is.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        Self::fit(text.parse().map_err(|_| E::custom("a text that is no whole number"))?)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
}
