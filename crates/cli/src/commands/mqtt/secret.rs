//! Where a secret comes from: the command line, a file, stdin, the environment.

use std::env;
use std::path::Path;

use iot_home::Secret;

use crate::args::{ProductSecretSource, SecretSource};
use crate::failure::Failure;
use crate::input;

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

/// How a secret is called.
struct Names {
    option: &'static str,
    variable: &'static str,
}

const DEVICE: Names = Names { option: "--device-secret", variable: "IOT_HOME_DEVICE_SECRET" };
const PRODUCT: Names = Names { option: "--product-secret", variable: "IOT_HOME_PRODUCT_SECRET" };

impl Names {
    async fn find(
        &self,
        text: Option<&Secret<String>>,
        file: Option<&Path>,
    ) -> Result<Option<Secret<String>>, Failure> {
        let Self { option, variable } = self;
        match (text, file) {
            (Some(_), Some(_)) => {
                let both = format!("{option} and {option}-file cannot be used together");
                Err(Failure::usage(both).hint(self.ways()))
            }
            (Some(secret), None) => Ok(Some(secret.clone())),
            (None, Some(file)) => read(file).await.map(Some),
            (None, None) => {
                let value = env::var_os(variable).filter(|value| !value.is_empty());
                let secret = value.map(|value| value.into_string().map(Secret::new));
                let no_text = |_| Failure::bad_input(format!("{variable} is not text"));
                secret.transpose().map_err(no_text)
            }
        }
    }

    fn ways(&self) -> String {
        let Self { option, variable } = self;
        format!(
            "give it by one of: the environment variable {variable}, {option}-file FILE (- is stdin), or \
             {option} SECRET (which other users of this machine can see)"
        )
    }
}

async fn read(file: &Path) -> Result<Secret<String>, Failure> {
    let text = Secret::new(input::text(file, "secret").await?);
    let secret = text.expose().trim();
    if secret.is_empty() {
        return Err(Failure::bad_input(format!("{} holds no secret", input::name(file))));
    }
    Ok(Secret::new(secret.to_owned()))
}
