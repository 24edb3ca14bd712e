//! What is wrong with a login, as far as can be seen without the key.

use iot_home_mqtt::InvalidField;

use crate::SignMethod;

/// Something that is wrong with a login, and can be seen without the key. It holds names and numbers, and nothing of
/// the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The user name does not have its four parts.
    #[error(
        "the user name has {parts} parts between semicolons, not the four CLIENTID;SDKAPPID;CONNID;EXPIRY"
    )]
    Username {
        /// How many there are.
        parts: usize,
    },
    /// The user name begins with another client id than that of the packet.
    #[error("the user name begins with another client id than that of the packet")]
    OtherClientId,
    /// A name that cannot be one.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// The expiry is not a decimal number of 64 bits.
    #[error("the expiry is not a decimal number of at most 64 bits")]
    Expiry,
    /// Neither a key's signature nor TLS, which proves a login without one.
    #[error("only TLS proves a login without the signature of a key, and this is plain TCP")]
    NeedsTls,
    /// The password does not say how it is signed.
    #[error("the password does not end in ;hmacsha256 or ;hmacsha1")]
    NoSignMethod,
    /// A sign method that the platform does not have.
    #[error("the sign method behind the password is neither hmacsha256 nor hmacsha1")]
    UnknownSignMethod,
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

fn fitting(method: Option<SignMethod>) -> &'static str {
    match method {
        Some(SignMethod::HmacSha256) => " as hmacsha256 makes them",
        Some(SignMethod::HmacSha1) => " as hmacsha1 makes them",
        None => "",
    }
}
