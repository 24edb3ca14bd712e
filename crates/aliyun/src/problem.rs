//! What is wrong with a login, as far as can be seen without the secret.

use iot_home_mqtt::InvalidField;

use crate::{Kind, SignMethod};

/// Something that is wrong with a login, and can be seen without the secret. It holds names and numbers, and
/// nothing of the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There are no ext params.
    #[error(
        "the client id has no ext params between bars, as in ID|securemode=2,signmethod=hmacsha256|"
    )]
    NoParams,
    /// The bar behind the ext params is missing.
    #[error("the bar behind the ext params is missing")]
    OpenParams,
    /// Something stands behind the second bar.
    #[error("{length} characters stand behind the second bar of the client id")]
    TextBehindParams {
        /// How many.
        length: usize,
    },
    /// More ext params than anybody sends.
    #[error("there are more than {most} ext params")]
    TooManyParams {
        /// How many are read.
        most: usize,
    },
    /// An ext param without an equals sign.
    #[error("ext param {index} has no value")]
    ParamWithoutValue {
        /// Which one, counted from 1.
        index: usize,
    },
    /// An ext param of a name that was there before.
    #[error("ext param {index} repeats the name of an earlier one")]
    DuplicateParam {
        /// Which one, counted from 1.
        index: usize,
    },
    /// The user name does not have its two parts.
    #[error("the user name is not deviceName&productKey: it has {ampersands} ampersands")]
    Username {
        /// How many there are.
        ampersands: usize,
    },
    /// A name that cannot be one.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// `timestamp` is not a decimal number of 1 to 20 digits.
    #[error("the timestamp is not a decimal number of 1 to 20 digits")]
    Timestamp,
    /// `random` is not made of letters and digits, or is missing where it is signed.
    #[error("the random text is missing or not made of letters and digits")]
    Random,
    /// `authType` is none that is known.
    #[error("the authType is none of register, regnwl and connwl")]
    UnknownAuthType,
    /// There is no `securemode`, so the platform takes it for a login with a token.
    #[error("there is no securemode")]
    NoSecureMode,
    /// A `securemode` that the platform does not have.
    #[error("the securemode is none that the platform has")]
    UnknownSecureMode,
    /// The `securemode` is that of the other transport. The platform answers with CONNACK 2.
    #[error("securemode {mode} is for {}, and this is {}", transport(!.tls), transport(*.tls))]
    SecureMode {
        /// The mode.
        mode: i8,
        /// Whether the login came over TLS.
        tls: bool,
    },
    /// The `securemode` does not go with this kind of login.
    #[error("securemode {mode} does not go with {kind}")]
    ModeOfOtherKind {
        /// The mode.
        mode: i8,
        /// What kind of login it is.
        kind: Kind,
    },
    /// There is no `signmethod`. Old documents say that it is hmacmd5 then, the Node SDK says hmacsha1.
    #[error("there is no signmethod, and it is told differently what that means")]
    NoSignMethod,
    /// A `signmethod` that the platform does not have.
    #[error("the signmethod is none of hmacsha256, hmacsha1 and hmacmd5")]
    UnknownSignMethod,
    /// There is no password.
    #[error("there is no password")]
    NoPassword,
    /// The password is not hexadecimal.
    #[error("the password is not hexadecimal from position {position} on")]
    NotHex {
        /// The first character that is no digit, counted from 1.
        position: usize,
    },
    /// The password has not as many digits as the sign method makes.
    #[error(
        "the password has {digits} digits{}, and {announced} makes {}",
        fitting(*.fits),
        .announced.digits()
    )]
    DigestLength {
        /// What the login says.
        announced: SignMethod,
        /// How many there are.
        digits: usize,
        /// The method that makes so many.
        fits: Option<SignMethod>,
    },
}

fn transport(tls: bool) -> &'static str {
    if tls { "TLS" } else { "plain TCP" }
}

fn fitting(method: Option<SignMethod>) -> &'static str {
    match method {
        Some(SignMethod::HmacSha256) => " as hmacsha256 makes them",
        Some(SignMethod::HmacSha1) => " as hmacsha1 makes them",
        Some(SignMethod::HmacMd5) => " as hmacmd5 makes them",
        None => "",
    }
}
