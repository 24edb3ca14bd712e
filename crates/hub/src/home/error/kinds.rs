//! What the clients' kinds of failures are to a home.

use super::ErrorKind;

pub(super) fn of_miio(kind: iot_home_miio::ErrorKind, changes: bool) -> ErrorKind {
    use iot_home_miio::ErrorKind as Miio;
    match kind {
        Miio::NoHello => ErrorKind::Unreachable,
        Miio::MaybeExecuted => ErrorKind::MaybeExecuted,
        Miio::NoAnswer | Miio::Checksum | Miio::Malformed if changes => ErrorKind::MaybeExecuted,
        Miio::NoAnswer | Miio::Checksum => ErrorKind::NoAnswer,
        Miio::Timeout => ErrorKind::Timeout,
        Miio::Device | Miio::Refused => ErrorKind::Refused,
        Miio::NotSupported => ErrorKind::NotSupported,
        Miio::BadInput => ErrorKind::BadInput,
        Miio::Malformed | Miio::Untrusted => ErrorKind::Malformed,
        _ => ErrorKind::Io,
    }
}

pub(super) fn of_yeelight(kind: iot_home_yeelight::ErrorKind, changes: bool) -> ErrorKind {
    use iot_home_yeelight::ErrorKind as Bulb;
    match kind {
        Bulb::MaybeExecuted => ErrorKind::MaybeExecuted,
        Bulb::NoAnswer | Bulb::Disconnected | Bulb::Malformed if changes => {
            ErrorKind::MaybeExecuted
        }
        Bulb::NoAnswer | Bulb::Disconnected => ErrorKind::NoAnswer,
        Bulb::Malformed => ErrorKind::Malformed,
        Bulb::Refused | Bulb::Timeout => ErrorKind::Unreachable,
        Bulb::Device => ErrorKind::Refused,
        Bulb::NotSupported => ErrorKind::NotSupported,
        Bulb::BadInput => ErrorKind::BadInput,
        Bulb::Quota | Bulb::Full => ErrorKind::Timeout,
        _ => ErrorKind::Io,
    }
}

pub(super) fn of_lumi(kind: iot_home_lumi::client::ErrorKind, changes: bool) -> ErrorKind {
    use iot_home_lumi::client::ErrorKind as Lumi;
    match kind {
        Lumi::MaybeExecuted => ErrorKind::MaybeExecuted,
        Lumi::NoAnswer if changes => ErrorKind::MaybeExecuted,
        Lumi::NoAnswer => ErrorKind::NoAnswer,
        Lumi::Key | Lumi::NoDevice | Lumi::Refused => ErrorKind::Refused,
        Lumi::NoKey => ErrorKind::NoWay,
        Lumi::Busy => ErrorKind::Timeout,
        Lumi::BadInput => ErrorKind::BadInput,
        _ => ErrorKind::Io,
    }
}

pub(super) fn of_cloud(kind: iot_home_micloud::client::ErrorKind, changes: bool) -> ErrorKind {
    use iot_home_micloud::client::ErrorKind as Cloud;
    match kind {
        Cloud::BadInput => ErrorKind::BadInput,
        Cloud::NeedsLogin | Cloud::LoginRefused => ErrorKind::NeedsLogin,
        Cloud::Transport | Cloud::Timeout | Cloud::Unavailable | Cloud::Malformed if changes => {
            ErrorKind::MaybeExecuted
        }
        Cloud::Refused => ErrorKind::Refused,
        _ => ErrorKind::Cloud,
    }
}
