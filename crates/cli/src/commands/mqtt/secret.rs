//! Where a device's secret comes from: the command line, a file, stdin, the environment.

use std::env;
use std::path::Path;

use iot_home::Secret;

use crate::args::SecretSource;
use crate::failure::Failure;
use crate::input;

/// The secret a command cannot do without.
pub(super) async fn required(source: &SecretSource) -> Result<Secret<String>, Failure> {
    let missing = || Failure::usage("this needs the device's secret").hint(WAYS);
    given(source).await?.ok_or_else(missing)
}

/// The secret, if there is one.
pub(super) async fn given(source: &SecretSource) -> Result<Option<Secret<String>>, Failure> {
    match (&source.device_secret, source.device_secret_file.as_deref()) {
        (Some(_), Some(_)) => {
            let both = "--device-secret and --device-secret-file cannot be used together";
            Err(Failure::usage(both).hint(WAYS))
        }
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, Some(file)) => read(file).await.map(Some),
        (None, None) => {
            let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
            let secret = variable.map(|value| value.into_string().map(Secret::new));
            secret.transpose().map_err(|_| Failure::bad_input(format!("{VARIABLE} is not text")))
        }
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

const VARIABLE: &str = "IOT_HOME_DEVICE_SECRET";

const WAYS: &str = "give it by one of: the environment variable IOT_HOME_DEVICE_SECRET, \
    --device-secret-file FILE (- is stdin), or --device-secret SECRET (which other users of this \
    machine can see)";
