//! The command line of python-miio.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::install::Peers;
use crate::process::{Failure, output};

/// Its own patience with a silent device is 20 s: four times five.
const DEADLINE: Duration = Duration::from_secs(60);

/// `miiocli` for one device.
pub(crate) struct Miiocli {
    program: PathBuf,
    cache: PathBuf,
    addr: Ipv4Addr,
    token: String,
    model: Option<&'static str>,
}

/// What a run of it wrote.
pub(crate) struct Said {
    /// Its results.
    pub(crate) stdout: String,
    /// Its log.
    pub(crate) stderr: String,
}

impl Said {
    /// The result, which is the last line where JSON was asked for.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        let line = self.stdout.lines().next_back().unwrap_or_default();
        serde_json::from_str(line).map_err(|_| {
            let last = self.stderr.lines().next_back().unwrap_or_default();
            Failure::new(format!("miiocli answers {:?} and logs {last:?}", self.stdout))
        })
    }
}

impl Miiocli {
    /// For the device at this address. Without a [model](Self::model) it asks for `miIO.info`
    /// before each command.
    pub(crate) fn new(peers: &Peers, run: &Path, addr: Ipv4Addr, token: [u8; 16]) -> Self {
        let token = token.map(|byte| format!("{byte:02x}")).concat();
        Self { program: peers.miiocli(), cache: cache(run), addr, token, model: None }
    }

    /// Tells it the model, so that it need not ask.
    pub(crate) fn model(mut self, model: &'static str) -> Self {
        self.model = Some(model);
        self
    }

    /// Runs a command of a group: `device`, `miotdevice`, `genericmiot` or one named after a kind
    /// of device. It ends with success whatever happened, so that only the output tells.
    pub(crate) async fn run(
        &self,
        options: &[&str],
        group: &str,
        arguments: &[&str],
    ) -> Result<Said, Failure> {
        let mut command = Command::new(&self.program);
        // It keeps specifications there, and would fetch what is not there.
        command.env("XDG_CACHE_HOME", &self.cache).env("LC_ALL", "C.UTF-8");
        command.args(options).arg(group);
        command.args(["--ip", &self.addr.to_string(), "--token", &self.token]);
        if let Some(model) = self.model {
            command.args(["--model", model]);
        }
        let output = output(command.args(arguments), DEADLINE).await?;
        Ok(Said {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a command and returns its result.
    pub(crate) async fn json(&self, group: &str, arguments: &[&str]) -> Result<Value, Failure> {
        self.run(&["--output", "json"], group, arguments).await?.json()
    }

    /// Sends a method with parameters written as Python writes them.
    pub(crate) async fn raw(&self, method: &str, params: &str) -> Result<Value, Failure> {
        self.json("device", &["raw_command", method, params]).await
    }

    /// Reads a MIoT property; the answer is the whole item.
    pub(crate) async fn get_property(&self, siid: u32, piid: u32) -> Result<Value, Failure> {
        let ids = [siid.to_string(), piid.to_string()];
        let items = self.json("miotdevice", &["get_property_by", &ids[0], &ids[1]]).await?;
        items.get(0).cloned().ok_or_else(|| Failure::new(format!("no item in {items}")))
    }

    /// Writes a MIoT property; the answer is the whole item.
    pub(crate) async fn set_property(
        &self,
        (siid, piid): (u32, u32),
        value: &str,
        kind: &str,
    ) -> Result<Value, Failure> {
        let ids = [siid.to_string(), piid.to_string()];
        let arguments = ["set_property_by", &ids[0], &ids[1], value, kind];
        let items = self.json("miotdevice", &arguments).await?;
        items.get(0).cloned().ok_or_else(|| Failure::new(format!("no item in {items}")))
    }
}

fn cache(run: &Path) -> PathBuf {
    run.join("cache")
}

/// Puts a specification where python-miio looks for it before it asks a server.
pub(crate) fn remember_spec(run: &Path, model: &str, spec: &str) -> Result<(), Failure> {
    let folder = cache(run).join("python-miio");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(format!("{model}.json")), spec))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", folder.display())))
}
