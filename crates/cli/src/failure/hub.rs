//! How a home fails.

use iot_home::hub::home::{Error, ErrorKind};

use super::{Failure, Kind, Report};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Device | ErrorKind::BadInput | ErrorKind::NoWay => Kind::BadInput,
            ErrorKind::Unreachable => Kind::NoHello,
            ErrorKind::NoAnswer => Kind::NoAnswer,
            ErrorKind::MaybeExecuted => Kind::MaybeExecuted,
            ErrorKind::Refused => Kind::DeviceError,
            ErrorKind::NotSupported => Kind::NotSupported,
            ErrorKind::Malformed => Kind::Malformed,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::NeedsLogin => Kind::InteractionNeeded,
            ErrorKind::Cloud | ErrorKind::Spec => Kind::Unavailable,
            _ => Kind::Io,
        };
        let candidates: Vec<_> = error.candidates().collect();
        let hint = match (candidates.is_empty(), error.hint()) {
            (true, hint) => hint.map(ToOwned::to_owned),
            (false, None) => Some(format!("there is {}", candidates.join(", "))),
            (false, Some(hint)) => Some(format!("{hint}; there is {}", candidates.join(", "))),
        };
        let code = error.code().map(|code| code.get());
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message: error.to_string(), hint, code, early }))
    }
}
