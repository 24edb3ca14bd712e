//! Why nothing was given.

use alloc::string::String;

use iot_home_mqtt::payload::Unreadable;

use crate::InvalidField;

/// Why an answer gives nothing. It holds the platform's codes, and nothing else of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotGiven {
    /// It was refused, by the gateway of today, which names its reasons.
    #[error("the platform refused it: {code}")]
    Refused {
        /// Why, such as `ResourceNotFound.DeviceNotExist`. Letters, digits, dots and `_-` of it.
        code: String,
    },
    /// It was refused, by the gateway of before, which numbers its reasons.
    #[error("the platform refused it: {code}")]
    RefusedByNumber {
        /// Why. 0 is success, and no other number is documented.
        code: i64,
    },
    /// The answer cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What is encrypted in the answer cannot be opened.
    #[error("the answer cannot be decrypted: the product secret is another")]
    Sealed,
    /// What is encrypted in the answer is not of the length that it says.
    #[error("the answer says {length} bytes, and has {room}")]
    Length {
        /// How many it says.
        length: u64,
        /// How many there are.
        room: usize,
    },
    /// Something in the answer cannot be what it has to be.
    #[error(transparent)]
    Field(#[from] InvalidField),
}

impl NotGiven {
    /// A reason that the platform gave. It comes from the network, and what is no name is left out.
    pub(super) fn refused(code: &str) -> Self {
        let name = code.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c));
        Self::Refused { code: name.take(128).collect() }
    }
}
