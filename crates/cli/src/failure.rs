//! How a command fails: a kind for programs, a message and a hint for people, an exit code for both.

use std::io;

use iot_home::miio;
use serde::Serialize;

/// What a command that did not fail has to say with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All went well: 0.
    Done,
    /// What came out was printed and is not good: 1.
    NotOk,
    /// It was interrupted before it was done: 130.
    Interrupted,
}

impl Verdict {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotOk => 1,
            Self::Interrupted => 130,
        }
    }
}

/// How a command ends.
pub(crate) type Outcome = Result<Verdict, Failure>;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To be reported.
    Report(Box<Report>),
    /// Whoever read our output wants no more of it. Nothing is wrong.
    Closed,
}

/// A failure as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    kind: Kind,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
}

/// The causes that programs may tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Usage,
    BadInput,
    NoHello,
    NoAnswer,
    MaybeExecuted,
    DeviceError,
    Malformed,
    Checksum,
    Timeout,
    Refused,
    NotSupported,
    Io,
    Internal,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::Report(Box::new(Report { kind, message: message.into(), hint: None, code: None }))
    }

    /// The command line is put together wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something on the command line, or in a file it names, is not what it should be.
    pub(crate) fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Kind::BadInput, message)
    }

    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        Self::new(Kind::Io, format!("{what}: {error}"))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Report(report) = &mut self {
            report.hint = Some(hint.into());
        }
        self
    }

    /// Changes what is shown, to take a secret out of it.
    pub(crate) fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        if let Self::Report(report) = &mut self {
            report.message = change(&report.message);
            report.hint = report.hint.take().map(|hint| change(&hint));
        }
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Report(report) => match report.kind {
                Kind::Usage | Kind::BadInput | Kind::NotSupported => 2,
                _ => 1,
            },
        }
    }
}

impl From<miio::Error> for Failure {
    fn from(error: miio::Error) -> Self {
        use miio::ErrorKind;

        let kind = match error.kind() {
            ErrorKind::NoHello => Kind::NoHello,
            ErrorKind::NoAnswer => Kind::NoAnswer,
            ErrorKind::MaybeExecuted => Kind::MaybeExecuted,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Device => Kind::DeviceError,
            ErrorKind::Refused => Kind::Refused,
            ErrorKind::Malformed => Kind::Malformed,
            ErrorKind::Checksum => Kind::Checksum,
            ErrorKind::BadInput => Kind::BadInput,
            _ => Kind::Io,
        };
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let code = error
            .device_error()
            .and_then(|error| error.code)
            .or_else(|| error.miot_code().map(|code| code.get()));
        let hint = error.hint().map(ToString::to_string);
        Self::Report(Box::new(Report { kind, message, hint, code }))
    }
}

/// Failing to print ends a command: quietly where the reader has gone.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::io("cannot write the output", &error),
        }
    }
}
