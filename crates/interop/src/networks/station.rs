//! A process in a network namespace of its own, which lasts as long as the process does.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::{Failure, succeed, tail};

/// Every step at a station is shorter.
const SHORT: Duration = Duration::from_secs(20);

/// A station takes a line for each order, and answers with a line of JSON. It is killed when this
/// is dropped, and ends by itself when its orders do, whatever became of this program. With it go
/// its namespace and every interface there.
pub(super) struct Station {
    name: String,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Station {
    /// Starts a program in a namespace that has no interface but a loopback one, and waits until it
    /// says that it is ready. What it writes about errors goes to a file in `run`.
    pub(super) async fn start(
        name: impl Into<String>,
        program: &Path,
        arguments: &[&str],
        run: &Path,
    ) -> Result<Self, Failure> {
        let name = name.into();
        let log = run.join(format!("{name}.log"));
        let cannot = |error| Failure::new(format!("{name} cannot be started: {error}"));
        let mut child = Command::new("unshare")
            .args(["--net", "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).map_err(cannot)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new(format!("{name} has no pipes")));
        };
        let answers = BufReader::new(answers).lines();
        let mut station = Self { name, child, orders, answers, log };
        station.hear().await.map_err(|error| {
            Failure::new(format!(
                "no network namespace can be made here, which takes root or a user namespace: \
                 {error}"
            ))
        })?;
        station.alone()?;
        Ok(station)
    }

    /// Has `ip` carry out these lines inside the station's namespace.
    pub(super) async fn ip(&self, run: &Path, lines: &str) -> Result<(), Failure> {
        self.alone()?;
        let batch = run.join(format!("{}.ip", self.name));
        std::fs::write(&batch, lines).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", batch.display()))
        })?;
        let mut ip = Command::new("nsenter");
        ip.arg(format!("--net={}", self.namespace()?)).args(["ip", "-batch"]).arg(&batch);
        succeed(&mut ip, SHORT).await.map(drop)
    }

    /// Gives an order and waits for the answer.
    pub(super) async fn ask(&mut self, order: impl std::fmt::Display) -> Result<Value, Failure> {
        let line = format!("{order}\n");
        match self.orders.write_all(line.as_bytes()).await {
            Ok(()) => self.hear().await,
            Err(_) => Err(self.failure("it takes no orders")),
        }
    }

    /// The number that other namespaces know the process by, for `ip` to move an interface to it.
    pub(super) fn pid(&self) -> Result<u32, Failure> {
        self.child.id().ok_or_else(|| self.failure("it has ended"))
    }

    /// Ends the process and waits until it is gone.
    pub(super) async fn stop(mut self) {
        drop(self.orders);
        // It fails only where there is nothing left to kill.
        let _ = self.child.start_kill();
        let _ = timeout(SHORT, self.child.wait()).await;
    }

    async fn hear(&mut self) -> Result<Value, Failure> {
        match timeout(SHORT, self.answers.next_line()).await {
            Ok(Ok(Some(line))) => serde_json::from_str(&line)
                .map_err(|error| self.failure(&format!("{line:?} is no answer: {error}"))),
            Ok(_) => Err(self.failure("it ended without an answer")),
            Err(_) => Err(self.failure("it does not answer")),
        }
    }

    /// Makes sure that nothing which is done there is done to this program's own network.
    fn alone(&self) -> Result<(), Failure> {
        let of = |namespace: &str| {
            std::fs::read_link(namespace)
                .map_err(|error| self.failure(&format!("its namespace is unknown: {error}")))
        };
        if of(&self.namespace()?)? == of("/proc/self/ns/net")? {
            return Err(self.failure("it is in no network namespace of its own"));
        }
        Ok(())
    }

    fn namespace(&self) -> Result<String, Failure> {
        Ok(format!("/proc/{}/ns/net", self.pid()?))
    }

    fn failure(&self, what: &str) -> Failure {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let said = tail(&String::from_utf8_lossy(&log));
        let separator = if said.is_empty() { "" } else { ":\n" };
        Failure::new(format!("{}: {what}{separator}{said}", self.name))
    }
}
