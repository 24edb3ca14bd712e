//! How a command fails: a kind for programs, a message and a hint for people, an exit code for both.

mod hub;
mod micloud;
mod miot;

use std::io;

use iot_home::{miio, mqtt, yeelight};
use serde::Serialize;

pub(crate) use self::hub::LOG_IN;

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
    /// Whether nothing was done for it: the command, or what is known of the device, forbids it.
    #[serde(skip)]
    early: bool,
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
    Auth,
    InteractionNeeded,
    Tls,
    Quota,
    NotSupported,
    Unavailable,
    Io,
    Internal,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        let early = matches!(kind, Kind::Usage | Kind::BadInput | Kind::NotSupported);
        let message = message.into();
        Self::Report(Box::new(Report { kind, message, hint: None, code: None, early }))
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

    /// Names the number that it was refused with.
    pub(crate) fn code(mut self, code: Option<i64>) -> Self {
        if let Self::Report(report) = &mut self {
            report.code = code;
        }
        self
    }

    /// Adds to the message.
    pub(crate) fn adding(mut self, more: &str) -> Self {
        if let Self::Report(report) = &mut self {
            report.message.push_str(more);
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

    /// What there is to report.
    pub(crate) fn into_report(self) -> Option<Box<Report>> {
        match self {
            Self::Report(report) => Some(report),
            Self::Closed => None,
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Report(report) if report.early => 2,
            Self::Report(_) => 1,
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
            ErrorKind::Untrusted => Kind::Auth,
            ErrorKind::Malformed => Kind::Malformed,
            ErrorKind::Checksum => Kind::Checksum,
            ErrorKind::NotSupported => Kind::NotSupported,
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
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message, hint, code, early }))
    }
}

impl From<yeelight::Error> for Failure {
    fn from(error: yeelight::Error) -> Self {
        use yeelight::ErrorKind;

        let kind = match error.kind() {
            ErrorKind::Refused => Kind::Refused,
            ErrorKind::Timeout => Kind::Timeout,
            // Either way there is no answer, and repeating the command does no harm.
            ErrorKind::NoAnswer | ErrorKind::Disconnected => Kind::NoAnswer,
            ErrorKind::MaybeExecuted => Kind::MaybeExecuted,
            ErrorKind::Device => Kind::DeviceError,
            ErrorKind::NotSupported => Kind::NotSupported,
            ErrorKind::Quota => Kind::Quota,
            ErrorKind::BadInput => Kind::BadInput,
            ErrorKind::Malformed => Kind::Malformed,
            _ => Kind::Io,
        };
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let code = error.device_error().and_then(yeelight::DeviceError::code);
        let hint = match error.retry_after() {
            Some(wait) => {
                // Up, so that a wait as long as this is long enough.
                let seconds = wait.as_millis().div_ceil(1000);
                Some(format!(
                    "try again in {seconds} s, or let it wait: --timeout {}s; bulbs take 60 commands a \
                     minute from a connection and 144 from all together",
                    seconds + 5
                ))
            }
            None if kind == Kind::NotSupported => Some(SUPPORT.into()),
            None => error.hint().map(ToString::to_string),
        };
        // The bulb's own refusal came back over the network.
        let early = kind == Kind::BadInput || error.invalid_input().is_some();
        Self::Report(Box::new(Report { kind, message, hint, code, early }))
    }
}

/// What the bulb would not take, so that it was not sent.
impl From<yeelight::InvalidInput> for Failure {
    fn from(error: yeelight::InvalidInput) -> Self {
        let message = error.to_string();
        match error {
            yeelight::InvalidInput::NotSupported { .. }
            | yeelight::InvalidInput::NoColor { .. } => {
                Self::new(Kind::NotSupported, message).hint(SUPPORT)
            }
            _ => Self::bad_input(message),
        }
    }
}

const SUPPORT: &str = "iot-home yeelight list --json tells what a bulb supports";

impl From<mqtt::client::Error> for Failure {
    fn from(error: mqtt::client::Error) -> Self {
        use mqtt::client::ErrorKind;
        use mqtt::client::tls::TlsFailure;

        let kind = match error.kind() {
            ErrorKind::BadInput => Kind::BadInput,
            ErrorKind::Full => Kind::Quota,
            ErrorKind::Auth => Kind::Auth,
            ErrorKind::Refused | ErrorKind::SubscriptionRefused => Kind::Refused,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::MaybeSent => Kind::MaybeExecuted,
            ErrorKind::Tls => match error.tls_failure() {
                Some(
                    TlsFailure::ClientCertificateMissing | TlsFailure::ClientCertificateRefused,
                ) => Kind::Auth,
                _ => Kind::Tls,
            },
            ErrorKind::Malformed => Kind::Malformed,
            _ => Kind::Io,
        };
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let hint = match error.tls_failure() {
            Some(TlsFailure::UnknownAuthority) => {
                Some("a broker of your own is trusted by its CA: --ca FILE")
            }
            Some(TlsFailure::WrongName) => Some(
                "say the host by a name that is in the certificate; only where it has none, --no-name-check",
            ),
            Some(TlsFailure::ClientCertificateMissing) => {
                Some("give the device's certificate and its key: --cert FILE --key FILE")
            }
            _ => error.hint(),
        };
        let hint = hint.map(ToOwned::to_owned);
        let code = error.connect_code().map(|code| code.get().into());
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message, hint, code, early }))
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
