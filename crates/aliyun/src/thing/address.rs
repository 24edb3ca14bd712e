//! Whose topic it is.

use crate::{DeviceName, ProductKey};

/// The device that a topic names: for a gateway, its own or one below it. Both names are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Address<'a> {
    /// Which product.
    pub product_key: &'a str,
    /// Which device of it.
    pub device_name: &'a str,
}

impl<'a> Address<'a> {
    /// The device of this name.
    pub const fn new(product_key: &'a ProductKey, device_name: &'a DeviceName) -> Self {
        Self { product_key: product_key.as_str(), device_name: device_name.as_str() }
    }

    /// The two levels that stand first, where they are names, and what stands behind them.
    pub(super) fn split(levels: &'a str) -> Option<(Self, &'a str)> {
        let (product_key, rest) = levels.split_once('/')?;
        let (device_name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        ProductKey::check(product_key).ok()?;
        DeviceName::check(device_name).ok()?;
        Some((Self { product_key, device_name }, rest))
    }
}
