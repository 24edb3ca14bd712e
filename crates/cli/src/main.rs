#![doc = include_str!("../README.md")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a program is for")]

mod args;
mod capture;
mod commands;
mod failure;
mod hex;
mod input;
mod ordered;
mod output;
mod program;
mod record;
mod secret;
mod token;
mod value;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run(std::env::args_os().collect())
}
