//! How a home fails.

use iot_home::hub::home::{Error, ErrorKind};

use super::{Failure, Kind, Report};

/// What to do where nobody has logged in.
pub(crate) const LOG_IN: &str = "iot-home cloud login; with --qr it asks for the least";

const UNKNOWN: &str = "--refresh fetches the names of the cloud's devices, iot-home discover --save finds those on the LAN, \
    and an address does with its token: --token-file FILE";

const NO_WAY: &str = "on the LAN it takes an address, which iot-home discover --save finds, and a token, from the cloud by \
    --refresh or given by --token-file FILE; the cloud takes a login: iot-home cloud login";

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
        let hint = match error.kind() {
            // Those that may be meant stand in the message.
            ErrorKind::Device if error.candidates().next().is_none() => Some(UNKNOWN),
            ErrorKind::NoWay => Some(NO_WAY),
            ErrorKind::NeedsLogin => Some(LOG_IN),
            _ => error.hint(),
        };
        let hint = hint.map(ToOwned::to_owned);
        let code = error.code().map(|code| code.get());
        let early = kind == Kind::BadInput;
        Self::Report(Box::new(Report { kind, message: error.to_string(), hint, code, early }))
    }
}
