//! Where a secret comes from: the command line, a file, stdin, the environment.

use std::env;
use std::path::Path;

use iot_home::Secret;

use crate::failure::Failure;
use crate::input;

/// How a secret is called.
pub(crate) struct Names {
    pub(crate) option: &'static str,
    pub(crate) variable: &'static str,
}

impl Names {
    pub(crate) async fn find(
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

    pub(crate) fn ways(&self) -> String {
        let Self { option, variable } = self;
        format!(
            "give it by one of: the environment variable {variable}, {option}-file FILE (- is stdin), or \
             {option} SECRET (which other users of this machine can see)"
        )
    }
}

/// The secret in a file, without the blanks around it.
pub(crate) async fn read(file: &Path) -> Result<Secret<String>, Failure> {
    let text = Secret::new(input::text(file, "secret").await?);
    let secret = text.expose().trim();
    if secret.is_empty() {
        return Err(Failure::bad_input(format!("{} holds no secret", input::name(file))));
    }
    Ok(Secret::new(secret.to_owned()))
}
