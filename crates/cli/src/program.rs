//! From the arguments to the exit code, whatever happens in between.

use std::ffi::OsString;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use serde::Serialize;
use tokio::runtime::Builder;
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::args::{
    AliyunCommand, Cli, CloudCommand, Command, FEATURES, MiioCommand, TencentCommand,
    YeelightCommand,
};
use crate::commands::{self, Context};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::output::Output;
use crate::record::Recorder;

pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    // Asked for anywhere, even where the rest makes no sense.
    let options = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    let json = options.into_iter().any(|argument| argument == "--json");
    let cli = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match cli {
        Ok(cli) => {
            let output = Output::of(&cli.options);
            finish(&output, guarded(cli, &output))
        }
        Err(error) => refused(&Output::new(json), &error),
    }
}

/// What clap does not take, or answers itself.
fn refused(output: &Output, error: &clap::Error) -> ExitCode {
    #[derive(Serialize)]
    struct Version {
        version: &'static str,
        features: &'static [&'static str],
    }
    #[derive(Serialize)]
    struct Help {
        help: String,
    }

    let outcome = match error.kind() {
        ErrorKind::DisplayVersion if output.json() => {
            let version = Version { version: env!("CARGO_PKG_VERSION"), features: FEATURES };
            output.print(&version, |_, _| String::new()).map(|()| Verdict::Done)
        }
        ErrorKind::DisplayHelp if output.json() => {
            let help = Help { help: error.to_string() };
            output.print(&help, |_, _| String::new()).map(|()| Verdict::Done)
        }
        _ if output.json() => Err(misuse(error)),
        _ => {
            // In colour on a terminal; help to stdout, the rest to stderr.
            return match error.print() {
                Ok(()) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
                Err(error) => finish(output, Err(error.into())),
            };
        }
    };
    finish(output, outcome)
}

/// A usage error as JSON has it: clap's first paragraph, and its advice as the hint.
fn misuse(error: &clap::Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::ValueValidation => Kind::BadInput,
        _ => Kind::Usage,
    };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::new(kind, "there is no command").hint("iot-home --help lists them");
    }
    let text = error.to_string();
    let mut paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let advice = paragraphs.filter(|paragraph| !paragraph.starts_with("For more information"));
    let hint = advice.collect::<Vec<_>>().join("; ");
    let failure = Failure::new(kind, message);
    if hint.is_empty() { failure } else { failure.hint(hint) }
}

/// Runs the command. A bug in it is reported like any other failure, without a backtrace.
fn guarded(cli: Cli, output: &Output) -> Outcome {
    panic::set_hook(Box::new(|_| {}));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| start(cli, output)));
    ended.unwrap_or_else(|_| {
        // Its message might quote what must not be shown.
        Err(Failure::new(Kind::Internal, "this is a bug in iot-home, please report it"))
    })
}

fn start(cli: Cli, output: &Output) -> Outcome {
    trace(cli.options.verbose);
    let recorder = cli.options.record.as_deref().map(Recorder::create).transpose()?;
    let interrupted = Interrupt::of(&cli.command);
    let context = Context { options: cli.options, output: output.clone(), recorder };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start", &error))?;
    let outcome = runtime.block_on(async {
        let mut signal = pin!(interrupted.wait());
        let mut command = pin!(commands::run(&context, cli.command));
        poll_fn(|cx| match signal.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => command.as_mut().poll(cx),
        })
        .await
    });
    // Threads that wait for a file or a name are left behind.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

fn finish(output: &Output, outcome: Outcome) -> ExitCode {
    output.clear_progress();
    match outcome {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(failure) => {
            if let Failure::Report(report) = &failure {
                output.failure(report);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn trace(verbose: u8) {
    // The libraries open a span for each request: its end tells how it went, and how long it took.
    let (level, spans) = match verbose {
        0 => return,
        1 => (Level::DEBUG, FmtSpan::CLOSE),
        _ => (Level::TRACE, FmtSpan::NEW | FmtSpan::CLOSE),
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(spans)
        .with_writer(std::io::stderr)
        .init();
}

/// What Ctrl-C means to a command.
#[derive(Clone, Copy)]
struct Interrupt {
    /// Whether the command runs until it is interrupted, or prints what comes until then.
    is_end: bool,
    /// Whether being told to terminate is an end as well.
    terminate: bool,
    /// Whether the command looks after it itself: it has a farewell to say.
    is_own: bool,
}

impl Interrupt {
    fn of(command: &Command) -> Self {
        let terminate = matches!(command, Command::Sim(_));
        let stream = match command {
            Command::Discover(_) | Command::Sim(_) => true,
            Command::Miio(miio) => match &miio.command {
                MiioCommand::Decode(decode) => decode.pcap.is_some(),
                MiioCommand::Watch { .. } => true,
                _ => false,
            },
            Command::Yeelight(yeelight) => {
                matches!(
                    &yeelight.command,
                    YeelightCommand::List(_) | YeelightCommand::Watch { .. }
                )
            }
            Command::Cloud(cloud) => {
                matches!(&cloud.command, CloudCommand::Decrypt(decrypt) if decrypt.har.is_some())
            }
            Command::Demo
            | Command::Get(_)
            | Command::Set(_)
            | Command::Action(_)
            | Command::Aliyun(_)
            | Command::Tencent(_)
            | Command::Mqtt(_)
            | Command::Spec(_)
            | Command::Completions { .. } => false,
        };
        let is_own = match command {
            Command::Aliyun(aliyun) => matches!(aliyun.command, AliyunCommand::Connect(_)),
            Command::Tencent(tencent) => matches!(tencent.command, TencentCommand::Connect(_)),
            _ => false,
        };
        Self { is_end: stream, terminate, is_own }
    }

    async fn wait(self) -> Outcome {
        if self.is_own {
            return std::future::pending().await;
        }
        let terminate = async {
            if self.terminate { terminated().await } else { std::future::pending().await }
        };
        tokio::select! {
            () = interrupted() => {}
            () = terminate => {}
        }
        Ok(if self.is_end { Verdict::Done } else { Verdict::Interrupted })
    }
}

/// Waits for Ctrl-C.
pub(crate) async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "interrupts end the program without ceremony");
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
