//! Whose topic it is.

use crate::{DeviceName, ProductId};

/// The device that a topic names. Both names are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Address<'a> {
    /// Which product.
    pub product_id: &'a str,
    /// Which device of it.
    pub device_name: &'a str,
}

impl<'a> Address<'a> {
    /// The device of this name.
    pub const fn new(product_id: &'a ProductId, device_name: &'a DeviceName) -> Self {
        Self { product_id: product_id.as_str(), device_name: device_name.as_str() }
    }

    /// The two levels that stand first, where they are names, and what stands behind them.
    pub(super) fn split(levels: &'a str) -> Option<(Self, &'a str)> {
        let (product_id, rest) = levels.split_once('/')?;
        let (device_name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        ProductId::check(product_id).ok()?;
        DeviceName::check(device_name).ok()?;
        Some((Self { product_id, device_name }, rest))
    }
}
