//! How the Mi Home cloud fails.

use iot_home::http;
use iot_home::micloud::LoginError;
use iot_home::micloud::client::{Error, ErrorKind};

use super::{Failure, Kind, Report};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::BadInput => Kind::BadInput,
            ErrorKind::NeedsLogin => Kind::InteractionNeeded,
            ErrorKind::LoginRefused | ErrorKind::Expired | ErrorKind::RenewalLimit => Kind::Auth,
            ErrorKind::Refused => Kind::Refused,
            ErrorKind::Throttled => Kind::Quota,
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
        let hint = match error.kind() {
            ErrorKind::NeedsLogin => Some(super::LOG_IN),
            _ => error.hint(),
        };
        let code = error.code().or_else(|| error.login_error().and_then(login_code));
        let hint = hint.map(ToOwned::to_owned);
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message, hint, code, early }))
    }
}

impl Failure {
    /// A session's file that cannot be used, which was found before anything was sent.
    pub(crate) fn before_cloud(error: Error) -> Self {
        match error.kind() {
            ErrorKind::File => {
                let advice = "log in to another file, or remove this one and log in again";
                Self::bad_input(error.to_string()).hint(advice)
            }
            _ => error.into(),
        }
    }

    /// A call that is not to be made twice was not answered: it may have been done all the same.
    pub(crate) fn of_once(error: Error) -> Self {
        let unsent = error.http_error().is_some_and(|error| {
            matches!(error.kind(), http::ErrorKind::Connect | http::ErrorKind::BadRequest)
        });
        match error.kind() {
            ErrorKind::Transport | ErrorKind::Timeout if !unsent => {
                Self::maybe_executed(error.to_string())
            }
            _ => error.into(),
        }
    }

    pub(crate) fn maybe_executed(message: impl Into<String>) -> Self {
        Self::new(Kind::MaybeExecuted, message).hint("look before you repeat it")
    }
}

fn login_code(error: LoginError) -> Option<i64> {
    match error {
        LoginError::Credentials { code }
        | LoginError::Unverifiable { code }
        | LoginError::CodeNotSent { code }
        | LoginError::QrRefused { code }
        | LoginError::Refused { code } => Some(code),
        _ => None,
    }
}
