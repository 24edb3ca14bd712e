//! A program that is given orders: a line for each, answered by a line of JSON.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::{Failure, tail};

/// A program is ready in less, on a machine with much else to do.
const START: Duration = Duration::from_secs(60);
/// Every step takes less.
const SHORT: Duration = Duration::from_secs(20);

/// A program that answers each order. It is killed when this is dropped, and ends by itself when
/// its orders do, whatever became of this program.
pub(crate) struct Dialogue {
    name: String,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Dialogue {
    /// Starts a program and waits until it says that it is ready. What it writes about errors goes
    /// to a file in `run`.
    pub(crate) async fn start(
        name: impl Into<String>,
        command: &mut Command,
        run: &Path,
    ) -> Result<Self, Failure> {
        let name = name.into();
        let log = run.join(format!("{name}.log"));
        let cannot = |error| Failure::new(format!("{name} cannot be started: {error}"));
        let mut child = command
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
        let mut dialogue = Self { name, child, orders, answers, log };
        dialogue.hear(START).await?;
        Ok(dialogue)
    }

    /// Gives an order and waits for the answer.
    pub(crate) async fn ask(&mut self, order: impl std::fmt::Display) -> Result<Value, Failure> {
        let line = format!("{order}\n");
        match self.orders.write_all(line.as_bytes()).await {
            Ok(()) => self.hear(SHORT).await,
            Err(_) => Err(self.failure("it takes no orders")),
        }
    }

    /// The number that other namespaces know the process by.
    pub(crate) fn pid(&self) -> Result<u32, Failure> {
        self.child.id().ok_or_else(|| self.failure("it has ended"))
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        drop(self.orders);
        // It fails only where there is nothing left to kill.
        let _ = self.child.start_kill();
        let _ = timeout(SHORT, self.child.wait()).await;
    }

    async fn hear(&mut self, most: Duration) -> Result<Value, Failure> {
        match timeout(most, self.answers.next_line()).await {
            Ok(Ok(Some(line))) => serde_json::from_str(&line)
                .map_err(|error| self.failure(&format!("{line:?} is no answer: {error}"))),
            Ok(_) => Err(self.failure("it ended without an answer")),
            Err(_) => Err(self.failure("it does not answer")),
        }
    }

    /// The failure that says what is wrong with the program, and what it wrote last.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let said = tail(&String::from_utf8_lossy(&log));
        let separator = if said.is_empty() { "" } else { ":\n" };
        Failure::new(format!("{}: {what}{separator}{said}", self.name))
    }
}
