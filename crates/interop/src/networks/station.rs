//! A process in a network namespace of its own, which lasts as long as the process does.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::dialogue::Dialogue;
use crate::process::{Failure, succeed};

const SHORT: Duration = Duration::from_secs(20);

/// A station takes a line for each order, and answers with a line of JSON. It is killed when this
/// is dropped, and ends by itself when its orders do, whatever became of this program. With it go
/// its namespace and every interface there.
pub(crate) struct Station {
    name: String,
    dialogue: Dialogue,
}

impl Station {
    /// Starts a program in a namespace that has no interface but a loopback one, and waits until it
    /// says that it is ready. What it writes about errors goes to a file in `run`.
    pub(crate) async fn start(
        name: impl Into<String>,
        program: &Path,
        arguments: &[&str],
        run: &Path,
    ) -> Result<Self, Failure> {
        let name = name.into();
        let mut command = Command::new("unshare");
        command.args(["--net", "--"]).arg(program).args(arguments);
        let dialogue = Dialogue::start(&*name, &mut command, run).await.map_err(|error| {
            Failure::new(format!(
                "no network namespace can be made here, which takes root or a user namespace: \
                 {error}"
            ))
        })?;
        let station = Self { name, dialogue };
        station.alone()?;
        Ok(station)
    }

    /// Has `ip` carry out these lines inside the station's namespace.
    pub(crate) async fn ip(&self, run: &Path, lines: &str) -> Result<(), Failure> {
        let batch = run.join(format!("{}.ip", self.name));
        std::fs::write(&batch, lines).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", batch.display()))
        })?;
        let mut ip = self.beside("ip")?;
        succeed(ip.arg("-batch").arg(&batch), SHORT).await.map(drop)
    }

    /// A command that will run inside the station's namespace, beside its own process.
    pub(crate) fn beside(&self, program: impl AsRef<Path>) -> Result<Command, Failure> {
        self.alone()?;
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.namespace()?)).arg("--").arg(program.as_ref());
        Ok(command)
    }

    /// Gives an order and waits for the answer.
    pub(crate) async fn ask(&mut self, order: impl std::fmt::Display) -> Result<Value, Failure> {
        self.dialogue.ask(order).await
    }

    /// The number that other namespaces know the process by, for `ip` to move an interface to it.
    pub(crate) fn pid(&self) -> Result<u32, Failure> {
        self.dialogue.pid()
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.dialogue.stop().await;
    }

    /// Makes sure that nothing which is done there is done to this program's own network.
    fn alone(&self) -> Result<(), Failure> {
        let of = |namespace: &str| {
            std::fs::read_link(namespace).map_err(|error| {
                self.dialogue.failure(&format!("its namespace is unknown: {error}"))
            })
        };
        if of(&self.namespace()?)? == of("/proc/self/ns/net")? {
            return Err(self.dialogue.failure("it is in no network namespace of its own"));
        }
        Ok(())
    }

    fn namespace(&self) -> Result<String, Failure> {
        Ok(format!("/proc/{}/ns/net", self.pid()?))
    }
}
