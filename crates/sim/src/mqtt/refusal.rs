//! Why a login was not let in, and what the client is told.

use iot_home_aliyun as aliyun;
use iot_home_mqtt::ConnectCode;
use iot_home_tencent as tencent;

/// Why a login was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// A login to Aliyun that is not sound, or not the device's.
    #[error("aliyun: {0}")]
    Aliyun(aliyun::Refusal),
    /// A login to Tencent that is not sound, or not the device's.
    #[error("tencent: {0}")]
    Tencent(tencent::Refusal),
    /// No device and no account is called so.
    #[error("the platform knows no such device")]
    Unknown,
    /// The device may not register: it does not exist, is active already, or its product has no registration.
    #[error("the device may not register")]
    NotRegistered,
    /// The token of a device that asked over HTTPS first is too old.
    #[error("the token has expired")]
    TokenExpired,
    /// The password of a plain account is another.
    #[error("the password is wrong")]
    Password,
    /// The device comes with a certificate, and there was none.
    #[error("the device has to present a certificate")]
    NoCertificate,
    /// The certificate is another device's.
    #[error("the certificate is another device's")]
    OtherCertificate,
    /// The CONNECT packet is no such.
    #[error("the CONNECT packet is wrong: {0}")]
    Packet(iot_home_mqtt::Problem),
    /// The keep-alive is shorter than the platform takes.
    #[error("the keep-alive of {seconds} s is shorter than the platform takes")]
    KeepAlive {
        /// As the packet has it.
        seconds: u16,
    },
    /// The device connected a moment ago.
    #[error("the device connected {millis} ms ago, less than the platform asks for")]
    TooSoon {
        /// How long ago.
        millis: u64,
    },
    /// More clients than are served.
    #[error("there are too many clients")]
    TooMany,
    /// The faults said so.
    #[error("the simulation was told to refuse")]
    Fault,
}

impl From<aliyun::Refusal> for LoginRefusal {
    fn from(refusal: aliyun::Refusal) -> Self {
        Self::Aliyun(refusal)
    }
}

impl From<tencent::Refusal> for LoginRefusal {
    fn from(refusal: tencent::Refusal) -> Self {
        Self::Tencent(refusal)
    }
}

impl LoginRefusal {
    /// What the client is told: `bad` where its secret is to blame.
    pub(crate) fn code(&self, bad: ConnectCode) -> ConnectCode {
        match self {
            Self::Aliyun(aliyun::Refusal::Problem(problem)) => aliyun_code(problem, bad),
            Self::Tencent(tencent::Refusal::Problem(tencent::Problem::Field(field)))
                if matches!(field.field, "product id" | "device name") =>
            {
                ConnectCode::BAD_CLIENT_ID
            }
            Self::Packet(iot_home_mqtt::Problem::EmptyClientId) => ConnectCode::BAD_CLIENT_ID,
            Self::Packet(_) => ConnectCode::BAD_PROTOCOL,
            Self::KeepAlive { .. }
            | Self::TooSoon { .. }
            | Self::TooMany
            | Self::TokenExpired
            | Self::Fault => ConnectCode::UNAVAILABLE,
            _ => bad,
        }
    }
}

/// A client id, its ext params and the transport are answered otherwise than user name and password.
fn aliyun_code(problem: &aliyun::Problem, bad: ConnectCode) -> ConnectCode {
    use aliyun::Problem;
    match problem {
        Problem::Username { .. }
        | Problem::NoPassword
        | Problem::NotHex { .. }
        | Problem::DigestLength { .. } => bad,
        Problem::Field(field) if field.field != "client id" => bad,
        _ => ConnectCode::BAD_CLIENT_ID,
    }
}
