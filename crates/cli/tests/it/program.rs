//! Running the program and looking at what it said.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use iot_home::core::{Clock as _, SystemClock};
use serde_json::Value;

pub(crate) const TOKEN: &str = "00112233445566778899aabbccddeeff";

/// The program with its arguments, and nothing of the environment that would change what it does.
pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iot-home"));
    command.args(arguments).env_remove("IOT_HOME_TOKEN").env_remove("NO_COLOR");
    command
        .env_remove("IOT_HOME_PASSWORD")
        .env_remove("IOT_HOME_DEVICE_SECRET")
        .env_remove("IOT_HOME_PRODUCT_SECRET");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    finish(command(arguments), b"")
}

/// Runs the program with this on its stdin.
pub(crate) fn finish(mut command: Command, stdin: &[u8]) -> Run {
    command.stdin(Stdio::piped());
    let clock = SystemClock::new();
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // The program may not read it; then it is closed already.
    let _ = input.write_all(stdin);
    drop(input);
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output().unwrap()));
    let output = ended.recv_timeout(Duration::from_secs(30)).expect("the program ends");
    let run = Run {
        code: output.status.code().expect("the program was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        took: clock.now().since_origin(),
    };
    assert!(!run.stderr.contains("panicked") && !run.stderr.contains("backtrace"), "{run:?}");
    assert!(!run.stdout.contains("\"internal\""), "{run:?}");
    assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "no terminal: {run:?}");
    run
}

impl Run {
    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The lines of JSON on stdout.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The JSON document of a run that went well.
    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        self.json()
    }

    /// The error of a run that did not, after checking its kind and exit code.
    #[track_caller]
    pub(crate) fn error(&self, kind: &str, code: i32) -> Value {
        let document = self.json();
        assert_eq!((self.code, document["error"]["kind"].as_str()), (code, Some(kind)), "{self:?}");
        assert_eq!(keys(&document), ["error"], "{self:?}");
        let error = document["error"].clone();
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        for key in keys(&error) {
            assert!(["kind", "message", "hint", "code"].contains(&key.as_str()), "{self:?}");
        }
        assert_eq!(self.stderr, "", "a failure is told once");
        error
    }
}

/// A program that runs; it ends with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdout: Receiver<String>,
    pub(crate) stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// The next line on stdout.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.stdout.recv_timeout(Duration::from_secs(15)).unwrap_or_else(|error| {
            panic!("{error}: {:?}", self.stderr.try_iter().collect::<Vec<_>>())
        })
    }

    /// The next line on stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// The next line on stderr.
    #[track_caller]
    pub(crate) fn told(&self) -> String {
        self.stderr.recv_timeout(Duration::from_secs(15)).unwrap()
    }

    /// The exit code, once it has ended.
    pub(crate) fn code(&mut self) -> i32 {
        self.child.wait().unwrap().code().expect("it was not killed")
    }

    /// Presses Ctrl-C, and waits for the end: the exit code, and how long it took.
    #[cfg(unix)]
    pub(crate) fn interrupt(&mut self) -> (i32, Duration) {
        let clock = SystemClock::new();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        (self.code(), clock.now().since_origin())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(source: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        for text in BufReader::new(source).lines().map_while(Result::ok) {
            if line.send(text).is_err() {
                return;
            }
        }
    });
    lines
}

/// The keys of an object, sorted.
#[track_caller]
pub(crate) fn keys(value: &Value) -> Vec<String> {
    value.as_object().expect("an object").keys().cloned().collect()
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// A file of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()))
}
