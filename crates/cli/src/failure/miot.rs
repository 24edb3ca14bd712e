//! How the spec server fails.

use iot_home::miot::client::{Error, ErrorKind};

use super::{Failure, Kind, Report};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::BadInput => Kind::BadInput,
            ErrorKind::UnknownModel | ErrorKind::NotFound => Kind::Refused,
            ErrorKind::Unavailable => Kind::Unavailable,
            ErrorKind::Tls => Kind::Tls,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Malformed => Kind::Malformed,
            _ => Kind::Io,
        };
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let hint = error.hint().map(ToOwned::to_owned);
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message, hint, code: None, early }))
    }
}
