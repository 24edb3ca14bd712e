//! `iot-home completions`.

use clap_complete::Shell;
use serde::Serialize;

use crate::failure::{Outcome, Verdict};
use crate::output::Output;

#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

pub(super) fn run(output: &Output, shell: Shell, command: &mut clap::Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "iot-home", &mut script);
    if output.json() {
        let script = String::from_utf8_lossy(&script).into_owned();
        output.print(&Script { shell: shell.to_string(), script }, |_, _| String::new())?;
    } else {
        output.verbatim(&script)?;
    }
    Ok(Verdict::Done)
}
