//! Other people's programs: started, given a deadline, and ended by the handle that started them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Why the run cannot go on, in words for whoever started it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure that says this.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<iot_home::miio::Error> for Failure {
    fn from(error: iot_home::miio::Error) -> Self {
        Self(format!("our client: {error}"))
    }
}

impl From<iot_home::sim::SpawnError> for Failure {
    fn from(error: iot_home::sim::SpawnError) -> Self {
        Self(format!("our simulated device: {error}"))
    }
}

impl From<iot_home::sim::yeelight::SpawnError> for Failure {
    fn from(error: iot_home::sim::yeelight::SpawnError) -> Self {
        Self(format!("our simulated bulb: {error}"))
    }
}

impl From<iot_home::sim::yeelight::PropertyError> for Failure {
    fn from(error: iot_home::sim::yeelight::PropertyError) -> Self {
        Self(format!("our simulated bulb: {error}"))
    }
}

impl From<iot_home::mqtt::client::Error> for Failure {
    fn from(error: iot_home::mqtt::client::Error) -> Self {
        Self(format!("our session: {error}"))
    }
}

impl From<iot_home_sim::mqtt::SpawnError> for Failure {
    fn from(error: iot_home_sim::mqtt::SpawnError) -> Self {
        Self(format!("our simulated platform: {error}"))
    }
}

impl From<iot_home_sim::micloud::SpawnError> for Failure {
    fn from(error: iot_home_sim::micloud::SpawnError) -> Self {
        Self(format!("our stand-in cloud: {error}"))
    }
}

impl From<iot_home::miio::RequestError> for Failure {
    fn from(error: iot_home::miio::RequestError) -> Self {
        Self(format!("our client: {error}"))
    }
}

impl From<iot_home::miio::FormError> for Failure {
    fn from(error: iot_home::miio::FormError) -> Self {
        Self(format!("our client: {error}"))
    }
}

/// Runs a program to its end and returns what it wrote, whatever its exit code. A program that is
/// still there at the deadline is killed.
pub(crate) async fn output(command: &mut Command, deadline: Duration) -> Result<Output, Failure> {
    let name = name(command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(deadline, command.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(Failure::new(format!("{name} cannot be started: {error}"))),
        Err(_) => {
            Err(Failure::new(format!("{name} was killed after {} s", deadline.as_secs_f32())))
        }
    }
}

/// Runs a program that has to succeed and returns its standard output.
pub(crate) async fn succeed(command: &mut Command, deadline: Duration) -> Result<String, Failure> {
    let name = name(command);
    let output = output(command, deadline).await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    });
    Err(Failure::new(format!("{name} ended with {}:\n{}", output.status, tail(&said))))
}

/// A program that stays: it is killed when this is dropped.
pub(crate) struct Background {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Background {
    /// Starts the program with its output going to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let name = name(command);
        let cannot = |error| Failure::new(format!("{name} cannot be started: {error}"));
        let file = std::fs::File::create(log).map_err(cannot)?;
        let copy = file.try_clone().map_err(cannot)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        Ok(Self { child, name, log: log.to_owned() })
    }

    /// What the program has written so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The failure that says what became of a program which did not do what it was started for.
    pub(crate) fn failure(&mut self, what: &str) -> Failure {
        let state = match self.child.try_wait() {
            Ok(Some(status)) => format!("it ended with {status}"),
            _ => "it is still running".to_owned(),
        };
        Failure::new(format!("{}: {what}; {state}:\n{}", self.name, tail(&self.log())))
    }

    /// Kills the program and waits until it is gone, so that its port is free again.
    pub(crate) async fn stop(mut self) {
        // It fails only where there is nothing left to kill.
        let _ = self.child.start_kill();
        let _ = timeout(Duration::from_secs(5), self.child.wait()).await;
    }
}

fn name(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program());
    let mut name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args().take(4) {
        name.push(' ');
        name.push_str(&argument.to_string_lossy());
    }
    name
}

/// The last lines of a program's output.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(12);
    lines[from..].iter().map(|line| format!("    {line}\n")).collect::<String>().trim_end().into()
}
