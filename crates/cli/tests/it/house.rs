//! A home of a test's own: an inventory, a spec server, and the program that is given both.

use std::path::PathBuf;
use std::process::Command;

use iot_home::sim::{SimDevice, SimSpecServer};
use serde_json::{Value, json};

use crate::online::Online;
use crate::program::{Run, TOKEN, command, finish, scratch};

pub(crate) struct House {
    pub(crate) folder: PathBuf,
    nested: bool,
    spec: SimSpecServer,
}

impl House {
    /// Nothing is known yet.
    pub(crate) async fn new(test: &str) -> Self {
        let folder = scratch(&format!("house-{test}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let spec = SimSpecServer::builder().samples().spawn().await.unwrap();
        Self { folder, nested: false, spec }
    }

    /// The inventory's folder is not there yet.
    pub(crate) fn nested(mut self) -> Self {
        self.nested = true;
        self
    }

    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.join(if self.nested { "of/the/user/inventory.json" } else { "inventory.json" })
    }

    /// The inventory holds these devices.
    pub(crate) fn knowing(self, devices: Value) -> Self {
        self.write(&json!({ "version": 1, "devices": devices }).to_string());
        self
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.inventory(), text).unwrap();
        self.open_to(0o600);
    }

    pub(crate) fn open_to(&self, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(self.inventory(), mode).unwrap();
        }
    }

    pub(crate) fn known(&self) -> Value {
        let text = std::fs::read_to_string(self.inventory()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["devices"].clone()
    }

    /// `get`, `set` or `action` in this home, where nobody has logged in.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.at_servers(words);
        command.arg("--session").arg(self.folder.join("none.json"));
        command
    }

    fn at_servers(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        command.args(["--spec-url", &self.spec.url()]);
        command.arg("--spec-cache").arg(self.folder.join("specs"));
        command.arg("--inventory").arg(self.inventory());
        command
    }

    /// Runs it. It does not say the token.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        silent(finish(self.command(words), b""))
    }

    /// The same where somebody has logged in.
    #[track_caller]
    pub(crate) fn online(&self, online: &Online, words: &[&str]) -> Run {
        let mut command = self.at_servers(words);
        command.arg("--session").arg(&online.session);
        command.args(["--account-url", &online.cloud.account_url()]);
        command.args(["--sts-url", &online.cloud.sts_url(), "--api-url", &online.cloud.api_url()]);
        let run = silent(finish(command, b""));
        online.assert_silent(&run, online.secrets());
        run
    }

    /// `discover` that keeps what it finds here.
    #[track_caller]
    pub(crate) fn discover(&self, words: &[&str]) -> Run {
        silent(finish(self.discovery(words), b""))
    }

    pub(crate) fn discovery(&self, words: &[&str]) -> Command {
        let mut command = command([&["discover", "--save"], words].concat());
        command.arg("--inventory").arg(self.inventory());
        command
    }
}

#[track_caller]
fn silent(run: Run) -> Run {
    let said = format!("{}{}", run.stdout, run.stderr).to_lowercase();
    assert!(!said.contains(TOKEN), "{run:?}");
    run
}

/// What an inventory holds of a device, whose token is [`TOKEN`].
pub(crate) fn entry(device: &SimDevice, name: &str) -> Value {
    json!({
        "did": device.did().to_string(), "name": name, "model": device.model(), "token": TOKEN,
        "miio": device.addr().to_string(),
    })
}
