//! The file of what is known of the home, tokens included.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use iot_home::core::file::read_private;
use iot_home::hub::home::{Builder, ErrorKind};
use iot_home::hub::{Facts, Home};
use iot_home::miio::Token;
use serde::de::IgnoredAny;

use super::Context;
use crate::failure::Failure;
use crate::ordered::spellings;

/// Where it is.
pub(super) struct Inventory {
    file: PathBuf,
    is_torn: bool,
}

impl Inventory {
    /// The file that is named, or the user's own. A person is told what is wrong with it.
    pub(super) fn of(context: &Context, named: Option<&Path>) -> Result<Self, Failure> {
        let file = match named {
            Some(file) => file.to_owned(),
            None => usual()?,
        };
        let text = read_private(&file, LONGEST);
        let is_torn = match &text {
            Ok(Some(text)) => serde_json::from_str::<IgnoredAny>(text.expose()).is_err(),
            Ok(None) => false,
            Err(error) => error.kind() == std::io::ErrorKind::InvalidData,
        };
        let this = Self { file, is_torn };
        if !context.output.json() {
            if is_torn {
                context.output.warn(&format!("{} is torn, and left out", this.name()));
            }
            if this.is_open_to_others() {
                let name = this.name();
                context.output.warn(&format!(
                    "{name} holds tokens and is open to other users: chmod 600 {name}"
                ));
            }
        }
        Ok(this)
    }

    pub(super) fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// Whether there is something in it that cannot be read.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// A home that begins with what is in it.
    pub(super) async fn open(&self, builder: Builder) -> Result<Home, Failure> {
        builder.inventory(&self.file).open().await.map_err(|error| match error.kind() {
            ErrorKind::File => Failure::bad_input(error.to_string())
                .hint("repair it or remove it, or name another: --inventory FILE"),
            _ => error.into(),
        })
    }

    /// Makes its folder, for its owner alone.
    pub(super) fn make_folder(&self) -> Result<(), Failure> {
        let Some(folder) = self.file.parent().filter(|folder| !folder.as_os_str().is_empty())
        else {
            return Ok(());
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let wrong = |error| Failure::io(&format!("cannot make {}", folder.display()), &error);
        builder.create(folder).map_err(wrong)
    }

    #[cfg(unix)]
    fn is_open_to_others(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(&self.file).is_ok_and(|file| file.is_file() && file.mode() & 0o077 != 0)
    }

    #[cfg(not(unix))]
    fn is_open_to_others(&self) -> bool {
        false
    }
}

/// The spellings of all tokens that a home knows.
pub(super) fn tokens(home: &Home) -> Vec<String> {
    let of = |facts: Facts| facts.token.as_ref().map(|token: &Token| spellings(token));
    home.devices().iter().filter_map(|device| of(device.facts()?)).flatten().collect()
}

fn usual() -> Result<PathBuf, Failure> {
    let homeless = |_| {
        Failure::usage("this user has no home folder to keep an inventory in")
            .hint("say where it is: --inventory FILE")
    };
    let strategy = choose_native_strategy().map_err(homeless)?;
    Ok(strategy.config_dir().join("iot-home").join("inventory.json"))
}

/// As much as the library reads of it.
const LONGEST: u64 = 16 << 20;
