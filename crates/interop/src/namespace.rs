//! A network of our own: the peers bind port 54321 on every address they see, so they get to see
//! nothing but a loopback interface.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::process::{Failure, output, succeed};

const SHORT: Duration = Duration::from_secs(20);

/// The ways to be alone, the first that works is taken: as root, or as anybody where the system
/// lets anybody have a user namespace.
const WAYS: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];

/// Runs a program inside a namespace of its own, or on the machine's loopback addresses where
/// namespaces are forbidden. The command's environment variable [`ALONE`] says which.
/// Returns whether the program succeeded.
pub(crate) async fn run(
    program: &Path,
    arguments: &[&str],
    deadline: Duration,
) -> Result<bool, Failure> {
    let mut command = match way().await {
        Some(way) => {
            println!("network: a namespace (unshare {})", way.join(" "));
            let mut command = Command::new("unshare");
            command.args(way).arg("--").arg(program).env(ALONE, "1");
            command
        }
        None => {
            println!("network: the machine's own loopback, for namespaces are forbidden here");
            let mut command = Command::new(program);
            command.env_remove(ALONE);
            command
        }
    };
    let cannot = |error| Failure::new(format!("the second half cannot be started: {error}"));
    let mut child =
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).spawn().map_err(cannot)?;
    match timeout(deadline, child.wait()).await {
        Ok(status) => Ok(status.map_err(cannot)?.success()),
        Err(_) => Err(Failure::new(format!("killed after {} s", deadline.as_secs()))),
    }
}

/// Set for a program that runs in a namespace made for it.
const ALONE: &str = "IOT_HOME_INTEROP_ALONE";

/// Brings up the loopback interface of a fresh namespace, by the script lying at `script`.
pub(crate) async fn prepare(python: &Path, script: &Path) -> Result<(), Failure> {
    if std::env::var_os(ALONE).is_some() {
        succeed(Command::new(python).arg(script), SHORT).await?;
    }
    Ok(())
}

async fn way() -> Option<&'static [&'static str]> {
    for way in WAYS {
        let mut trial = Command::new("unshare");
        trial.args(way).args(["--", "true"]);
        if output(&mut trial, SHORT).await.is_ok_and(|output| output.status.success()) {
            return Some(way);
        }
    }
    None
}
