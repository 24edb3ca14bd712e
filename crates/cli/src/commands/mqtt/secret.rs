//! Where a secret comes from: the command line, a file, stdin, the environment.

use iot_home::Secret;

use crate::args::{ProductSecretSource, SecretSource};
use crate::failure::Failure;
use crate::secret::Names;

/// The device's secret, which a command cannot do without.
pub(super) async fn required(source: &SecretSource) -> Result<Secret<String>, Failure> {
    let missing = || Failure::usage("this needs the device's secret").hint(DEVICE.ways());
    given(source).await?.ok_or_else(missing)
}

/// The device's secret, if there is one.
pub(super) async fn given(source: &SecretSource) -> Result<Option<Secret<String>>, Failure> {
    let SecretSource { device_secret, device_secret_file } = source;
    DEVICE.find(device_secret.as_ref(), device_secret_file.as_deref()).await
}

/// The product's secret, which a command cannot do without.
pub(super) async fn product(source: &ProductSecretSource) -> Result<Secret<String>, Failure> {
    let ProductSecretSource { product_secret, product_secret_file } = source;
    let found = PRODUCT.find(product_secret.as_ref(), product_secret_file.as_deref()).await?;
    let missing = || Failure::usage("this needs the product's secret").hint(PRODUCT.ways());
    found.ok_or_else(missing)
}

const DEVICE: Names = Names { option: "--device-secret", variable: "IOT_HOME_DEVICE_SECRET" };
const PRODUCT: Names = Names { option: "--product-secret", variable: "IOT_HOME_PRODUCT_SECRET" };
