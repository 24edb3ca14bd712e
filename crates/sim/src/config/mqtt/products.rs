//! Products whose devices may register.

use iot_home_aliyun as aliyun;
use iot_home_tencent as tencent;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::accounts::Proof;
use crate::config::{ConfigError, read as read_keys};
use crate::mqtt::Product;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    product_key: Option<String>,
    product_id: Option<String>,
    product_secret: Proof,
    devices: Vec<String>,
    registration: Option<bool>,
    makes_devices: bool,
}

/// A product: of Aliyun where it has a key, of Tencent where it has an id.
pub(super) fn read(fields: Map<String, Value>) -> Result<Product, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let wrong = |error: aliyun::InvalidField| ConfigError::new("", error);
    let secret = keys.product_secret.text("product_secret")?;
    let product = match (keys.product_key, keys.product_id) {
        (Some(key), None) => {
            let secret = aliyun::ProductSecret::try_from(secret).map_err(wrong)?;
            Product::aliyun(key.try_into().map_err(wrong)?, secret)
        }
        (None, Some(id)) => {
            let secret = tencent::registration::ProductSecret::try_from(secret).map_err(wrong)?;
            Product::tencent(id.try_into().map_err(wrong)?, secret)
        }
        _ => return Err(ConfigError::new("", "has to have one of `product_key` and `product_id`")),
    };
    let product =
        product.registration(keys.registration.unwrap_or(true)).makes_devices(keys.makes_devices);
    Ok(keys.devices.into_iter().fold(product, Product::device))
}
