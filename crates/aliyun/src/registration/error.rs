//! Why nothing was given.

use iot_home_mqtt::payload::Unreadable;

use super::AuthCode;
use super::access::AccessCode;
use crate::InvalidField;

/// Why an answer gives nothing. It holds numbers and names of fields, and nothing of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotGiven {
    /// It was refused.
    #[error("the platform refused it: {code}")]
    Refused {
        /// Why.
        code: AuthCode,
    },
    /// It was refused by the access over HTTP.
    #[error("the platform refused it: {code}")]
    AccessRefused {
        /// Why.
        code: AccessCode,
    },
    /// The answer cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Something in the answer cannot be what it has to be.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// The answer is about another device than the one that asked.
    #[error("the answer is for another device than the one that asked")]
    OtherDevice,
}
